"""What a source consists of: the bundled sample, a folder of subsets, one subset, one file."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath, is_folder, list_folder, locate
from pairsmith.schema.rows import Kind
from pairsmith.sources import hh, redteam
from pairsmith.sources.formats import list_endings, looks_like_data, take_apart

SAMPLE = "sample"
ALL_SUBSETS = (*hh.SUBSETS, redteam.SUBSET)
DIRECT = "pairs"
"""The subset of files that lie in the folder itself, or by themselves."""

_OTHER = re.compile(r".+\.(md|ya?ml|py|sh|toml)")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_RESERVED = ("annotations", "audit", "default", "quarantine", "unfinished")
"""No subset may be called so: a config of a card, and the folders of a build."""


class SourceFile(NamedTuple):
    """One file of a source.

    Attributes:
        kind: What its rows are.
        subset, split: Where its rows belong.
        path: Its path below the source, or its bare name: what the manifest calls it.
        place: Where it lies.
    """

    kind: Kind
    subset: str
    split: str
    path: str
    place: FsspecPath


def find(source: str, subset: str | None = None, split: str | None = None) -> list[SourceFile]:
    """Lists the files of a source, in the order of their paths.

    Args:
        source: `sample`, a folder of subsets, one subset's folder, a file, or the URL of such.
        subset: For a single file: the subset it belongs to.
        split: For a single file: the split it belongs to.

    Raises:
        SourceError: There is nothing to read, or something that has no place in the layout.
    """
    if not source or "\0" in source:
        raise SourceError(f"{source!r} names no source.", "Try sample.")
    place = locate(str(Path(__file__).parent / SAMPLE) if source == SAMPLE else source)
    if not is_folder(place):
        return [_single(place, subset, split)]
    if subset or split:
        raise SourceError(
            f"{source} is a folder, whose layout tells subsets and splits.",
            "Give --subset and --split with a single file.",
        )
    if place.name in ALL_SUBSETS:
        files = _in_subset(place.name, place, list_folder(place), f"{place.name}/")
    else:
        files = _in_subsets(place)
    twice = [name for name, count in Counter(f[1:3] for f in files).items() if count > 1]
    if twice:
        raise SourceError(
            f"{source} has {twice[0][1]} of {twice[0][0]} in itself and in a folder.",
            "Leave one of them.",
        )
    if not files:
        raise SourceError(f"There are no transcripts in {source}.", _layout())
    return sorted(files, key=lambda file: file.path)


def _in_subsets(root: FsspecPath) -> list[SourceFile]:
    """The files of every folder that is a subset, and those that lie beside them."""
    names = list_folder(root)
    files = _in_subset(DIRECT, root, {n: kind for n, kind in names.items() if _is_direct(n)}, "")
    for name, kind in names.items():
        if name in ALL_SUBSETS and kind != "directory":
            raise SourceError(f"{name} in {root.path} is not a folder.", _layout())
        if kind == "directory":
            folder = root.join(name)
            inner = list_folder(folder)
            if name in ALL_SUBSETS or any(_is_direct(n) or _holds_rows(n) for n in inner):
                files += _in_subset(_checked(name), folder, inner, f"{name}/")
        elif _holds_rows(name) and not _is_direct(name):
            raise SourceError(
                f"{name} in {root.path} belongs to no subset.",
                f"{_layout()} Or build that file by itself.",
            )
    return files


def _is_direct(name: str) -> bool:
    """Whether a name is that of a split's file, or of one that was meant to be."""
    return name.partition(".")[0] in hh.SPLITS and looks_like_data(name)


def _holds_rows(name: str) -> bool:
    """Whether a file of such a name holds rows, whatever it is called before its ending."""
    if _OTHER.fullmatch(name):
        return False
    named = take_apart(name)
    return named is not None and named.format.always_rows


def _layout() -> str:
    """What a folder is expected to hold."""
    endings = list_endings()
    first, *more = endings.compressed
    others = "".join(f", or .{ending}" for ending in more)
    told = f"<subset>/train.{first} and <subset>/test.{first}{others}"
    return f"Expected {told}, each {endings.each()}."


def _in_subset(
    subset: str, folder: FsspecPath, names: dict[str, str], prefix: str
) -> list[SourceFile]:
    found: dict[str, str] = {}
    for name, kind in names.items():
        split = _split_of(subset, name.partition(".")[0])
        if split is None and _holds_rows(name):
            raise SourceError(
                f"{prefix}{name} is neither train nor test.",
                f"{_layout()} Or build that file by itself.",
            )
        if split is None or _OTHER.fullmatch(name):
            continue
        if kind != "file" or not take_apart(name):
            raise SourceError(f"{prefix}{name} is not a file that can be read.", _layout())
        if split in found:
            raise SourceError(
                f"{subset} has two files for {split}: {found[split]} and {name}.",
                "Leave one of them.",
            )
        found[split] = name
    return [
        SourceFile(kind_of(subset), subset, split, f"{prefix}{name}", folder.join(name))
        for split, name in found.items()
    ]


def _split_of(subset: str, stem: str) -> str | None:
    if stem in hh.SPLITS:
        return stem
    return redteam.SPLIT if subset == redteam.SUBSET and stem == redteam.STEM else None


def kind_of(subset: str) -> Kind:
    """What the rows of a subset are."""
    return Kind.DIALOGUES if subset == redteam.SUBSET else Kind.PAIRS


def _single(place: FsspecPath, subset: str | None, split: str | None) -> SourceFile:
    named = take_apart(place.name)
    try:
        place.name.encode()
    except UnicodeEncodeError:
        raise SourceError(f"The name {place.name!r} is not UTF-8.", "Rename the file.") from None
    if named is None:
        endings = list_endings()
        raise SourceError(
            f"{place.name} is not a file of transcripts by its name.",
            f"Expected {' or '.join(f'.{e}' for e in endings.compressed)}, {endings.each()}.",
        )
    folder = Path(place.path).parent.name
    if subset is None:
        likely = redteam.SUBSET if named.stem == redteam.STEM else folder
        subset = likely if likely in ALL_SUBSETS else DIRECT
    if split is None:
        begins = re.match(r"(train|test)(?![a-z])", named.stem)
        split = begins[0] if begins else "train"
    if split not in hh.SPLITS:
        raise SourceError(f"There is no split {split!r}.", f"Splits: {', '.join(hh.SPLITS)}.")
    return SourceFile(kind_of(subset), _checked(subset), split, place.name, place)


def _checked(subset: str) -> str:
    if not _SLUG.fullmatch(subset) or subset in _RESERVED:
        raise SourceError(
            f"{subset!r} cannot name a subset.",
            f"Use small letters, digits, - and _; not {', '.join(_RESERVED)}.",
        )
    return subset
