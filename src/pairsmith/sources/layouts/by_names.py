"""A folder whose files and folders tell subsets and splits by their names.

A folder is a subset, unless its name tells a split, or is `data` or `default`; what is deeper
belongs to it. A file's own name tells its split, or else the nearest folder that does. Where no
name tells any, all rows are to train on; where some do, a file of which nothing is told is a
fault.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import NamedTuple

from pairsmith.errors import DamagedInputError, SourceError
from pairsmith.io.compression import without_compression
from pairsmith.io.paths import FsspecPath
from pairsmith.schema.splits import TRAIN
from pairsmith.sources import redteam
from pairsmith.sources.formats import looks_like_data, take_apart
from pairsmith.sources.layouts.placed import Layout, Placed, expected_layout, name_some
from pairsmith.sources.layouts.source_file import ALL_SUBSETS, DIRECT, slug_of
from pairsmith.sources.layouts.split_names import (
    SPLIT_OF,
    exact_split,
    parse_shard,
    split_told,
    splits_told,
    told_by_folders,
    written,
)
from pairsmith.sources.layouts.tree import Entry

TRANSPARENT = ("data", "default")
"""Folders that are no subset, whatever they lie in."""

_NOT_DATA = """
    config.json dataset_info.json dataset_infos.json dataset_dict.json state.json manifest.json
    package.json package-lock.json tokenizer.json tokenizer_config.json tsconfig.json
    special_tokens_map.json generation_config.json croissant.json requirements.txt unkept.jsonl
    export.json
"""
NOT_DATA = frozenset(_NOT_DATA.split())
"""Names of files that hold something else, whatever their ending says."""

OTHER = re.compile(r".+\.(md|rst|ya?ml|py|sh|toml|ipynb|html?|css|js|jinja|log|pdf)", re.IGNORECASE)
"""Files that are never data: they may be called train or test, as a script may be."""

_ENDINGS = """
    zip tar tgz 7z rar bz2 xz lz4 txt xlsx xls ods pkl pickle h5 hdf5 sqlite sqlite3 db tfrecord
    avro orc msgpack npz npy pt xml yaml lance
"""
UNREADABLE = re.compile(rf".+\.({'|'.join(_ENDINGS.split())})", re.IGNORECASE)
"""Files that may well hold rows, in a form that is not read."""


class Names(NamedTuple):
    """What the names above a folder say.

    Attributes:
        split: The split of files whose own names and folders tell none; None where nothing says.
        subset: The subset of all files; None where their folders tell.
        is_data: Whether the folder is called `data`, where shards may have any split's name.
        prefix: What the manifest's paths begin with.
    """

    split: str | None = None
    subset: str | None = None
    is_data: bool = False
    prefix: str = ""


def place_by_names(root: FsspecPath, entries: Iterable[Entry], above: Names) -> Layout:
    """Places the files of a folder.

    Args:
        root: The folder.
        entries: Its files, at any depth.
        above: What names above it say.

    Raises:
        SourceError: A file looks like data and has no place, two names are at odds, or names
            become the same.
    """
    read, unread = _sort_out(root, entries)
    splits = {entry.path: _split_of(entry, above) for entry in read}
    _check_told(root, splits, above)
    subsets = _Subsets()
    files = []
    for entry in read:
        split = splits[entry.path] or above.split or TRAIN
        subset = above.subset or subsets.of(entry)
        files.append(Placed(subset, split, above.prefix + entry.path, root.join(entry.path)))
    _check_stems(files)
    remarks = subsets.remarks()
    if unread:
        remarks.append(f"Not read, as no data by their names: {name_some(unread)}.")
    return Layout(files, remarks)


def place_named(root: FsspecPath, entries: Iterable[Entry], above: Names) -> Layout:
    """Places files that the user named, as by a pattern; of which nothing is told is to train on.

    Raises:
        SourceError: One cannot be read by its name, or names are at odds.
    """
    given = list(entries)
    for entry in given:
        if not entry.is_file or take_apart(entry.name) is None:
            raise cannot_read(entry.path)
    silent = [entry for entry in given if _split_of(entry, above) is None]
    loud = [entry for entry in given if entry not in silent]
    layouts = [place_by_names(root, some, above) for some in (loud, silent) if some]
    files = [file for layout in layouts for file in layout.files]
    _check_stems(files)
    said = dict.fromkeys(remark for layout in layouts for remark in layout.remarks)
    return Layout(files, list(said))


def cannot_read(path: str) -> SourceError:
    """The fault of a file that should hold rows, and cannot."""
    return SourceError(f"{path} is not a file that can be read.", expected_layout())


def _sort_out(root: FsspecPath, entries: Iterable[Entry]) -> tuple[list[Entry], list[str]]:
    """The files to read, and the paths of those that hold something else.

    Raises:
        SourceError: One was meant to be read, by its name, and cannot be.
    """
    read, unread = [], []
    for entry in entries:
        if _is_data(root, entry):
            read.append(entry)
        else:
            unread.append(entry.path)
    return read, unread


def _is_data(root: FsspecPath, entry: Entry) -> bool:
    name = entry.name
    if entry.path in ALL_SUBSETS:
        raise SourceError(f"{name} in {root.path} is not a folder.", expected_layout())
    if name in NOT_DATA or OTHER.fullmatch(without_compression(name)):
        return False
    named = take_apart(name)
    told = bool(splits_told(name.partition(".")[0]))
    if named is None or not entry.is_file:
        if looks_like_data(name) or (told and UNREADABLE.fullmatch(name)):
            raise cannot_read(entry.path)
        return False
    if named.format.always_rows or told or exact_split(PurePosixPath(entry.path).parent.name):
        return True
    return parse_shard(named.stem) is not None or _holds_rows(root, entry)


def _holds_rows(root: FsspecPath, entry: Entry) -> bool:
    """Whether a file such as `.json`, which may be anything, has several objects in it."""
    named = take_apart(entry.name)
    if named is None:
        return False
    with suppress(DamagedInputError):
        return len(named.format.sample(root.join(entry.path), entry.path, ())) > 1
    return False


def _split_of(entry: Entry, above: Names) -> str | None:
    """The split that a file's own name tells, or else the nearest folder; None where none does.

    Raises:
        SourceError: A name tells two splits, or a file's name another than its folder's.
    """
    named = take_apart(entry.name)
    stem = named.stem if named else entry.name
    if stem == redteam.STEM:
        return redteam.SPLIT
    inside = PurePosixPath(entry.path).parent.name == "data" or (
        above.is_data and "/" not in entry.path
    )
    shard = parse_shard(stem)
    if shard and inside:
        return written(shard.split, entry.path)
    own = split_told(shard.split if shard else stem, entry.path)
    around = [split for folder in entry.folders if (split := exact_split(folder))]
    if own and around and own != around[-1]:
        raise SourceError(
            f"{entry.path} is called after {own} and lies in a folder called after {around[-1]}.",
            "Rename one of them, or name the file by itself with --split.",
        )
    return own or told_by_folders(entry.folders, entry.path)


def _check_told(root: FsspecPath, splits: dict[str, str | None], above: Names) -> None:
    """Checks that the splits of all files are told, or those of none.

    Raises:
        SourceError: Some are not.
    """
    silent = [path for path, split in splits.items() if split is None]
    loud = [path for path, split in splits.items() if split is not None]
    if not (silent and loud) or above.split:
        return
    one = len(silent) == 1
    raise SourceError(
        f"{name_some(silent)} in {root.path}: {'its name tells' if one else 'their names tell'} no "
        f"split, while others tell one, such as {loud[0]}.",
        "A name tells it by a word: train, validation, test. Rename "
        f"{'it, or leave it' if one else 'them, or leave them'} out; or name the files one after "
        "another: what then tells no split is to train on.",
    )


def _check_stems(files: Sequence[Placed]) -> None:
    """Checks that no two files differ in their endings alone.

    Raises:
        SourceError: Two do: most likely they hold the same rows.
    """
    held: dict[str, str] = {}
    for file in files:
        folder, _, name = file.path.rpartition("/")
        named = take_apart(name)
        key = f"{folder}/{named.stem if named else name}"
        if key in held:
            raise SourceError(
                f"{file.subset} has two files for {file.split} that differ in their endings alone: "
                f"{held[key]} and {file.path}.",
                "Leave one of them.",
            )
        held[key] = file.path


def subset_of(entry: Entry) -> str:
    """The subset that a file belongs to by the folders that it lies in."""
    return _Subsets().of(entry)


class _Subsets:
    """The subsets that folders are, by their names."""

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = defaultdict(set)

    def of(self, entry: Entry) -> str:
        """The subset that a file belongs to.

        Raises:
            SourceError: Its folder's name can be none's, or two become one.
        """
        named = take_apart(entry.name)
        if named and named.stem == redteam.STEM:
            return redteam.SUBSET
        own = splits_told(named.stem if named else entry.name)
        for folder in entry.folders:
            name = folder if own or folder == redteam.SUBSET else _without_split(folder)
            if exact_split(folder) or not name or name.lower() in TRANSPARENT:
                continue
            subset = slug_of(name)
            self.names[subset].add(name)
            if len(self.names[subset]) > 1:
                raise SourceError(
                    f"The folders {' and '.join(sorted(self.names[subset]))} would both be the "
                    f"subset {subset}.",
                    "Rename one of them.",
                )
            return subset
        return DIRECT

    def remarks(self) -> list[str]:
        """A sentence on names that are written otherwise."""
        changed = [f"{n} as {s}" for s, names in self.names.items() for n in names if n != s]
        return [f"Folders as subsets: {name_some(changed)}."] if changed else []


def _without_split(folder: str) -> str:
    """A folder's name without the words that tell a split: `helpful-train` is `helpful`."""
    if not splits_told(folder):
        return folder
    words = re.split(r"([^A-Za-z]+)", folder)
    kept = ["" if word.lower() in SPLIT_OF else word for word in words]
    left = "".join(kept).strip("-_. ")
    return "" if left.lower() in ("", "data", "set", "split", "splits", "files") else left
