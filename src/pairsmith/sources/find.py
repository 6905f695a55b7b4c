"""What a source consists of: the bundled sample, a folder as released, a subset, one file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.schema import Kind
from pairsmith.sources import hh, redteam
from pairsmith.sources.files import Place, is_folder, listing, locate

SAMPLE = "sample"
ALL_SUBSETS = (*hh.SUBSETS, redteam.SUBSET)
LAYOUT = "Expected <subset>/train.jsonl and <subset>/test.jsonl, each plain, .gz or .zst."

_DATA = re.compile(r"(?P<stem>.+?)\.(jsonl|json)(\.gz|\.zst)?")
_LINES = re.compile(r".+\.jsonl(\.gz|\.zst)?")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_RESERVED = ("default", "quarantine", "unfinished")  # a config, and folders of a build


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
    place: Place


def find(source: str, subset: str | None = None, split: str | None = None) -> list[SourceFile]:
    """Lists the files of a source, in the order of their paths.

    Args:
        source: `sample`, a folder as released, one subset's folder, a file, or the URL of such.
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
    files = _in_subset(place.name, place) if place.name in ALL_SUBSETS else _in_subsets(place)
    if not files:
        raise SourceError(f"There are no transcripts in {source}.", LAYOUT)
    return sorted(files, key=lambda file: file.path)


def _in_subsets(root: Place) -> list[SourceFile]:
    files = []
    for name, kind in listing(root).items():
        if name in ALL_SUBSETS:
            if kind != "directory":
                raise SourceError(f"{name} in {root.path} is not a folder.", LAYOUT)
            files += _in_subset(name, root.join(name))
        elif kind == "directory":
            if any(_LINES.fullmatch(inner) for inner in listing(root.join(name))):
                raise SourceError(
                    f"{name} in {root.path} is not a subset of HH-RLHF.",
                    f"Subsets: {', '.join(ALL_SUBSETS)}. For other data, build one file with "
                    "--subset.",
                )
        elif _LINES.fullmatch(name):
            raise SourceError(
                f"{name} in {root.path} belongs to no subset.",
                f"{LAYOUT} Or build that file by itself.",
            )
    return files


def _in_subset(subset: str, folder: Place) -> list[SourceFile]:
    found: dict[str, str] = {}
    for name, kind in listing(folder).items():
        split = _split_of(subset, name.partition(".")[0])
        data = _DATA.fullmatch(name)
        if split is None and _LINES.fullmatch(name):
            raise SourceError(f"{subset}/{name} is neither train nor test.", LAYOUT)
        if split is None:
            continue
        if not data or kind != "file":
            raise SourceError(f"{subset}/{name} is not a file that can be read.", LAYOUT)
        if split in found:
            raise SourceError(
                f"{subset} has two files for {split}: {found[split]} and {name}.",
                "Leave one of them.",
            )
        found[split] = name
    return [
        SourceFile(kind_of(subset), subset, split, f"{subset}/{name}", folder.join(name))
        for split, name in found.items()
    ]


def _split_of(subset: str, stem: str) -> str | None:
    if stem in hh.SPLITS:
        return stem
    return redteam.SPLIT if subset == redteam.SUBSET and stem == redteam.STEM else None


def kind_of(subset: str) -> Kind:
    """What the rows of a subset are."""
    return Kind.DIALOGUES if subset == redteam.SUBSET else Kind.PAIRS


def _single(place: Place, subset: str | None, split: str | None) -> SourceFile:
    match = _DATA.fullmatch(place.name)
    try:
        place.name.encode()
    except UnicodeEncodeError:
        raise SourceError(f"The name {place.name!r} is not UTF-8.", "Rename the file.") from None
    if not match:
        raise SourceError(
            f"{place.name} is not a file of transcripts by its name.",
            "Expected .jsonl or .json, plain, .gz or .zst.",
        )
    stem = match["stem"]
    folder = Path(place.path).parent.name
    if subset is None:
        named = redteam.SUBSET if stem == redteam.STEM else folder
        subset = named if named in ALL_SUBSETS else "pairs"
    if split is None:
        begins = re.match(r"(train|test)(?![a-z])", stem)
        split = begins[0] if begins else "train"
    if not _SLUG.fullmatch(subset) or subset in _RESERVED:
        raise SourceError(
            f"{subset!r} cannot name a subset.",
            f"Use small letters, digits, - and _; not {', '.join(_RESERVED)}.",
        )
    if split not in hh.SPLITS:
        raise SourceError(f"There is no split {split!r}.", f"Splits: {', '.join(hh.SPLITS)}.")
    return SourceFile(kind_of(subset), subset, split, place.name, place)
