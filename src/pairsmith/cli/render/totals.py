"""Totals over all rows drawn: their lengths, and what the trainer does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from pairsmith.tokens.totals import SideCounts, Totals


def draw_totals(totals: Totals) -> None:
    """Draws the lengths as a table, the counts as another, and sentences on what they show."""
    screen = console()
    if totals.lengths:
        screen.print(_lengths(totals))
    screen.print(_counts(totals))
    for line in _sentences(totals):
        screen.print(sanitize(line), soft_wrap=True)


def _lengths(totals: Totals) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tokens")
    for name in ("half have at most", "90 %", "99 %", "the longest"):
        table.add_column(name, justify="right")
    for name, lengths in totals.lengths.items():
        found = (lengths.p50, lengths.p90, lengths.p99, lengths.max)
        table.add_row(name, *(f"{length:,}" for length in found))
    return table


def _counts(totals: Totals) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("rows", justify="right")
    table.add_column("of which")
    for count, words in _lines(totals):
        table.add_row(f"{count:,}", words, style=None if count else "dim")
    return table


def _lines(totals: Totals) -> Iterator[tuple[int, str]]:
    yield totals.rows, "there are"
    yield totals.refused, "the chat template refuses"
    yield from _limited(totals)
    if totals.bos_doubled is not None:
        yield totals.bos_doubled, "begin with two BOS"
    for sides, words in (
        (totals.eos_doubled, "end in two EOS"),
        (totals.eos_doubled_apart, "end in two EOS with white space between them"),
        (totals.eos_then_blank, "end in EOS and white space"),
        (totals.eos_missing, "have no EOS at the end"),
    ):
        if sides is not None:
            yield _both(sides, words)
    if totals.boundary is not None:
        yield totals.boundary, "have a prompt that the whole does not begin with"
    yield totals.special, "have contents that are read as special tokens"
    yield totals.control_token, "were noted control_token when they were built"


def _limited(totals: Totals) -> Iterator[tuple[int, str]]:
    """What a limit on tokens does, and which replies are the same."""
    limit = f"{totals.max_length:,} tokens"
    if totals.too_long is not None:
        yield _both(totals.too_long, f"have a side of more than {limit}: dropped")
        yield totals.identical, "have replies that are the same"
        return
    yield totals.dropped, f"have a prompt of {limit} or more: dropped"
    yield _both(totals.cut, f"are cut at {limit}")
    yield totals.identical, "have replies that are the same"
    yield totals.identical_once_cut, "have replies that are the same once they are cut"


def _both(sides: SideCounts, words: str) -> tuple[int, str]:
    which = f" (chosen {sides.chosen:,}, rejected {sides.rejected:,})" if sides.rows else ""
    return sides.rows, words + which


def _sentences(totals: Totals) -> Iterator[str]:
    if totals.refusal:
        id, why = totals.refusal
        yield f"The trainer stops at a row that the template refuses, first {id}: {why}"
    if totals.left_out is not None:
        others = totals.left_out_kinds - 1
        more = f", and {others:,} other texts" if others else ""
        yield f"Left out between prompt and reply: {totals.left_out!r}{more}."
    if totals.special_tokens:
        found = ", ".join(f"{name!r} {count:,}" for name, count in totals.special_tokens.items())
        yield f"Read as special tokens: {found}."
    if totals.eos_missing is None:
        yield "The tokenizer has no EOS token: how replies end is not counted."
    if totals.dialogues:
        yield f"Left out are {totals.dialogues:,} dialogues, which are no pairs."
