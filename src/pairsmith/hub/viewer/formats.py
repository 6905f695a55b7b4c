"""Formats of the files that the viewer shows, told by their names, and how SQL reads each.

What a file is called decides, never what is in it: what DuckDB would make of a content by itself
is of others. The dialect of CSV is the one that `load_dataset` takes, with a header.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Kind = Literal["parquet", "json", "csv", "images"]

MAX_OBJECT_BYTES = 4 << 20  # a line of JSON
MAX_LINE_BYTES = 2 << 20  # a line of CSV
WHOLE_BYTES = 16 << 20  # files up to here are read whole to tell what type a column has
PARQUET = "union_by_name = true, hive_partitioning = false"
# a date stays the text that it is: no date is written like this
JSON = (
    f"{PARQUET}, format = 'newline_delimited', maximum_object_size = {MAX_OBJECT_BYTES},"
    " field_appearance_threshold = 0, maximum_depth = 12,"
    " dateformat = '%j of %Y', timestampformat = '%j of %Y'"
)
CSV = (
    f"{PARQUET}, header = true, skip = 0, comment = '', quote = '\"', escape = '\"',"
    f" max_line_size = {MAX_LINE_BYTES}, buffer_size = {4 * MAX_LINE_BYTES},"
    " auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']"
)
COMPRESSIONS = {"": "none", ".gz": "gzip", ".zst": "zstd"}
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


class Format(NamedTuple):
    """What a file is.

    Attributes:
        name: What it is called on a page.
        kind: What reads it.
        compression: As DuckDB calls it.
        delimiter: What stands between the values of a line of CSV.
    """

    name: str
    kind: Kind
    compression: str = "none"
    delimiter: str = ","


def _formats() -> dict[str, Format]:
    made = {".parquet": Format("Parquet", "parquet")}
    for end, compression in COMPRESSIONS.items():
        for suffix in (".jsonl", ".ndjson"):
            made[suffix + end] = Format("JSON lines", "json", compression)
        made[".csv" + end] = Format("CSV", "csv", compression)
        made[".tsv" + end] = Format("TSV", "csv", compression, "\t")
    return made | {suffix: Format("images", "images") for suffix in IMAGES}


FORMATS = _formats()
TABLES = tuple(suffix for suffix, format in FORMATS.items() if format.kind != "images")
"""How the names of files with rows end."""

PICTURES = tuple(
    "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in suffix)
    for suffix in IMAGES
)
"""How the names of images end, in any case, as GLOB of SQLite has it."""

DEFAULT = FORMATS[".parquet"]


def suffix_of(path: str) -> str:
    """How the name of a file that can be shown ends, in lower case; '' for any other."""
    if path.endswith(".parquet") and path[-9:-8] not in ("/", ""):
        return ".parquet"  # the most frequent, told without any more work
    name = path.rpartition("/")[2].lower()
    stem, dot, last = name.rpartition(".")
    if not dot:
        return ""
    if f".{last}" in COMPRESSIONS:
        last = f"{stem.rpartition('.')[2]}.{last}"
    suffix = f".{last}"
    return suffix if suffix in FORMATS and len(suffix) < len(name) else ""


def format_of(path: str) -> Format | None:
    """What a file is, by its name; None for one that the viewer does not show."""
    return FORMATS.get(suffix_of(path))


def of_one_format(paths: Iterable[str]) -> list[str]:
    """Of some files, those of the format that most of them have; of two, the first that is listed.

    One table is of one format: `load_dataset` takes the most frequent too.
    """
    by_format: dict[Format, list[str]] = {}
    for path in paths:
        if (format := format_of(path)) is not None:
            by_format.setdefault(format, []).append(path)
    order = {format: at for at, format in enumerate(FORMATS.values())}
    groups = sorted(by_format.items(), key=lambda one: (-len(one[1]), order[one[0]]))
    return groups[0][1] if groups else []


def read_by(format: Format, parameter: str, whole: bool = False) -> str:
    """The function of SQL that reads files.

    Args:
        format: What they are; no images.
        parameter: Of the query, whose value are the paths of the files.
        whole: Whether they are read to their end to tell what types columns have.
    """
    if format.kind == "parquet":
        return f"read_parquet(${parameter}, {PARQUET})"
    more = f", compression = '{format.compression}', sample_size = {-1 if whole else 20_480}"
    if format.kind == "json":
        return f"read_json(${parameter}, {JSON}{more})"
    return f"read_csv(${parameter}, {CSV}, delim = '{format.delimiter}'{more})"
