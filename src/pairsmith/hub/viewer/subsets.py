"""Subsets and splits: which Parquet files of a commit belong together.

A card says it in `configs:`, by patterns that are matched against the list of the commit's files
and never against a disk. Where it does not, the layout says it, as `datasets` reads it in the
simple cases: files in one folder are a subset, and their names tell the split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import translate
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos.card import Config

SUFFIX = ".parquet"
DEFAULT = "default"
TRAIN = "train"
MAX_ENTRIES = 200  # subsets of a card, splits of a subset, patterns of a split that are looked at
MAX_PATTERN_CHARS = 1024  # characters of a pattern
WILD = re.compile(r"[*?\[]")
SHARD = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)-\d{5}-of-\d{5}")
WORDS = {  # datasets.data_files.SPLIT_KEYWORDS
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "evaluation", "eval"),
}
SPLIT_OF = {word: split for split, words in WORDS.items() for word in words}
SEPARATOR = re.compile(r"[ ._\-0-9]+")


class Split(NamedTuple):
    """A split: the patterns of its files, as the card has them, or the files' paths."""

    name: str
    patterns: Sequence[str] = ()
    paths: Sequence[str] = ()


class Subset(NamedTuple):
    """A subset, as `load_dataset` names it; `default` is the one that is loaded unasked."""

    name: str
    splits: list[Split]
    default: bool = False


def subsets(configs: Iterable[Config], paths: Iterable[str]) -> list[Subset]:
    """The subsets of a commit.

    Args:
        configs: What its card lists; nothing where it lists none.
        paths: The paths of its files.
    """
    parquet = [path for path in paths if path.endswith(SUFFIX)]
    declared = {config.name: _declared(config, parquet) for config in islice(configs, MAX_ENTRIES)}
    return list(declared.values()) or list(_laid_out(parquet))


def choose(found: Sequence[Subset], name: str, split: str) -> tuple[Subset, Split]:
    """The subset of that name, and its split of that name, or else the one to begin with.

    Args:
        found: The subsets; at least one.
        name: '' for the subset that is loaded unasked.
        split: '' for the one to begin with, which also stands in for one that there is not: who
            picks another subset in a menu cannot know its splits yet.

    Raises:
        HubError: 404 where there is no such subset.
    """
    subset = _named(found, name) if name else _loaded_unasked(found)
    named = {one.name: one for one in reversed(subset.splits)}
    return subset, named.get(split) or named.get(TRAIN) or subset.splits[0]


def files_of(split: Split, paths: Iterable[str]) -> list[str]:
    """The Parquet files of a split, in the order of its patterns, each once.

    Args:
        split: The split.
        paths: The paths of the commit's files.
    """
    if not split.patterns:
        return list(split.paths)
    parquet = [path for path in paths if path.endswith(SUFFIX)]
    matched = (path for pattern in split.patterns for path in _matching(pattern, parquet))
    return list(dict.fromkeys(matched))


def matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern: `*`, `?` and `[…]` within a part, `**` across parts.

    The parts are matched one by one, so that no pattern makes the time explode.
    """
    parts = path.split("/")
    places = {0}
    wanted = pattern.split("/")
    for number, part in enumerate(wanted, start=1):
        if not places:
            return False
        if part == "**":
            at_least = 1 if number == len(wanted) else 0
            places = set(range(min(places) + at_least, len(parts) + 1))
        else:
            fits = _part(part).match
            places = {at + 1 for at in places if at < len(parts) and fits(parts[at])}
    return len(parts) in places


@lru_cache(maxsize=1024)
def _part(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def _matching(pattern: str, paths: Sequence[str]) -> Iterator[str]:
    pattern = pattern.removeprefix("./")
    if not WILD.search(pattern):
        return iter([pattern] if pattern in paths else [])
    return (path for path in paths if not _hidden(path) and matches(pattern, path))


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__")) for part in path.split("/"))


def _declared(config: Config, paths: Sequence[str]) -> Subset:
    within = f"{config.folder}/" if config.folder else ""
    splits = [
        Split(
            name,
            [pattern for pattern in patterns[:MAX_ENTRIES] if len(pattern) <= MAX_PATTERN_CHARS],
        )
        for name, patterns in config.splits[:MAX_ENTRIES]
    ]
    if not splits:
        splits = _by_split([path for path in paths if path.startswith(within)])
    return Subset(config.name, splits or [Split(TRAIN)], config.default)


def _laid_out(paths: Iterable[str]) -> Iterator[Subset]:
    folders: dict[str, list[str]] = {}
    for path in paths:
        if not _hidden(path):
            folders.setdefault(_subset_of(path), []).append(path)
    for name, inside in folders.items():
        yield Subset(name, _by_split(inside))


def _subset_of(path: str) -> str:
    """The folder that a file is in; one that names a split, or says `data`, is left out."""
    folders = path.split("/")[:-1]
    if folders and folders[-1].lower() in SPLIT_OF:
        folders.pop()
    name = "/".join(folders)
    return DEFAULT if name in ("", "data") else name


def _by_split(paths: Iterable[str]) -> list[Split]:
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(_split_of(path), []).append(path)
    return [Split(name, paths=inside) for name, inside in islice(found.items(), MAX_ENTRIES)]


def _split_of(path: str) -> str:
    *folders, name = path.split("/")
    stem = name.removesuffix(SUFFIX)
    for text in (stem, *reversed(folders)):
        for word in SEPARATOR.split(text.lower()):
            if word in SPLIT_OF:
                return SPLIT_OF[word]
    shard = SHARD.fullmatch(stem)
    return shard[1] if shard else TRAIN


def _loaded_unasked(found: Sequence[Subset]) -> Subset:
    for subset in found:
        if subset.default:
            return subset
    return next((subset for subset in found if subset.name == DEFAULT), found[0])


def _named(found: Sequence[Subset], name: str) -> Subset:
    for one in found:
        if one.name == name:
            return one
    there = ", ".join(one.name for one in found[:20])
    raise HubError(404, f"There is no subset {name[:100]!r} here; there is: {there}.")
