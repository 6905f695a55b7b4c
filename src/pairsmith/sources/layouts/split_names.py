"""Which split a name tells: as `datasets` reads names of files and folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.schema.splits import TEST, TRAIN, VALIDATION
from pairsmith.sources.layouts.source_file import LONGEST

SPLIT_OF = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing", "eval", "evaluation", "heldout", "holdout"), TEST),
}
"""From a word to the split that it tells. `datasets` does not know the last two, and would train
on what they name."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHARD = re.compile(r"(?P<split>.+?)-(?P<number>\d{5,9})-of-(?P<count>\d{5,9})")
_SPLIT = re.compile(r"[a-z0-9_]+")


class Shard(NamedTuple):
    """One of the files that make up a split, by its name.

    Attributes:
        split: What stands before the numbers.
        number: Which, from 0.
        of: Of how many.
    """

    split: str
    number: int
    of: int


def parse_shard(stem: str) -> Shard | None:
    """The numbers in `SPLIT-00000-of-00002`, or None; `stem` is a file's name without ending."""
    found = _SHARD.match(stem)
    if not found or (found.end() != len(stem) and stem[found.end()] not in "-._"):
        return None
    return Shard(found["split"], int(found["number"]), int(found["count"]))


def splits_told(name: str) -> list[str]:
    """The splits that the words of a name tell, each once, in their order in the name."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = [a + b for a, b in pairwise(words) if a in ("held", "hold")]
    return list(dict.fromkeys(SPLIT_OF[word] for word in (*words, *joined) if word in SPLIT_OF))


def split_told(name: str, path: str) -> str | None:
    """The split that a name tells; None where it tells none.

    Args:
        name: Of a file or a folder, without ending.
        path: What to call it in a fault.

    Raises:
        SourceError: It tells two.
    """
    told = splits_told(name)
    if len(told) > 1:
        raise SourceError(
            f"The name of {path} says {' and '.join(told)}.",
            "Rename it after one split, or name the file by itself with --split.",
        )
    return told[0] if told else None


def exact_split(name: str) -> str | None:
    """The split of a folder that is called after one and nothing else, or None."""
    return SPLIT_OF.get(name.lower())


def written(split: str, path: str) -> str:
    """The name of a split as it is written: in lower case, `_` for all but letters and digits.

    Raises:
        SourceError: Nothing is left of it.
    """
    name = re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")
    if not name or len(name) > LONGEST:
        raise SourceError(f"{path} tells no split that can be written: {split[:LONGEST]!r}.")
    return name


def check_split(split: str) -> str:
    """The name of a split, checked.

    Raises:
        SourceError: No split may be called so.
    """
    if not _SPLIT.fullmatch(split) or len(split) > LONGEST:
        raise SourceError(
            f"{split[:LONGEST]!r} cannot name a split.", "Use small letters, digits and _."
        )
    return split


def told_by_folders(folders: Iterable[str], path: str) -> str | None:
    """The split that the nearest folder tells, of those that a file lies in, or None.

    Raises:
        SourceError: A folder's name tells two.
    """
    for folder in reversed(list(folders)):
        if found := split_told(folder, path):
            return found
    return None
