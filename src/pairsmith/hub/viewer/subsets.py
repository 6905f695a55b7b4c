"""Subsets and splits: which files of a commit belong together.

A card says it in `configs:`, by patterns that are matched against the list of the commit's files
and never against a disk. Where it does not, the layout says it, as `datasets` reads it in the
simple cases: files in one folder are a subset, and their names tell the split. Files of another
format in the same folder are a subset of their own, since one table has one format; images are one
where there are no tables beside them.

Card and paths are of others, so all of this takes time in proportion to what they stored. Patterns
are looked at within a budget of characters that are compared, `MAX_WORK`, so that what a
repository gets does not depend on how fast the machine is; the viewer does it in a process apart,
once for a commit.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import translate
from functools import lru_cache
from itertools import accumulate, islice
from typing import NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos.card import Config
from pairsmith.hub.viewer.formats import FORMATS, format_of, of_one_format, suffix_of

SUFFIX = ".parquet"
DEFAULT = "default"
TRAIN = "train"
MAX_ENTRIES = 200  # subsets of a card, splits of a subset, patterns of a split that are looked at
MAX_PATTERN_CHARS = 1024  # characters of a pattern
MAX_WORK = 100_000_000  # characters of patterns times those of paths: half a second
OVERHEAD = 16  # characters that cost as much as to begin with a pattern, or a path
WILD = re.compile(r"[*?\[]")
SHARD = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)-\d{5}-of-\d{5}")
WORDS = {  # datasets.data_files.SPLIT_KEYWORDS
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "evaluation", "eval"),
}
SPLIT_OF = {word: split for split, words in WORDS.items() for word in words}
METADATA = re.compile(r"(^|/)metadata\.(csv|jsonl|parquet)$")  # of images, as `datasets` has it
IMAGES = "images"
SEPARATOR = re.compile(r"[ ._\-0-9]+")


class Split(NamedTuple):
    """A split: the patterns of its files, as the card has them, or the files' paths."""

    name: str
    patterns: Sequence[str] = ()
    paths: Sequence[str] = ()


class Subset(NamedTuple):
    """A subset, as `load_dataset` names it.

    Attributes:
        name: Its name.
        splits: Its splits; none yet where the card names a folder alone.
        default: Whether it is the one that is loaded unasked.
        folder: The folder that the card names, whose layout tells the splits.
    """

    name: str
    splits: list[Split]
    default: bool = False
    folder: str = ""


def subsets(configs: Iterable[Config], paths: Iterable[str]) -> list[Subset]:
    """The subsets of a commit.

    Args:
        configs: What its card lists; nothing where it lists none.
        paths: The paths of its files.
    """
    declared = {config.name: _declared(config) for config in islice(configs, MAX_ENTRIES)}
    return list(declared.values()) or list(_laid_out(paths))


def choose(
    found: Sequence[Subset], name: str, split: str, paths: Iterable[str]
) -> tuple[Subset, Split]:
    """The subset of that name, and its split of that name, or else the one to begin with.

    Args:
        found: The subsets; at least one.
        name: '' for the subset that is loaded unasked.
        split: '' for the one to begin with, which also stands in for one that there is not: who
            picks another subset in a menu cannot know its splits yet.
        paths: The paths of the commit's files.

    Raises:
        HubError: 404 where there is no such subset.
    """
    subset = _named(found, name) if name else _loaded_unasked(found)
    if not subset.splits:
        within = f"{subset.folder}/" if subset.folder else ""
        inside = [path for path in paths if path.startswith(within) and suffix_of(path)]
        inside = of_one_format(inside)
        subset = subset._replace(splits=_by_split(inside) or [Split(TRAIN)])
    named = {one.name: one for one in reversed(subset.splits)}
    return subset, named.get(split) or named.get(TRAIN) or subset.splits[0]


def files_of(split: Split, paths: Iterable[str]) -> list[str]:
    """The files of a split, in the order of its patterns, each once.

    Args:
        split: The split.
        paths: The paths of the commit's files.

    Raises:
        PatternsError: Matching takes too much work: patterns and files are too many, or too long.
    """
    if not split.patterns:
        return list(split.paths)
    candidates = Candidates(path for path in paths if suffix_of(path))
    matched = (path for pattern in split.patterns for path in candidates.matching(pattern))
    return list(dict.fromkeys(matched))


class PatternsError(Exception):
    """Patterns that take more work than the viewer does; the message says so in a sentence."""


class Candidates:
    """Paths to be matched with patterns, and the work that is left for it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = sorted(paths)
        self._there = frozenset(self._paths)
        sizes = (len(path) + OVERHEAD for path in self._paths)
        self._sizes = list(accumulate(sizes, initial=0))  # up to each path
        self._left = MAX_WORK

    def matching(self, pattern: str) -> list[str]:
        """The paths that a pattern matches, in their order.

        Raises:
            PatternsError: There is no work left for it.
        """
        pattern = pattern.removeprefix("./")
        wild = WILD.search(pattern)
        if wild is None:
            return [pattern] if pattern in self._there else []
        inside = self._beginning_with(pattern[: wild.start()])
        self._spend(len(pattern), inside)
        fits = (path for path in self._paths[inside] if not _hidden(path))
        return [path for path in fits if matches(pattern, path)]

    def _beginning_with(self, text: str) -> slice:
        """Where the paths are that begin with a text: they stand beside each other."""
        first = bisect_left(self._paths, text)
        last = bisect_right(self._paths, text, first, key=lambda path: path[: len(text)])
        return slice(first, last)

    def _spend(self, chars: int, inside: slice) -> None:
        size = self._sizes[inside.stop] - self._sizes[inside.start]
        self._left -= (chars + OVERHEAD) * size
        if self._left < 0:
            raise PatternsError(
                f"Matching the card's patterns with the {len(self._paths):,} files takes"
                f" more than the {MAX_WORK:,} comparisons that the viewer makes: fewer or shorter"
                " patterns, or such that begin with the name of a folder, take less."
            )


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


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__")) for part in path.split("/"))


def _declared(config: Config) -> Subset:
    splits = [
        Split(
            name,
            [pattern for pattern in patterns[:MAX_ENTRIES] if len(pattern) <= MAX_PATTERN_CHARS],
        )
        for name, patterns in config.splits[:MAX_ENTRIES]
    ]
    return Subset(config.name, splits, config.default, config.folder)


def _laid_out(paths: Iterable[str]) -> Iterator[Subset]:
    listed = [(path, format_of(path)) for path in paths if not _hidden(path)]
    folders: dict[str, dict[str, list[str]]] = {format.name: {} for format in FORMATS.values()}
    pictures = any(format and format.kind == "images" for _, format in listed)
    for path, format in listed:
        if format and not (pictures and METADATA.search(path)):
            folders[format.name].setdefault(_subset_of(path), []).append(path)
    tables = any(inside for name, inside in folders.items() if name != IMAGES)
    taken = set()
    for name, of_format in folders.items():
        for folder, inside in of_format.items():
            if tables and name == IMAGES:
                continue  # of a card, say
            shown = f"{folder} ({name})" if folder in taken else folder
            taken.add(folder)
            yield Subset(shown, _by_split(inside))


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
    stem = name[: -len(suffix_of(name)) or None]
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
