"""What sources consist of: the bundled sample, folders, files, patterns of names, URLs of such.

A folder is read as `datasets` reads it: see `folders`. What several files make of one split is
numbered: see `SourceFile.nth`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath, exists, is_folder, locate
from pairsmith.schema.splits import TRAIN
from pairsmith.sources import redteam
from pairsmith.sources.formats import list_endings, take_apart
from pairsmith.sources.layouts.by_names import Names, place_named
from pairsmith.sources.layouts.folders import lay_out_folder
from pairsmith.sources.layouts.placed import (
    Layout,
    Placed,
    check_shards,
    expected_layout,
    number_files,
)
from pairsmith.sources.layouts.source_file import (
    ALL_SUBSETS,
    DIRECT,
    SAMPLE,
    SourceFile,
    check_subset,
    kind_of,
)
from pairsmith.sources.layouts.split_names import (
    check_split,
    exact_split,
    parse_shard,
    split_told,
    splits_told,
    written,
)
from pairsmith.sources.layouts.tree import MAGIC, Entry, list_tree, matching

__all__ = [
    "ALL_SUBSETS",
    "DIRECT",
    "SAMPLE",
    "Found",
    "SourceFile",
    "Spooled",
    "find",
    "kind_of",
    "look",
]


class Spooled(NamedTuple):
    """Rows that came otherwise than in a file, and were written to one.

    Attributes:
        path: What the manifest calls it; ends as its format does.
        place: Where it lies meanwhile.
        split: The split that it was given for; None where none was.
    """

    path: str
    place: FsspecPath
    split: str | None = None


class Found(NamedTuple):
    """What sources consist of.

    Attributes:
        files: Their files, in the order of their paths.
        remarks: Sentences on what was not read, and on names that are written otherwise.
    """

    files: list[SourceFile]
    remarks: list[str]


def find(
    source: str | Sequence[str | Spooled], subset: str | None = None, split: str | None = None
) -> list[SourceFile]:
    """The files of sources; arguments and faults as `look`."""
    return look(source, subset, split).files


def look(
    source: str | Sequence[str | Spooled], subset: str | None = None, split: str | None = None
) -> Found:
    """Lists the files of sources.

    Args:
        source: One or more of: `sample`, a folder, a file, a pattern of files such as
            `data/*.jsonl`, the URL of such, or what was spooled.
        subset: For files: the subset that they belong to.
        split: For files: the split that they belong to.

    Raises:
        SourceError: There is nothing to read, or something that has no place.
    """
    sources: list[str | Spooled] = [source] if isinstance(source, str) else list(source)
    if not sources:
        raise SourceError("No source is named.", "Try sample.")
    layouts = [
        _of_source(_lay_out(one, subset, split), number)
        for one, number in zip(sources, _numbers(sources), strict=True)
    ]
    files = [file for layout in layouts for file in layout.files]
    if len(layouts) > 1:
        files = _told_apart(layouts, sources)
        if split is None:
            check_shards(file.place.path for file in files)
    remarks = dict.fromkeys(remark for layout in layouts for remark in layout.remarks)
    return Found(number_files(files), list(remarks))


def _numbers(sources: Sequence[str | Spooled]) -> list[int]:
    """The number of each source; what was spooled is one, whatever the number of its splits."""
    spooled = next((n for n, one in enumerate(sources) if isinstance(one, Spooled)), 0)
    return [spooled if isinstance(one, Spooled) else n for n, one in enumerate(sources)]


def _of_source(layout: Layout, number: int) -> Layout:
    return layout._replace(files=[file._replace(source=number) for file in layout.files])


def _lay_out(source: str | Spooled, subset: str | None, split: str | None) -> Layout:
    if isinstance(source, Spooled):
        chosen = check_split(split or source.split or TRAIN)
        placed = Placed(check_subset(subset or DIRECT), chosen, source.path, source.place)
        return Layout([placed], [])
    if not source or "\0" in source:
        raise SourceError(f"{source!r} names no source.", "Try sample.")
    place = locate(str(Path(__file__).parents[1] / SAMPLE) if source == SAMPLE else source)
    if MAGIC & set(place.path) and not exists(place):
        return _matched(place, subset, split)
    if not is_folder(place):
        return Layout([_single(place, source, subset, split)], [])
    if subset or split:
        raise SourceError(
            f"{source} is a folder, whose layout tells subsets and splits.",
            "Give --subset and --split with files.",
        )
    called = place.name if place.name in ALL_SUBSETS else PurePosixPath(source.rstrip("/")).name
    return lay_out_folder(place, called)


def _shared(paths: Sequence[Sequence[str]]) -> list[str]:
    """What paths have in common at their beginnings, part by part."""
    parts = zip(*paths, strict=False)
    return [same[0] for same in takewhile(lambda some: len(set(some)) == 1, parts)]


def _released(folder: str) -> str | None:
    """A folder's name, where it is that of a subset of HH-RLHF."""
    return folder if folder in ALL_SUBSETS else None


def _matched(place: FsspecPath, subset: str | None, split: str | None) -> Layout:
    """The files that a pattern names."""
    parts = place.path.split("/")
    plain = next(n for n, part in enumerate(parts) if MAGIC & set(part))
    root = FsspecPath(place.fs, "/".join(parts[:plain]) or "/")
    entries = list_tree(root)
    named = set(matching([entry.path for entry in entries], "/".join(parts[plain:])))
    if not named:
        raise SourceError(f"No file is called {place.path}.", f"Is it there? {expected_layout()}")
    folders = [path.split("/")[:-1] for path in sorted(named)]
    shared = _shared(folders)
    lead = "".join(f"{part}/" for part in shared)
    root = root.join(*shared) if shared else root
    given = [Entry(e.path.removeprefix(lead), e.is_file) for e in entries if e.path in named]
    above = Names(exact_split(root.name), subset or _released(root.name), root.name == "data")
    layout = place_named(root, given, above)
    if split:
        files = [file._replace(split=check_split(split)) for file in layout.files]
        return layout._replace(files=files)
    check_shards(file.path for file in layout.files)
    return layout


def _single(place: FsspecPath, source: str, subset: str | None, split: str | None) -> Placed:
    """A file that the user names."""
    named = take_apart(place.name)
    try:
        place.name.encode()
    except UnicodeEncodeError:
        raise SourceError(f"The name {place.name!r} is not UTF-8.", "Rename the file.") from None
    if named is None:
        endings = list_endings()
        raise SourceError(
            f"{place.name} is not a file of preference data by its name.",
            f"Expected {', '.join(f'.{e}' for e in endings.compressed)}, {endings.each()}.",
        )
    folder = PurePosixPath(place.path).parent.name
    if subset is None:
        subset = _released(redteam.SUBSET if named.stem == redteam.STEM else folder) or DIRECT
    if split is None:
        check_shards([place.name])
        split = _split_of_single(named.stem, place.name, PurePosixPath(source).parent.name)
    return Placed(check_subset(subset), check_split(split), place.name, place)


def _split_of_single(stem: str, name: str, folder: str) -> str:
    """The split of a file that the user names: of its name, or of its folder as given, or train."""
    if stem == redteam.STEM:
        return redteam.SPLIT
    shard = parse_shard(stem)
    if shard and (folder == "data" or splits_told(shard.split)):
        return written(shard.split, name)
    return split_told(stem, name) or exact_split(folder) or TRAIN


def _told_apart(layouts: list[Layout], sources: list[str | Spooled]) -> list[Placed]:
    """The files of several sources, each with a path that no other has."""
    files = [file for layout in layouts for file in layout.files]
    if len({file.path for file in files}) == len(files):
        return files
    paths = [file.place.path for file in files]
    above = _shared([path.split("/")[:-1] for path in paths])
    lead = len("/".join(above)) + 1 if above else 0
    whole = [path[lead:] for path in paths]
    if len(set(whole)) < len(whole) and len(set(paths)) == len(paths):
        whole = paths
    return [file._replace(path=path) for file, path in zip(files, whole, strict=True)]
