"""The options of `pairsmith show` that say which rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated

from pairsmith.schema.options import Option

ANY = "any"
NAMINGS = ("annotation", "finding", "conversation")
"""The options by which somebody names rows and says something of each."""
SHOWN = 3
"""Rows that are shown where nothing is said."""


@dataclass(frozen=True)
class RowOptions:
    """Which rows to show."""

    reason: Annotated[
        str | None, Option("Quarantined rows of this reason, or `any`: {reasons}.", "REASON")
    ] = None
    note: Annotated[
        str | None,
        Option("Kept rows with this note, or a reason that was overruled: {notes}.", "NOTE"),
    ] = None
    annotation: Annotated[
        str | None, Option("Rows that this annotation says something of.", "NAME[:LABEL]")
    ] = None
    finding: Annotated[
        str | None, Option("Rows that the audit found something of.", "QUESTION[:KIND]")
    ] = None
    conversation: Annotated[
        str | None, Option("Rows that go on from this one, or it from them.", "ID")
    ] = None
    id: Annotated[Sequence[str], Option("The rows with these ids.", "ID,…", given="list")] = ()
    diff: Annotated[
        str | None, Option("Another build of the source: what differs there.", "OTHER")
    ] = None
    subset: Annotated[str | None, Option("Rows of this subset.", "NAME")] = None
    split: Annotated[str | None, Option("Rows of this split, such as train.", "NAME")] = None
    search: Annotated[
        str | None, Option("Rows with all of these words in prompt or replies.", "WORDS")
    ] = None
    random: Annotated[int | None, Option("N of the rows, each with the same chance.", "N")] = None
    seed: Annotated[
        int | None, Option("With --random: another seed, other rows; by default 0.", "S")
    ] = None
    from_: Annotated[int | None, Option("Go on from the N-th of the rows.", "N")] = None

    @property
    def namings(self) -> list[str]:
        """Those of `NAMINGS` that were given."""
        return [name for name in NAMINGS if getattr(self, name) is not None]

    @property
    def given(self) -> list[str]:
        """The options that were given, as they are written."""
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        return [flag_of(name) for name, value in held.items() if value not in (None, (), [])]


def flag_of(name: str) -> str:
    """An option as it is written."""
    return "--" + name.strip("_")
