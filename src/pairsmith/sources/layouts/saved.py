"""Folders that `save_to_disk` of `datasets` wrote: which files, and of which split."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath, read_text
from pairsmith.schema.splits import TRAIN
from pairsmith.sources.layouts.by_names import Names, subset_of
from pairsmith.sources.layouts.placed import Placed
from pairsmith.sources.layouts.split_names import exact_split, told_by_folders, written
from pairsmith.sources.layouts.tree import Entry

STATE, SPLITS = "state.json", "dataset_dict.json"
FILES = "_data_files"


class Saved(NamedTuple):
    """What was saved in a folder.

    Attributes:
        files: The files, placed.
        known: The paths of these, and of those that tell of them.
    """

    files: list[Placed]
    known: set[str]


def find_saved(root: FsspecPath, entries: Sequence[Entry], above: Names) -> Saved:
    """The files of all saved data sets in a folder, at any depth.

    Raises:
        SourceError: One names a file that is not there, or cannot be read.
    """
    paths = {entry.path for entry in entries}
    dictionaries = [entry.path for entry in entries if entry.name == SPLITS]
    found = Saved([], set(dictionaries))
    for path in dictionaries:
        _check_splits(root, path, paths)
    for entry in entries:
        if entry.name == STATE and (state := _read(root, entry.path)).get(FILES):
            outer = "/".join([*entry.folders[:-1], SPLITS])
            inside = bool(entry.folders) and outer in dictionaries
            split = entry.folders[-1] if inside else _split_of(entry, state) or above.split or TRAIN
            named = list(_named(entry.path, state, paths))
            # the folder of a split in a dictionary is no subset
            lies_in = Entry(outer if inside else entry.path, is_file=True)
            subset = above.subset or subset_of(lies_in)
            for path in named:
                place = root.join(path)
                found.files.append(Placed(subset, written(split, path), above.prefix + path, place))
            found.known.update([entry.path, *named])
    return found


def _named(path: str, state: dict[str, Any], paths: set[str]) -> Iterator[str]:
    """The paths of the files that a state names.

    Raises:
        SourceError: One is not there.
    """
    folder = path.removesuffix(STATE)
    for named in state[FILES]:
        name = named.get("filename") if isinstance(named, dict) else None
        if not isinstance(name, str) or not name or "/" in name:
            raise SourceError(f"{path} names no file where it should.", "Save it again.")
        if folder + name not in paths:
            raise SourceError(f"{path} names {name}, which is not there.", "Copy the whole folder.")
        yield folder + name


def _split_of(entry: Entry, state: dict[str, Any]) -> str | None:
    """The split that a saved data set is: its folder says, or else its state."""
    if entry.folders and (named := exact_split(entry.folders[-1])):
        return named
    told = state.get("_split")
    if isinstance(told, str) and (whole := told.partition("[")[0].partition("+")[0].strip()):
        return whole
    return told_by_folders(entry.folders, entry.path)


def _check_splits(root: FsspecPath, path: str, paths: set[str]) -> None:
    folder = path.removesuffix(SPLITS)
    splits = _read(root, path).get("splits")
    for split in splits if isinstance(splits, list) else []:
        if f"{folder}{split}/{STATE}" not in paths:
            raise SourceError(
                f"{path} names the split {str(split)[:96]!r}, whose folder is not there.",
                "Copy the whole folder.",
            )


def _read(root: FsspecPath, path: str) -> dict[str, Any]:
    """A JSON file's object; empty where it holds something else."""
    try:
        held = json.loads(read_text(root.join(path)))
    except (ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}
