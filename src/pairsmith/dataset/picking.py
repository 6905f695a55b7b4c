"""Rows of a build that are named: by their ids, or by what an annotation says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from pairsmith.dataset.annotations import parse_reference, read_annotation
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.quarantine import Refused
from pairsmith.dataset.rows import entries_of, rows_by_id
from pairsmith.errors import AnnotationError, OutputError
from pairsmith.io.remote import StoragePath
from pairsmith.sources.rows.groups import split_group


class Picked(NamedTuple):
    """Rows, and what is said of them.

    Attributes:
        rows: Kept ones as shards hold them, and quarantined ones.
        said: By id, the statements of an annotation, less the id; None where none was asked for.
    """

    rows: list[dict[str, Any] | Refused]
    said: dict[str, list[dict[str, Any]]] | None

    def as_json(self) -> list[dict[str, Any]]:
        """Each row with its fields; and `said`, its statements, if there was an annotation."""
        rows = [row if isinstance(row, dict) else row._asdict() for row in self.rows]
        if self.said is None:
            return rows
        return [{**row, "said": self.said.get(row["id"], [])} for row in rows]

    def raw_lines(self, grouped: bool = False) -> Iterator[bytes]:
        """The quarantined rows as they stood in the source, a line each.

        Args:
            grouped: Whether several rows of the source may be refused together.
        """
        for row in self.rows:
            if not isinstance(row, dict):
                for raw in split_group(row.data) if grouped else [row.data]:
                    yield raw + b"\n"


def first(rows: Iterable[dict[str, Any] | Refused], most: int | None) -> Picked:
    """The first of some rows.

    Args:
        rows: Kept rows, or quarantined ones.
        most: The most rows; None for all.
    """
    return Picked([*islice(rows, most)], None)


def pick(
    out: StoragePath,
    reference: str | None,
    ids: Sequence[str],
    most: int,
    subset: str | None = None,
) -> Picked:
    """Reads rows that are named.

    Args:
        out: The folder of a build.
        reference: `NAME` or `NAME:LABEL` of an annotation, or None.
        ids: The ids of the rows, in the order in which they are wanted; without any, the first
            rows that the annotation says something of, in its order.
        most: The most rows, where no ids are named.
        subset: Without ids, only rows of this subset.

    Raises:
        OutputError: There is no finished build, or none of its rows has an id.
        AnnotationError: There is no such annotation, or it is not of this build.
    """
    built = read_manifest(out)
    entries_of(built, subset)
    wanted, said = [*dict.fromkeys(ids)], None
    if reference is not None:
        name, label = parse_reference(reference)
        annotation = read_annotation(str(out), name)
        beginning = f"{subset}/" if subset else ""
        wanted = wanted or annotation.first_ids(most, label, beginning)
        said = annotation.of(wanted, label)
    found = rows_by_id(out, built, wanted)
    strange = [id for id in wanted if id not in found]
    if strange and ids:
        raise OutputError(f"{out} has no row {strange[0]!r}.", "An id is subset/split/number.")
    if strange:
        raise AnnotationError(f"The annotation says something of {strange[0]}, which is no row.")
    return Picked([found[id] for id in wanted], said)
