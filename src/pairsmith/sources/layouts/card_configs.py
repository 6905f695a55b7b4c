"""The `configs` of a README.md: which files make up which subset and split, said outright."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath, read_text
from pairsmith.io.yaml_events import bounded_events
from pairsmith.schema.splits import TRAIN
from pairsmith.sources.formats import take_apart
from pairsmith.sources.layouts.by_names import (
    NOT_DATA,
    OTHER,
    Names,
    cannot_read,
    place_by_names,
)
from pairsmith.sources.layouts.placed import Layout, Placed, name_some
from pairsmith.sources.layouts.source_file import DIRECT, slug_of
from pairsmith.sources.layouts.split_names import written
from pairsmith.sources.layouts.tree import Entry, matching

README = "README.md"
DEFAULT = "default"
MOST_EVENTS = 500_000
"""Most parts of the YAML of a card: cards list the columns of every config too."""

MOST = 1_000
"""Configs of a card, and patterns of a config, that are looked at."""

_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.MULTILINE | re.DOTALL)


class Config(NamedTuple):
    """A config of a card.

    Attributes:
        name: As the card has it.
        folder: Where its files lie, with a slash behind it; empty for the folder itself.
        splits: From a split to the patterns of its files; empty where names are to tell.
    """

    name: str
    folder: str
    splits: dict[str, list[str]]


def read_configs(root: FsspecPath, entries: Sequence[Entry]) -> list[Config]:
    """The configs of the card in a folder; none where it has none.

    Raises:
        SourceError: The card has some, and they cannot be read.
    """
    if README not in {entry.path for entry in entries if entry.is_file}:
        return []
    found = _MATTER.match(read_text(root.join(README)))
    if not found or not re.search(r"^[ \t\"']*configs[\"']?[ \t]*:", found[1], re.MULTILINE):
        return []
    try:
        return list(_parse(_configs_in(found[1])))
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise SourceError(
            f"The configs of {README} in {root.path} cannot be read: {said}.",
            "Mend them, or take them out: then names of files and folders tell splits.",
        ) from None


def _configs_in(matter: str) -> list[Any]:
    import yaml

    try:
        for _ in bounded_events(matter, MOST_EVENTS):
            pass
        fields = yaml.safe_load(matter)
    except yaml.YAMLError as error:
        raise ValueError(f"no YAML: {error}") from None
    held = fields.get("configs") if isinstance(fields, dict) else None
    if held is None:
        return []
    if not isinstance(held, list) or len(held) > MOST:
        raise TypeError(f"they are no list of at most {MOST:,} configs")
    return held


def _parse(configs: list[Any]) -> Iterator[Config]:
    """Raises `TypeError` where a config is not as `datasets` has them."""
    for config in configs:
        if not isinstance(config, dict):
            raise TypeError("a config is no mapping")
        name, folder = config.get("config_name", DEFAULT), config.get("data_dir") or ""
        if not isinstance(name, str) or not isinstance(folder, str):
            raise TypeError("config_name and data_dir must be texts")
        folder = _inside(folder)
        files = config.get("data_files")
        splits = {} if files is None else dict(_splits_of(files))
        yield Config(name, folder + "/" if folder else "", splits)


def _splits_of(files: Any) -> Iterator[tuple[str, list[str]]]:
    if isinstance(files, dict):
        entries = list(files.items())
    elif isinstance(files, list) and any(isinstance(one, dict) for one in files):
        if not all(isinstance(one, dict) and "path" in one for one in files):
            raise TypeError("an entry of data_files has no path")
        entries = [(one.get("split", TRAIN), one["path"]) for one in files]
    else:
        entries = [(TRAIN, files)]
    if len({str(split) for split, _ in entries}) < len(entries):
        raise TypeError("a split is told twice")
    for split, paths in entries:
        patterns = [paths] if isinstance(paths, str) else paths
        sound = isinstance(patterns, list) and all(isinstance(one, str) for one in patterns)
        if not sound or not isinstance(split, str) or len(patterns) > MOST:
            raise TypeError(f"data_files must be texts, at most {MOST:,} of them")
        yield split, [_inside(pattern) for pattern in patterns]


def _inside(path: str) -> str:
    """A pattern below the folder, without what means the folder itself."""
    if "://" in path or path.startswith("/") or ".." in path.split("/"):
        raise TypeError(f"{path[:96]} lies outside of the folder")
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def place_by_configs(root: FsspecPath, entries: Sequence[Entry], configs: list[Config]) -> Layout:
    """Places the files that a card's configs name.

    Args:
        root: The folder of the card.
        entries: Its files, at any depth.
        configs: The card's, at least one.

    Raises:
        SourceError: A config names what is not there or cannot be read, or two name one file.
    """
    placed = {config.name: _place(root, entries, config) for config in configs}
    if len(placed) < len(configs):
        raise SourceError(f"{README} in {root.path} has two configs of one name.", "Rename one.")
    dropped = _drop_unions(placed)
    kept = {name: layout for name, layout in placed.items() if name not in dropped}
    _check_names(root, list(kept))
    _check_once(root, kept)
    files = [file for layout in kept.values() for file in layout.files]
    known = {file.path for file in files} | {README}
    unread = [entry.path for entry in entries if entry.path not in known]
    said = [f"{name} as {_subset(name)}" for name in kept if _subset(name) != name]
    remarks = [f"Configs of {README} as subsets: {name_some(said)}."] if said else []
    if dropped:
        remarks.append(f"Configs left out, as all their files are in others: {name_some(dropped)}.")
    if unread:
        remarks.append(f"Not read, as no config of {README} names them: {name_some(unread)}.")
    return Layout(files, remarks)


def _subset(name: str) -> str:
    return DIRECT if name == DEFAULT else slug_of(name)


def _place(root: FsspecPath, entries: Sequence[Entry], config: Config) -> Layout:
    """The files of one config."""
    subset = _subset(config.name)
    inside = {e.path.removeprefix(config.folder): e for e in entries if _is_in(e, config.folder)}
    if not config.splits:
        below = [Entry(path, entry.is_file) for path, entry in inside.items()]
        if not below:
            raise _names_nothing(root, config.name, config.folder or README)
        folder = root.join(config.folder.rstrip("/")) if config.folder else root
        return place_by_names(folder, below, Names(subset=subset, prefix=config.folder))
    files = []
    for split, patterns in config.splits.items():
        found: dict[str, None] = {}
        for pattern in patterns:
            matched = [path for path in matching(inside, pattern) if not _is_ignored(path)]
            if not matched:
                raise _names_nothing(root, config.name, pattern)
            found |= dict.fromkeys(matched)
        for path in found:
            whole = inside[path].path
            if not inside[path].is_file or take_apart(inside[path].name) is None:
                raise cannot_read(whole)
            files.append(Placed(subset, written(split, whole), whole, root.join(whole)))
    return Layout(files, [])


def _is_in(entry: Entry, folder: str) -> bool:
    return entry.path.startswith(folder)


def _is_ignored(path: str) -> bool:
    """Whether `datasets` passes over it too, where a pattern such as `*` names it."""
    name = PurePosixPath(path).name
    return name in NOT_DATA or OTHER.fullmatch(name) is not None


def _names_nothing(root: FsspecPath, config: str, pattern: str) -> SourceError:
    return SourceError(
        f"The config {config[:96]} of {README} in {root.path} names {pattern[:96]}, and there "
        "is no such file.",
        "Fetch it, or mend the configs.",
    )


def _drop_unions(placed: dict[str, Layout]) -> list[str]:
    """The names of configs all of whose files others have, as a default of all files has."""
    dropped: list[str] = []
    held = {name: {file.path for file in layout.files} for name, layout in placed.items()}
    order = sorted(held, key=lambda name: (name != DEFAULT, -len(held[name])))
    for name in order:
        others = [held[other] for other in held if other != name and other not in dropped]
        if len(held[name]) and others and held[name] <= set[str]().union(*others):
            dropped.append(name)
    return dropped


def _check_names(root: FsspecPath, names: list[str]) -> None:
    twice = [subset for subset, count in Counter(map(_subset, names)).items() if count > 1]
    if twice:
        same = [name for name in names if _subset(name) == twice[0]]
        raise SourceError(
            f"The configs {' and '.join(same)} of {README} in {root.path} would both be the subset "
            f"{twice[0]}.",
            "Rename one of them.",
        )


def _check_once(root: FsspecPath, placed: dict[str, Layout]) -> None:
    """Checks that no file is of two configs or splits: its rows would come twice."""
    held: dict[str, str] = {}
    for name, layout in placed.items():
        for file in layout.files:
            what = f"{name}, {file.split}"
            if held.setdefault(file.path, what) != what:
                raise SourceError(
                    f"{file.path} in {root.path} is named twice by the configs of {README}: by "
                    f"{held[file.path]} and by {what}.",
                    "Name the files of one of them, or mend the configs.",
                )
