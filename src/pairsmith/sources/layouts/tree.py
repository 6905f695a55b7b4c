"""What lies in a folder, at any depth, and which of it a pattern names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.paths import FsspecPath, list_folder
from pairsmith.sources.formats import looks_like_data

MOST_FILES = 20_000
DEEPEST = 16
"""Of a folder with more files, or with deeper folders, none is read: it is not a data set."""

MAGIC = frozenset("*?[")
"""What makes a pattern of a path."""


class Entry(NamedTuple):
    """A file below a folder.

    Attributes:
        path: Below the folder, with slashes.
        is_file: False for what is neither a file nor a folder, as a link that leads nowhere.
    """

    path: str
    is_file: bool

    @property
    def folders(self) -> list[str]:
        """The folders that it lies in, the outermost first."""
        return self.path.split("/")[:-1]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


def list_tree(root: FsspecPath) -> list[Entry]:
    """The files of a folder and of its folders, in the order of their paths.

    Hidden names are left out, and folders whose names begin with `__`.

    Raises:
        SourceError: A folder cannot be read, or there are too many files or too deep folders.
    """
    found: list[Entry] = []
    for entry in _walk(root, "", 0):
        found.append(entry)
        if len(found) > MOST_FILES:
            raise SourceError(
                f"{root.path} holds more than {MOST_FILES:,} files.",
                "Name the folder of the data itself, or the files: 'FOLDER/*.jsonl'.",
            )
    return sorted(found)


def _walk(folder: FsspecPath, prefix: str, depth: int) -> Iterator[Entry]:
    if depth > DEEPEST:
        raise SourceError(
            f"{folder.path} lies more than {DEEPEST} folders deep.",
            "Is there a link to a folder above it? Name the folder of the data itself.",
        )
    for name, kind in list_folder(folder).items():
        _check_name(name, folder)
        if kind != "directory":
            yield Entry(prefix + name, kind == "file")
        elif not name.startswith("__"):
            inner = list(_walk(folder.join(name), f"{prefix}{name}/", depth + 1))
            # an empty folder that is called as a file of data was meant to be one
            yield from inner or ([Entry(prefix + name, False)] if looks_like_data(name) else [])


def _check_name(name: str, folder: FsspecPath) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SourceError(
            f"The name {name!r} in {folder.path!r} is not UTF-8.", "Rename the file."
        ) from None


def matching(paths: Iterable[str], pattern: str) -> list[str]:
    """The paths that a pattern names: `*`, `?` and `[…]` within a name, `**` for any folders."""
    if not MAGIC & set(pattern):
        return [path for path in paths if path == pattern or path.startswith(pattern + "/")]
    wanted = pattern.split("/")
    return [path for path in paths if _matches(path.split("/"), wanted)]


def _matches(parts: list[str], wanted: list[str]) -> bool:
    """Whether the parts of a path are what is wanted; takes as many steps as both have together."""
    reached = {0}  # how many of what is wanted is there already
    for part in parts:
        reached = _past_any(reached, wanted)
        stay = {at for at in reached if at < len(wanted) and wanted[at] == "**"}
        step = {
            at + 1
            for at in reached - stay
            if at < len(wanted) and fnmatchcase(part, wanted[at].replace("**", "*"))
        }
        reached = stay | step
    last_any = {at + 1 for at in reached if wanted[at:] == ["**"]}
    return len(wanted) in reached | last_any


def _past_any(reached: set[int], wanted: list[str]) -> set[int]:
    """The same, where `**` may stand for no folder at all."""
    found = set(reached)
    for at in sorted(reached):
        while at < len(wanted) and wanted[at] == "**":
            at += 1
            found.add(at)
    return found
