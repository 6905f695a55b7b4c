"""File formats of sources: one file each, told by what a file's name ends with.

To add a format, here:

1. a file in this folder with a `Format` (see `format.py`): what cuts its files into blocks of rows
   is a function from a `Reading` to blocks; if the blocks are Arrow tables, `table_format` of
   `table.py` makes the rest;
2. a line in `FORMATS` for every ending that its files have, without `.gz` and `.zst`;
3. tests in `tests/sources/formats/`, and a line in `docs/reference/schema.md`, under Sources.

From a package of your own: the same file, and for each ending an entry point of that name in the
group `pairsmith.formats`. Nothing else asks how a file's name ends.
"""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.errors import SourceError
from pairsmith.io.compression import ENDINGS, without_compression
from pairsmith.plugins import Registry
from pairsmith.sources.formats.format import Format

FORMATS: Registry[Format] = Registry(
    "pairsmith.formats",
    "format",
    {
        "jsonl": "pairsmith.sources.formats.json_text:JSONL",
        "json": "pairsmith.sources.formats.json_text:JSON",
        "ndjson": "pairsmith.sources.formats.json_text:JSONL",
        "csv": "pairsmith.sources.formats.delimited:CSV",
        "tsv": "pairsmith.sources.formats.delimited:TSV",
        "parquet": "pairsmith.sources.formats.parquet:PARQUET",
        "arrow": "pairsmith.sources.formats.arrow_ipc:ARROW",
        "feather": "pairsmith.sources.formats.arrow_ipc:ARROW",
    },
    lambda held: held if isinstance(held, Format) else None,
)
"""All formats, by what names of their files end with."""


class Named(NamedTuple):
    """A file's name, taken apart: what stands before its ending, and the format of that."""

    stem: str
    format: Format


def take_apart(name: str) -> Named | None:
    """The stem and the format of a file's name; None where it is of no known format."""
    plain = without_compression(name)
    stem, _, ending = plain.rpartition(".")
    if not stem or "\n" in name or ending not in FORMATS:
        return None
    format = FORMATS[ending]
    return Named(stem, format) if format.compressed or plain == name else None


def format_of(name: str) -> Format:
    """The format of a file by its name.

    Raises:
        SourceError: There is none, as on a machine that lacks a package which adds it.
    """
    named = take_apart(name)
    if named is None:
        raise SourceError(
            f"{name} is of no format that is known here.",
            "Is the package that reads it installed where the workers run?",
        )
    return named.format


def looks_like_data(name: str) -> bool:
    """Whether a name ends as a format's does, whatever else is behind that."""
    return any(part in FORMATS for part in name.split(".")[1:] if part)


class Endings(NamedTuple):
    """What names of source files end with: those that may be compressed, and all others."""

    compressed: list[str]
    others: list[str]

    def each(self) -> str:
        """How each may come, in words, and what else there is."""
        others = "".join(f", or .{ending}" for ending in self.others)
        return f"plain, {' or '.join(ENDINGS)}{others}"


def list_endings() -> Endings:
    """What names of source files may end with; those of plugins are told last."""
    compressed = [name for name in FORMATS.builtin if FORMATS[name].compressed]
    return Endings(compressed, [name for name in FORMATS if name not in compressed])
