"""What a user names as sources: paths and URLs as they are, all else written to a file first."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from pairsmith.errors import SourceError
from pairsmith.io.paths import locate
from pairsmith.sources.formats import FORMATS
from pairsmith.sources.layouts import Spooled
from pairsmith.sources.memory import is_memory, write_memory

STDIN = "-"
HEAD = 1 << 16
COMPRESSED = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}


@contextmanager
def gathered(source: Any, format: str | None = None) -> Iterator[Sequence[str | Spooled]]:
    """Sources as `layouts.look` takes them; what was written for them goes with the context.

    Args:
        source: A path, a URL, `-`, or a list of such; or rows in memory, see `memory`.
        format: What `-` is, by the ending that its file would have; None for JSON.

    Raises:
        SourceError: Standard input is not what it should be, is named twice or not at all, or
            something is no source.
    """
    if is_memory(source):
        with TemporaryDirectory(prefix="pairsmith-") as folder:
            yield write_memory(source, Path(folder))
        return
    named = [_path_of(one) for one in (source if isinstance(source, list | tuple) else [source])]
    if STDIN not in named:
        if format is not None:
            raise SourceError(
                "--format is for standard input.", "The name of a file tells its format: data.csv."
            )
        yield named
        return
    if named.count(STDIN) > 1:
        raise SourceError("Standard input is given twice.", "Name it once.")
    with TemporaryDirectory(prefix="pairsmith-") as folder:
        spooled = _spool(sys.stdin.buffer, Path(folder), format)
        yield [spooled if one == STDIN else one for one in named]


def _path_of(source: Any) -> str:
    try:
        return os.fsdecode(source)
    except TypeError:
        raise SourceError(
            f"A {type(source).__name__} is no source.",
            "Give a path, a URL, or rows: a table, a Dataset, a list of dictionaries.",
        ) from None


def _spool(stream: BinaryIO, folder: Path, format: str | None) -> Spooled:
    """Writes standard input to a file.

    Raises:
        SourceError: It is not what it should be, or cannot be written.
    """
    head = stream.read(HEAD)
    ending = format or "jsonl"
    if ending not in FORMATS:
        raise SourceError(f"There is no format {ending!r}.", f"Formats: {', '.join(FORMATS)}.")
    packed = next((end for magic, end in COMPRESSED.items() if head.startswith(magic)), "")
    if packed and not FORMATS[ending].compressed:
        raise SourceError(f"Standard input is compressed, and {ending} is not.", "Unpack it first.")
    if format is None and not packed:
        _check_json(head)
    name = f"stdin.{ending}{packed}"
    try:
        with (folder / name).open("wb") as file:
            file.write(head)
            shutil.copyfileobj(stream, file, 1 << 20)
    except OSError as error:
        raise SourceError(
            f"Standard input cannot be kept in {folder.parent}: {error.strerror or error}.",
            "Make room, or name another folder in TMPDIR.",
        ) from None
    return Spooled(name, locate(str(folder / name)))


def _check_json(head: bytes) -> None:
    """Checks that some line of what comes may be JSON.

    Raises:
        SourceError: None is.
    """
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if any(line.strip() for line in lines) and not any(
        line.lstrip().startswith((b"{", b"[")) for line in lines
    ):
        raise SourceError(
            "Standard input is no JSON.", f"Say what it is: --format csv, or {', '.join(FORMATS)}."
        )
