"""The manifest: what was built, from what, by which recipe; the one record of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from pairsmith.dataset.quarantine import quarantine_path
from pairsmith.errors import OutputError, RecipeError
from pairsmith.io.durable import write_text_durably
from pairsmith.io.remote import StoragePath
from pairsmith.schema.reasons import Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.sources.field_uses import FieldCounts
from pairsmith.sources.reader import reader_of

NAME = "manifest.json"

OUTPUT = re.compile(
    r"(?!quarantine/)[a-z0-9][a-z0-9_-]*/[a-z0-9_]+-\d{5,}(-of-\d{5,})?\.parquet"
    r"|quarantine/[a-z0-9][a-z0-9_-]*-[a-z0-9_]+\.jsonl"
)
"""The names of a build's files; a manifest that lists another is refused."""


class FileEntry(NamedTuple):
    """One file, read or written.

    Attributes:
        path: Below the source or the output folder.
        rows: Its rows.
        bytes: Its size as stored, compressed.
        sha256: Of those bytes.
    """

    path: str
    rows: int
    bytes: int
    sha256: str


class LedgerEntry(NamedTuple):
    """The ledger of one split of one subset: read = kept + the sum of quarantined.

    The same holds of every field: of the rows that have it, it was used, carried or left out, or is
    quarantined with its row.

    Attributes:
        subset, split: Which.
        read: Comparisons: of most sources a row is one, and blank lines are none.
        kept: Rows in the shards.
        quarantined: Refused rows by reason, in the order of `Reason`, those that occur.
        noted: Kept rows by note; one row may have several.
        rows: Rows of the source; None in manifests until 0.2.0, where they are as many as read.
        fields: By a field's path, how many rows of the source have it, by `Use`; empty until 0.2.0.
    """

    subset: str
    split: str
    read: int
    kept: int
    quarantined: dict[str, int]
    noted: dict[str, int]
    rows: int | None = None
    fields: dict[str, dict[str, int]] = {}  # noqa: RUF012  (never changed)

    @property
    def balances(self) -> bool:
        """Whether every row read is accounted for."""
        return self.read == self.kept + sum(self.quarantined.values())

    @property
    def source_rows(self) -> int:
        """Rows of the source."""
        return self.read if self.rows is None else self.rows


def join_entries(entries: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    """The entries by path; those of one file, whose rows belong to several splits, as one."""
    rows = Counter[FileEntry]()
    for entry in entries:
        rows[entry._replace(rows=0)] += entry.rows
    return tuple(sorted(entry._replace(rows=count) for entry, count in rows.items()))


@dataclass(frozen=True)
class Manifest:
    """A finished build.

    Attributes:
        pairsmith: The version that built it.
        recipe: What decided its bytes.
        inputs: The files read, by path.
        outputs: The shards and quarantine files written, by path.
        ledger: An entry for each split of each subset.
        reused: True where an equal build was found in place and nothing was done. Not written.
        remarks: Sentences on how it was built, for whoever builds it. Not written.
    """

    pairsmith: str
    recipe: Recipe
    inputs: tuple[FileEntry, ...]
    outputs: tuple[FileEntry, ...]
    ledger: tuple[LedgerEntry, ...]
    reused: bool = field(default=False, compare=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As the file holds it."""
        return {
            "pairsmith": self.pairsmith,
            "recipe": self.recipe.to_dict(),
            "inputs": [entry._asdict() for entry in self.inputs],
            "outputs": [entry._asdict() for entry in self.outputs],
            "ledger": [entry._asdict() for entry in self.ledger],
        }

    @property
    def totals(self) -> LedgerEntry:
        """The whole ledger in one entry, whose subset and split are empty."""
        return add_up(self.ledger)

    def outputs_of(self, entry: LedgerEntry) -> list[FileEntry]:
        """The shards and the quarantine file of one ledger entry."""
        place = f"{entry.subset}/{entry.split}"
        shards = f"{place}-", f"{place}."  # the second while a build grows
        refused = quarantine_path(entry.subset, entry.split)
        return [o for o in self.outputs if o.path.startswith(shards) or o.path == refused]


def add_up(entries: Iterable[LedgerEntry]) -> LedgerEntry:
    """The sum of ledger entries, as one whose subset and split are empty."""
    read = kept = rows = 0
    fields = FieldCounts({})
    quarantined: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    for entry in entries:
        read += entry.read
        kept += entry.kept
        rows += entry.source_rows
        fields.update(entry.fields)
        quarantined.update(entry.quarantined)
        noted.update(entry.noted)
    ordered = {r.value: quarantined[r] for r in Reason if quarantined[r]}
    return LedgerEntry("", "", read, kept, ordered, dict(noted), rows, fields.in_order())


def sentence(entry: LedgerEntry) -> str:
    """The ledger's law in one line: `read 8 = kept 6 + malformed 1 + identical 1`."""
    parts = [f"{reason} {count}" for reason, count in entry.quarantined.items()]
    return f"read {entry.read} = " + " + ".join([f"kept {entry.kept}", *parts])


def write_manifest(manifest: Manifest, folder: StoragePath) -> None:
    """Writes the manifest, whole or not at all."""
    text = json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False)
    write_text_durably(folder / NAME, text + "\n")


def read_manifest(out: StoragePath) -> Manifest:
    """Reads the manifest of a finished build.

    Raises:
        OutputError: There is none, or it is not one.
    """
    if out.is_file():
        raise OutputError(
            f"{out} is a file, not the folder of a build.",
            "Build it first, with pairsmith build, and name the folder that this made.",
        )
    if not out.is_dir():
        raise OutputError(f"There is no folder {out}.", "Name the folder of a build.")
    if not (out / NAME).exists():
        raise OutputError(
            f"{out} holds no finished build: {NAME} is missing.",
            "It is written last, when a build has succeeded. Run pairsmith build again.",
        )
    return parse_manifest(out / NAME)


SOURCES = ("collection", "samples")
"""Kinds of manifests that stand beside rows which a build reads; that of a build names none."""


RUNS = ("reward", "dpo", "rl")
"""Those of manifests that stand beside a trained model."""


def _check_built(path: StoragePath, fields: Any) -> None:
    """Checks that a manifest is not that of something which was written by another command.

    Raises:
        OutputError: It is.
    """
    kind = fields.get("kind") if isinstance(fields, dict) else None
    if kind in SOURCES:
        raise OutputError(
            f"{path.parent} holds no build, but a source of the kind {kind}.",
            f"Build it: pairsmith build {path.parent} OUT",
        )
    if kind in RUNS:
        raise OutputError(
            f"{path.parent} holds no build, but a model that was trained by train {kind}.",
            "Name the folder of a build.",
        )


def parse_manifest(path: StoragePath) -> Manifest:
    """Reads a manifest, whatever its name.

    Raises:
        OutputError: It cannot be read, is not a manifest, or lists what no build writes.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(f"{path} cannot be read: {error}.") from None
    _check_built(path, fields)
    try:
        built = Manifest(
            pairsmith=str(fields["pairsmith"]),
            recipe=Recipe.from_dict(fields["recipe"]),
            inputs=tuple(_entry(FileEntry, entry) for entry in fields["inputs"]),
            outputs=tuple(_entry(FileEntry, entry) for entry in fields["outputs"]),
            ledger=tuple(_entry(LedgerEntry, entry) for entry in fields["ledger"]),
        )
        for source in ("", *(entry.path for entry in built.inputs)):
            reader_of(built.recipe, source)  # or who reads its refused rows would meet none
    except (KeyError, TypeError, ValueError, RecipeError) as error:
        said = error.message if isinstance(error, RecipeError) else str(error)
        if isinstance(error, KeyError):
            said = f"{error} is missing"
        raise OutputError(
            f"{path} is not a manifest that this version can read: {said.rstrip('.')}.",
            "Was it written by another version, or edited?",
        ) from None
    strange = [entry.path for entry in built.outputs if not OUTPUT.fullmatch(entry.path)]
    if strange:
        raise OutputError(f"{path} lists {strange[0]!r}, which no build writes.")
    return built


Entry = TypeVar("Entry", FileEntry, LedgerEntry)

TYPES: dict[type[Any], dict[str, Any]] = {
    kind: get_type_hints(kind) for kind in (FileEntry, LedgerEntry)
}
"""The types of an entry's fields; working them out takes longer than checking an entry."""


def _entry(kind: type[Entry], fields: Mapping[str, Any]) -> Entry:
    """An entry with every field of its type.

    Raises:
        TypeError: A field is missing, unknown, or of another type.
    """
    entry = kind(**fields)
    for name, expected in TYPES[kind].items():
        if not _is_a(getattr(entry, name), expected):
            raise TypeError(f"{name} is {getattr(entry, name)!r}")
    return entry


def _is_a(value: Any, expected: Any) -> bool:
    """Whether a value of JSON is of a type such as `int | None` or `dict[str, int]`."""
    if isinstance(expected, UnionType):
        return any(_is_a(value, one) for one in get_args(expected))
    if get_origin(expected) is dict:
        inner = get_args(expected)[1]
        return isinstance(value, dict) and all(_is_a(held, inner) for held in value.values())
    return type(value) is expected
