"""Which rows `pairsmith show` shows: its options, and which of them go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pairsmith.errors import OutputError, RecipeError
from pairsmith.schema.options import Option

if TYPE_CHECKING:
    from pairsmith.dataset.manifest import Manifest
    from pairsmith.dataset.picking import Naming
    from pairsmith.io.remote import StoragePath

ANY = "any"
NAMINGS = ("annotation", "finding", "conversation")
"""The options by which somebody names rows and says something of each."""
SHOWN = 3
"""Rows that are shown where nothing is said."""

MOST_DRAWN = 10_000
"""Rows that are drawn at random: they are held in memory."""


@dataclass(frozen=True)
class RowOptions:
    """Which rows to show."""

    reason: Annotated[
        str | None, Option("Quarantined rows of this reason, or `any`.", "REASON")
    ] = None
    note: Annotated[str | None, Option("Kept rows with this note.", "NOTE")] = None
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
        return [_flag(field.name) for field in fields(self) if getattr(self, field.name)]


def check(asked: RowOptions, count: int | None, raw: bool) -> None:
    """Checks that options go together.

    Args:
        asked: The options.
        count: How many rows, if that is said.
        raw: Whether the rows' own lines are wanted.

    Raises:
        RecipeError: They do not, or one has a value that there is not.
    """
    _check_words(asked)
    _check_together(asked, raw)
    _check_numbers(asked, count)


def _check_words(asked: RowOptions) -> None:
    from pairsmith.schema.reasons import Note, Reason

    reasons, notes = [*Reason, ANY], [*Note, *Reason]
    if asked.reason is not None and asked.reason not in reasons:
        raise RecipeError(
            f"There is no reason {asked.reason!r}.", f"Reasons: {', '.join(reasons)}."
        )
    if asked.note is not None and asked.note not in notes:
        raise RecipeError(f"There is no note {asked.note!r}.", f"Notes: {', '.join(notes)}.")


def _check_together(asked: RowOptions, raw: bool) -> None:
    named = [*asked.namings, *(["id"] if asked.id else [])]
    if (asked.note or asked.reason) and named:
        words = f"{' and '.join(map(_flag, named))} name{'s' if len(named) == 1 else ''} the rows."
        raise RecipeError(words, "Leave --note and --reason out.")
    if asked.note and asked.reason:
        said = "A row is kept with a note or refused for a reason, not both."
        raise RecipeError(said, "Give --note or --reason.")
    if len(asked.namings) > 1:
        words = " and ".join(map(_flag, asked.namings))
        raise RecipeError(f"{words} each name rows.", "Give one of them.")
    if raw and asked.reason is None:
        raise RecipeError("--raw prints quarantined rows.", "Add --reason malformed, or another.")
    beside = [f for f in asked.given if f in CUTS]
    if asked.id and beside:
        raise RecipeError("--id names the rows one by one.", f"Leave {', '.join(beside)} out.")


CUTS = ("--subset", "--split", "--search", "--random", "--seed", "--from")
"""Options that make a choice among rows."""


def _check_numbers(asked: RowOptions, count: int | None) -> None:
    for name, most in (("random", MOST_DRAWN), ("from_", None)):
        number = getattr(asked, name)
        if number is not None and (number < 1 or (most and number > most)):
            bounds = f"from 1 to {most:,}" if most else "from 1 on"
            raise RecipeError(f"{_flag(name)} {number} is no number {bounds}.")
    if asked.random is not None and (count is not None or asked.from_ is not None):
        beside = "-n" if count is not None else "--from"
        raise RecipeError(
            f"--random says how many rows, out of all: {beside} does not go with it.",
            f"Leave {beside} out; another --seed gives other rows.",
        )
    if asked.seed is not None and asked.random is None:
        raise RecipeError("--seed is of rows at random.", "Add --random N.")


def naming_of(out: StoragePath, built: Manifest, asked: RowOptions) -> Naming | None:
    """Who names rows, if somebody does.

    Args:
        out: The folder of the build.
        built: Its manifest.
        asked: The options.

    Raises:
        PairsmithError: There is no such annotation, finding or row.
    """
    if not asked.namings:
        return None
    if asked.annotation is not None:
        from pairsmith.dataset.annotations import parse_reference, read_annotation
        from pairsmith.dataset.picking import Statements

        name, label = parse_reference(asked.annotation)
        return Statements(read_annotation(str(out), name), label)
    if not isinstance(out, Path):
        raise OutputError(f"{out} is a URL.", f"{_flag(asked.namings[0])} reads a build on a disk.")
    if asked.finding is not None:
        from pairsmith.auditing.findings import read_findings

        return read_findings(str(out), asked.finding)
    from pairsmith.dataset.picking import pick_ids
    from pairsmith.dataset.related import find_related

    id = str(asked.conversation)
    pick_ids(out, built, [id])  # which names the nearest to one that is none
    return find_related(out, id)


def _flag(name: str) -> str:
    return "--" + name.strip("_")
