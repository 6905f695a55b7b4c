"""A folder to its files: by the configs of its card, by what was saved in it, or by names."""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath, read_head
from pairsmith.sources.layouts.by_names import Names, place_by_names
from pairsmith.sources.layouts.card_configs import README, place_by_configs, read_configs
from pairsmith.sources.layouts.placed import Layout, check_shards, expected_layout, name_some
from pairsmith.sources.layouts.saved import find_saved
from pairsmith.sources.layouts.source_file import ALL_SUBSETS
from pairsmith.sources.layouts.split_names import exact_split
from pairsmith.sources.layouts.tree import Entry, list_tree

MANIFEST, UNFINISHED = "manifest.json", "unfinished"
_BUILT = b'"pairsmith"'
_MADE = (b'"kind": "collection"', b'"kind": "samples"')
_BESIDE = ("manifest.json", "unkept.jsonl", "project.yaml", "README.md")
_COLLECTION = "collection.sqlite"


def lay_out_folder(root: FsspecPath, called: str) -> Layout:
    """The files of a folder.

    Args:
        root: The folder.
        called: Its own name, as the user gave it.

    Raises:
        SourceError: There is nothing to read, or something that has no place.
    """
    entries = list_tree(root)
    entries = _without_beside(root, entries)
    built = _builds_in(root, entries)
    entries = [entry for entry in entries if not entry.path.startswith(tuple(built))]
    configs = read_configs(root, entries)
    if configs:
        layout = place_by_configs(root, entries, configs)
    else:
        layout = _by_names(root, entries, called)
    if built:
        names = [folder.rstrip("/") for folder in built]
        layout.remarks.append(f"Not read, as builds of pairsmith: {name_some(names)}.")
    if not layout.files:
        raise _nothing(root, entries)
    check_shards(file.path for file in layout.files)
    return layout


def _without_beside(root: FsspecPath, entries: Sequence[Entry]) -> list[Entry]:
    """The files of a folder; without those beside the rows, where pairsmith made it as a source."""
    names = {entry.path for entry in entries}
    if MANIFEST not in names or not any(
        kind in read_head(root.join(MANIFEST), 256) for kind in _MADE
    ):
        return list(entries)
    return [
        entry
        for entry in entries
        if entry.path not in _BESIDE and not entry.path.startswith(_COLLECTION)
    ]


def _by_names(root: FsspecPath, entries: Sequence[Entry], called: str) -> Layout:
    above = Names(exact_split(called), is_data=called == "data")
    if called in ALL_SUBSETS:
        above = Names(subset=called, prefix=f"{called}/")
    saved = find_saved(root, entries, above)
    others = [entry for entry in entries if entry.path not in saved.known]
    # beside what was saved, arrow files are what was computed of it
    beside = {path.rpartition("/")[0] for path in saved.known}
    left = [e for e in others if e.name.endswith(".arrow") and "/".join(e.folders) in beside]
    others = [entry for entry in others if entry not in left]
    named = place_by_names(root, others, above)
    remarks = list(named.remarks)
    if left:
        told = name_some([entry.path for entry in left])
        remarks.append(f"Not read, as no state.json names them: {told}.")
    return Layout([*saved.files, *named.files], remarks)


def _builds_in(root: FsspecPath, entries: Sequence[Entry]) -> list[str]:
    """The folders below this one that are builds, finished or not, each with a slash behind it."""
    found: dict[str, None] = {}
    for entry in entries:
        folder = entry.path.removesuffix(entry.name)
        if not folder:
            continue
        if entry.name == MANIFEST and _BUILT in read_head(root.join(entry.path), 256):
            found[folder] = None
        if UNFINISHED in entry.folders[1:]:
            found["/".join(entry.folders[: entry.folders.index(UNFINISHED, 1)]) + "/"] = None
    return list(found)


def _nothing(root: FsspecPath, entries: Sequence[Entry]) -> SourceError:
    names = [entry.path for entry in entries]
    found = f" Found: {name_some(names)}." if names else " It is empty."
    if names == [README]:
        found = f" Found: {README}, without configs."
    if _COLLECTION in names:
        return SourceError(
            f"Nothing of the collection in {root.path} was exported so far.",
            "Export it first; where nobody has chosen anything, there is nothing to build.",
        )
    return SourceError(
        f"There are no preference data in {root.path}.{found}",
        f"{expected_layout()} A file whose name tells nothing: pairsmith build FILE OUT.",
    )
