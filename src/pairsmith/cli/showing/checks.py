"""Which options of `pairsmith show` go together, and which values they may have."""

from __future__ import annotations

from pairsmith.cli.showing.options import ANY, RowOptions, flag_of
from pairsmith.errors import RecipeError

MOST_DRAWN = 10_000
"""Rows that are drawn at random: they are held in memory."""


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
        words = (
            f"{' and '.join(map(flag_of, named))} name{'s' if len(named) == 1 else ''} the rows."
        )
        raise RecipeError(words, "Leave --note and --reason out.")
    if asked.note and asked.reason:
        said = "A row is kept with a note or refused for a reason, not both."
        raise RecipeError(said, "Give --note or --reason.")
    if len(asked.namings) > 1:
        words = " and ".join(map(flag_of, asked.namings))
        raise RecipeError(f"{words} each name rows.", "Give one of them.")
    if raw and asked.reason is None:
        raise RecipeError("--raw prints quarantined rows.", "Add --reason malformed, or another.")
    others = [flag for flag in asked.given if flag not in ("--diff", *CUTS)]
    if asked.diff is not None and others:
        said = "--diff compares all rows of two builds."
        raise RecipeError(said, f"Leave {' and '.join(others)} out.")
    beside = [flag for flag in asked.given if flag in CUTS]
    if asked.id and beside:
        raise RecipeError("--id names the rows one by one.", f"Leave {', '.join(beside)} out.")


CUTS = ("--subset", "--split", "--search", "--random", "--seed", "--from")
"""Options that make a choice among rows."""


def _check_numbers(asked: RowOptions, count: int | None) -> None:
    for name, most in (("random", MOST_DRAWN), ("from_", None)):
        number = getattr(asked, name)
        if number is not None and (number < 1 or (most and number > most)):
            bounds = f"from 1 to {most:,}" if most else "from 1 on"
            raise RecipeError(f"{flag_of(name)} {number} is no number {bounds}.")
    if asked.random is not None and (count is not None or asked.from_ is not None):
        beside = "-n" if count is not None else "--from"
        raise RecipeError(
            f"--random says how many rows, out of all: {beside} does not go with it.",
            f"Leave {beside} out; another --seed gives other rows.",
        )
    if asked.seed is not None and asked.random is None:
        raise RecipeError("--seed is of rows at random.", "Add --random N.")
