"""Files with their subsets and splits, before they are numbered; faults among them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath
from pairsmith.sources.formats import list_endings, take_apart
from pairsmith.sources.layouts.source_file import SourceFile, kind_of
from pairsmith.sources.layouts.split_names import parse_shard

TOLD = 12
"""At most this many names in a sentence."""


class Placed(NamedTuple):
    """A file with the subset and the split that it belongs to.

    Attributes:
        subset, split: Which.
        path: Below the source, or its bare name.
        place: Where it lies.
        source: The number of the source that it is of, from 0.
    """

    subset: str
    split: str
    path: str
    place: FsspecPath
    source: int = 0


class Layout(NamedTuple):
    """What a source consists of.

    Attributes:
        files: Its files.
        remarks: Sentences on names that are written otherwise, and on what is not read.
    """

    files: list[Placed]
    remarks: list[str]


def number_files(placed: Iterable[Placed]) -> list[SourceFile]:
    """The files of a source in the order of their paths, those of one split numbered.

    Raises:
        SourceError: Two files are called the same, or one is given twice.
    """
    files = sorted(placed, key=lambda file: file.path)
    _check_once(files)
    return number_among(
        [
            SourceFile(
                kind_of(file.subset),
                file.subset,
                file.split,
                file.path,
                file.place,
                source=file.source,
            )
            for file in files
        ]
    )


def number_among(files: Sequence[SourceFile]) -> list[SourceFile]:
    """The files in their order, those of one split numbered."""
    sizes = Counter((file.subset, file.split) for file in files)
    seen = Counter[tuple[str, str]]()
    found = []
    for file in files:
        key = file.subset, file.split
        found.append(file._replace(nth=seen[key] if sizes[key] > 1 else None))
        seen[key] += 1
    return found


def _check_once(files: Sequence[Placed]) -> None:
    places = Counter(file.place.path for file in files)
    twice = [path for path, count in places.items() if count > 1]
    if twice:
        raise SourceError(f"{twice[0]} is given twice.", "Name every file once.")


def check_shards(paths: Iterable[str]) -> None:
    """Checks that of `SPLIT-00000-of-00002` all are there, each once.

    Args:
        paths: Of all files that are going to be read.

    Raises:
        SourceError: One is missing, or there twice.
    """
    held: dict[tuple[str, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    counts: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for path in paths:
        folder, _, name = path.rpartition("/")
        named = take_apart(name)
        shard = parse_shard(named.stem if named else name)
        if shard:
            key = folder, shard.split
            held[key][shard.number].append(path)
            counts[key].setdefault(shard.of, path)
    for key, numbers in held.items():
        if len(counts[key]) > 1:
            said = " and ".join(list(counts[key].values())[:2])
            raise SourceError(
                f"{said} are shards of two different numbers of shards.",
                "Leave those of one.",
            )
        _check_numbers(key[1], numbers, next(iter(counts[key])))


def _check_numbers(split: str, numbers: dict[int, list[str]], count: int) -> None:
    twice = [paths for paths in numbers.values() if len(paths) > 1]
    if twice:
        raise SourceError(f"{' and '.join(twice[0][:2])} are one shard twice.", "Leave one.")
    beyond = [paths[0] for number, paths in numbers.items() if number >= count]
    if beyond:
        raise SourceError(
            f"{beyond[0]} is numbered beyond the {count:,} shards that there are.",
            "Are they of one data set?",
        )
    missing = count - len(numbers)
    if missing:
        width = max(len(str(count)), 5)
        gaps = islice((n for n in range(count) if n not in numbers), 3)
        told = [f"{split}-{n:0{width}d}-of-{count:0{width}d}" for n in gaps]
        more = f" and {missing - len(told):,} more" if missing > len(told) else ""
        there = next(iter(numbers.values()))[0]
        raise SourceError(
            f"Of {count:,} shards, {there} among them, {missing:,} "
            f"{'is' if missing == 1 else 'are'} missing: {', '.join(told)}{more}.",
            "Fetch them and name the folder, or all files; or give one file by itself with "
            "--split NAME.",
        )


def name_some(names: Sequence[str]) -> str:
    """Names between commas, at most `TOLD` of them, and how many more."""
    more = f" and {len(names) - TOLD:,} more" if len(names) > TOLD else ""
    return ", ".join(names[:TOLD]) + more


def expected_layout() -> str:
    """What a folder is expected to hold."""
    endings = list_endings()
    return (
        f"Expected train.{endings.compressed[0]}, test.{endings.compressed[0]} and the like, in "
        "the folder itself or in a folder for each subset; SPLIT-00000-of-00002 as the hub has "
        "them; or a README.md whose configs name the files. Endings: "
        f"{', '.join('.' + e for e in endings.compressed)}, {endings.each()}."
    )
