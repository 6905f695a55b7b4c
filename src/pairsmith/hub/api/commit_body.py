"""The body of a commit: a header, and a line for each change, some with a small file in it."""

from __future__ import annotations

import base64
from typing import IO, Any, NamedTuple

from pairsmith.hub.core.blobs import Arriving
from pairsmith.hub.http import ndjson
from pairsmith.hub.http.bodies import text_of
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.http.ndjson import Bounds, Line
from pairsmith.hub.repos import files
from pairsmith.hub.repos.commits import Message
from pairsmith.hub.repos.draft import Change, Delete, Put

MAX_PATHS_CHARS = 16 << 20  # of all paths of a commit: 330 of each, where there are 50,000


class Sent(NamedTuple):
    """A commit as it was sent: its message and its changes."""

    message: Message
    changes: list[Change]


def read_commit(body: IO[bytes], arriving: Arriving, bounds: Bounds) -> Sent:
    """Reads a commit; the contents in it are on disk then, not yet in their places.

    Args:
        body: What was sent.
        arriving: Where the contents in it go.
        bounds: How many lines it may have, and how long they may be.

    Raises:
        HubError: 400 or 413, where it is not one.
    """
    message: Message | None = None
    changes: list[Change] = []
    chars = 0
    for line in ndjson.lines(body, bounds):
        key, value = line.said.get("key"), line.said.get("value")
        if not isinstance(value, dict):
            raise bad_request(
                f"Line {line.number} has to have a key and a value that is an object."
            )
        if key == "header":
            message = _message(value)
            continue
        if key == "file":
            sha256 = _take_content(body, line, value, arriving)
            changes.append(Put(_path(value), sha256, lfs=False))
        else:
            changes.append(_change(key, value, line.number))
        chars += len(changes[-1].path)
        if chars > MAX_PATHS_CHARS:
            raise bad_request("The paths of a commit are too long together; make several commits.")
    if message is None:
        raise bad_request("A commit has to have a line with the key 'header'.")
    return Sent(message, changes)


def _message(value: dict[str, Any]) -> Message:
    title = text_of(value, "summary", 10_000) or "No message"
    text = text_of(value, "description", 100_000)
    return Message(title, text, text_of(value, "parentCommit") or None)


def _take_content(body: IO[bytes], line: Line, value: dict[str, Any], arriving: Arriving) -> str:
    """Takes the content of a line to disk, piece by piece where it is long; its SHA-256."""
    text, encoding = value.get("content"), value.get("encoding", "utf-8")
    if not isinstance(text, str) or encoding not in ("base64", "utf-8"):
        raise bad_request(f"{_path(value)!r} has to have a content, in base64 or utf-8.")
    is_left = line.left is not None and text == ndjson.LEFT
    if is_left and encoding == "utf-8":
        raise bad_request(f"The content of {_path(value)!r} is over 1 MiB: send it in base64.")
    try:
        if is_left and line.left is not None:
            return arriving.add(ndjson.base64_pieces(body, line.left)).sha256
        data = base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
    except ValueError as error:  # binascii's, or of characters that are not ASCII
        raise bad_request(f"The content of {_path(value)!r} is not base64.") from error
    return arriving.add([data]).sha256


def _change(key: object, value: dict[str, Any], number: int) -> Change:
    if key == "lfsFile":
        if value.get("algo", "sha256") != "sha256":
            raise bad_request(f"Line {number}: the algorithm has to be sha256.")
        return Put(_path(value), text_of(value, "oid"), lfs=True)
    if key == "deletedFile":
        return Delete(_path(value))
    if key == "deletedFolder":
        return Delete(_path(value).rstrip("/"), folder=True)
    raise bad_request(
        f"Line {number} has the key {str(key)[:40]!r}; known are header, file, lfsFile,"
        " deletedFile and deletedFolder."
    )


def _path(value: dict[str, Any]) -> str:
    return text_of(value, "path", files.MAX_PATH_CHARS)
