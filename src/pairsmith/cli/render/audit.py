"""An audit on the terminal: the verdict, what was not looked at, a line for each question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pairsmith.auditing.verdict import (
    BUILD,
    MARKS,
    WORDS,
    Level,
    fill_command,
    show_command,
    worst_of,
)
from pairsmith.cli.terminal import console
from pairsmith.dataset.manifest import read_manifest
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from pairsmith.auditing.answer import Answer
    from pairsmith.auditing.record import Audit
    from pairsmith.auditing.verdict import Told, Verdict

STYLES = {Level.ACT: "bold red", Level.LOOK: "yellow", Level.FINE: "green"}
"""What words and marks of each level look like; where there is no colour, they say the same."""

SPARED = 44
"""The columns that the table takes beside what each question came to."""

LEAST = 30
"""The fewest characters of that which are worth a column."""


def draw_audit(made: Audit, out: str) -> None:
    """Prints the verdict of an audit, and a table with one line for each question.

    Args:
        made: The audit.
        out: The folder of the build, as it was named.
    """
    screen, recipe = console(), read_manifest(made.folder.parent).recipe
    verdict = made.verdict

    def write(command: str) -> None:
        # on one line, however long: who copies it gets the whole of it
        if command:
            screen.print(f"    {sanitize(fill_command(command, out, recipe))}", soft_wrap=True)

    for told in verdict.told:
        _draw_claim(screen, told)
        for command in _commands(told):
            write(command)
    for unseen in verdict.unseen:
        screen.print(sanitize(f"- Not looked at: {unseen.what}. {unseen.why}"))
        write(unseen.command)
    if verdict.more:
        screen.print(f"{verdict.more:,} more of less harm: see the report.")
    if verdict.together:
        screen.print("All of it in one build:")
        write(verdict.together)
    screen.print(_table(made, screen.width))
    for line in _report(made):
        screen.print(sanitize(line), soft_wrap=True)


def fails(verdict: Verdict, level: Level) -> str:
    """Why an audit fails, as a sentence.

    Args:
        verdict: With a claim of the level, or of a more urgent one.
        level: From which level on it fails.
    """
    counts = {"act on": verdict.levels[Level.ACT], "look at": verdict.levels[Level.LOOK]}
    told = [f"{count:,} to {word}" for word, count in counts.items() if count]
    return f"the verdict names {' and '.join(told)} (--fail-on {level.value})."


def _commands(told: Told) -> Iterator[str]:
    """The commands of a claim: what mends it, and what shows its rows."""
    claim = told.claim
    yield claim.command
    if claim.kinds and claim.command.startswith(BUILD):
        yield show_command(told.question, claim.kinds)


def _draw_claim(screen: Console, told: Told) -> None:
    from rich.text import Text

    level = told.claim.level
    mark = MARKS[level] if MARKS[level].isascii() or not screen.options.ascii_only else "+"
    line = Text(f"{mark} {WORDS[level]}: ", STYLES[level])
    screen.print(line.append(sanitize(told.claim.sentence), "not bold default"))


def _table(made: Audit, width: int) -> Table:
    """The questions, each with how urgent it is, how many findings, and how its answer begins."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("question", "level"):
        table.add_column(name)
    table.add_column("findings", justify="right")
    room = width - SPARED
    if room >= LEAST:
        table.add_column("answer")
    for answer in made.answers:
        cells = [sanitize(answer.question), _level(answer), _count(answer)]
        said = sanitize(answer.sentence or answer.unanswered)
        short = said if len(said) <= room else f"{said[: room - 1].rstrip()}…"
        table.add_row(*cells, *([short] if room >= LEAST else []))
    return table


def _report(made: Audit) -> Iterator[str]:
    """Where the report lies, and what became of an earlier one that answers more."""
    place, more = made.folder / "report.html", len(made.former)
    if not made.is_written:
        yield f"The report stays as it was, with these answers and {more} more: {place}"
        return
    yield f"The report: {place}"
    if more:
        yield f"The one before had {more} more answers: ask again without --only to have all."


def _level(answer: Answer) -> str:
    """The most urgent level of an answer's claims."""
    if answer.unanswered:
        return "not looked at"
    level = worst_of(answer)
    return "–" if level is None else level.value


def _count(answer: Answer) -> str:
    return "–" if answer.unanswered else f"{answer.findings.num_rows:,}"
