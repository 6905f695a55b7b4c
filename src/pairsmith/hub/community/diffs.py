"""What a pull request changes, as git tells it: file by file, line by line.

Paths are for whoever may see the list of files. What is in a file, and what stands in for a large
one, is for those who may read the data; the card alone is for all. Lines are compared in a process
apart, for texts can be made to take minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.community.pulls import FileChange
from pairsmith.hub.http.processes import VISITORS, BusyError, TooMuchWorkError
from pairsmith.hub.repos.card import NAME as CARD
from pairsmith.hub.repos.files import pointer_of

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

MAX_FILES = 500  # changed files that are told
MAX_TEXT_BYTES = 256 << 10  # bytes of a file whose lines are compared
MAX_ALL_BYTES = 2 << 20  # bytes of all that are compared
MAX_DIFF_CHARS = 1 << 20  # characters of all lines that are told
SECONDS = 3.0  # that comparing all may take
MEMORY = 128 << 20  # bytes of the worker that does it
SHUT = "What is in this file is for those who may read the data."
LARGE = "This file is too large, or there are too many, for its lines to be compared."
BINARY = "This file is not text."
BUSY = "Others have files compared just now: try again soon."
TOO_MUCH = "How these files changed takes too much work to find out."


class Piece(NamedTuple):
    """A file to be compared: its text before and after, None where it is not there.

    Attributes:
        note: Why its lines are not compared, in a sentence; '' where they are.
    """

    path: str
    old: str | None
    new: str | None
    note: str = ""


class FileDiff(NamedTuple):
    """How a file changed.

    Attributes:
        kind: added, changed or removed.
        path: The file.
        hunks: The lines that changed, and some around them; '' where they are not told.
        note: Why they are not told; '' where they are.
    """

    kind: str
    path: str
    hunks: str
    note: str = ""

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The lines, each with what it is: `at`, `ins`, `del` or `same`."""
        kinds = {"@": "at", "+": "ins", "-": "del"}
        return [(kinds.get(line[:1], "same"), line) for line in self.hunks.splitlines()]


class Diff(NamedTuple):
    """How a pull request changes files, and whether it changes more than are told."""

    files: list[FileDiff]
    more: bool = False

    @property
    def text(self) -> str:
        """The same as git writes it."""
        return "".join(map(_as_git, self.files))


def made(hub: Hub, changes: Sequence[FileChange], is_reader: bool) -> Diff:
    """How files changed.

    Args:
        hub: The hub.
        changes: What changed; one more than `MAX_FILES` where there is more.
        is_reader: Whether the caller may read the data; if not, the card alone is compared.
    """
    told = changes[:MAX_FILES]
    left = MAX_ALL_BYTES
    pieces: list[Piece] = []
    for change in told:
        piece, used = _piece(hub, change, left, is_reader)
        pieces.append(piece)
        left -= used
    return Diff(_compared(pieces), len(changes) > MAX_FILES)


def between(path: str, old: str | None, new: str | None) -> FileDiff:
    """How a text became another; None for what is not there."""
    large = max(len(old or ""), len(new or "")) > MAX_TEXT_BYTES
    return _compared([Piece(path, old, new, LARGE if large else "")])[0]


def compare(pieces: Sequence[Piece]) -> list[str | None]:
    """The changed lines of each file, as git writes them; None for too many. A worker calls it."""
    left = MAX_DIFF_CHARS
    found: list[str | None] = []
    for piece in pieces:
        hunks = "" if piece.note else _hunks(piece)
        found.append(hunks if len(hunks) <= left else None)
        left -= len(found[-1] or "")
    return found


def shows_data(diff: Diff) -> bool:
    """Whether a diff holds lines of a file that is not the card."""
    return any(file.hunks and file.path != CARD for file in diff.files)


def _compared(pieces: list[Piece]) -> list[FileDiff]:
    note = ""
    hunks: list[str | None] = [""] * len(pieces)
    try:
        hunks = VISITORS.run(compare, pieces, seconds=SECONDS, memory=MEMORY)
    except BusyError:
        note = BUSY
    except TooMuchWorkError:
        note = TOO_MUCH
    return [
        FileDiff(_kind(piece), piece.path, text or "", piece.note or note or _why(text))
        for piece, text in zip(pieces, hunks, strict=True)
    ]


def _why(hunks: str | None) -> str:
    return LARGE if hunks is None else ""


def _kind(piece: Piece) -> str:
    if piece.old is None:
        return "added"
    return "removed" if piece.new is None else "changed"


def _piece(hub: Hub, change: FileChange, left: int, is_reader: bool) -> tuple[Piece, int]:
    """A file to be compared, and how many bytes of it that takes."""
    sides = ((change.old, change.old_size), (change.new, change.new_size))
    marks = [None if blob is None else "" for blob, _ in sides]
    if not is_reader and change.path != CARD:
        return Piece(change.path, marks[0], marks[1], SHUT), 0
    if change.lfs:
        texts = [None if blob is None else pointer_of(blob, size) for blob, size in sides]
        return Piece(change.path, texts[0], texts[1]), 0
    size = change.old_size + change.new_size
    if max(change.old_size, change.new_size) > MAX_TEXT_BYTES or size > left:
        return Piece(change.path, marks[0], marks[1], LARGE), 0
    texts = [None if blob is None else _text(hub, blob) for blob, _ in sides]
    if "\0" in texts:
        return Piece(change.path, marks[0], marks[1], BINARY), 0
    return Piece(change.path, texts[0], texts[1]), size


def _text(hub: Hub, blob: str) -> str:
    """The text of a content; a NUL where it is none, or is lost."""
    try:
        text = hub.blobs.path(blob).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return "\0"
    return "\0" if "\0" in text else text


def _hunks(piece: Piece) -> str:
    """The lines of a file that changed, with three around them, as git writes them."""
    before = _lines(piece.old or "")
    after = _lines(piece.new or "")
    told = list(unified_diff(before, after))[2:]  # without the names of files
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in told
    )


def _lines(text: str) -> list[str]:
    """Lines with their ends, cut at line feeds alone as git does."""
    parts = text.split("\n")
    whole = [f"{part}\n" for part in parts[:-1]]
    return [*whole, parts[-1]] if parts[-1] else whole


def _as_git(file: FileDiff) -> str:
    old = "/dev/null" if file.kind == "added" else f"a/{file.path}"
    new = "/dev/null" if file.kind == "removed" else f"b/{file.path}"
    head = f"diff --git a/{file.path} b/{file.path}\n"
    if file.kind == "added":
        head += "new file mode 100644\n"
    elif file.kind == "removed":
        head += "deleted file mode 100644\n"
    if file.note:
        return f"{head}Binary files {old} and {new} differ\n# {file.note}\n"
    if not file.hunks:  # an empty file
        return head
    return f"{head}--- {old}\n+++ {new}\n{file.hunks}"
