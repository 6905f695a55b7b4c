"""The report: one self-contained HTML file, without scripts and external resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pairsmith.auditing.answer import Answer
from pairsmith.auditing.record import Audit
from pairsmith.auditing.report import headlines, ledger_chart
from pairsmith.auditing.report.examples import (
    MAX_CHARS,
    MAX_IDS,
    Example,
    FirstFindings,
    pick_first,
    read_examples,
)
from pairsmith.auditing.report.headlines import Link
from pairsmith.auditing.report.plots import Draw, plot
from pairsmith.auditing.verdict import MARKS, WORDS, fill_command
from pairsmith.dataset.card_audit import FINDINGS, NAME
from pairsmith.dataset.reader import Dataset
from pairsmith.dataset.report_files import title_of
from pairsmith.reporting.page import render_page
from pairsmith.reporting.svg import Plot
from pairsmith.reporting.tables import Table, split, tables


class Section(NamedTuple):
    """The part of the report on one answer.

    Attributes:
        answer: The answer.
        plot: Its picture; None if there is none.
        tables: The tables of its numbers that are visible at once.
        more: The tables that are folded away.
        first: The findings that are listed.
        examples: The findings that are shown with texts.
        links: The kinds of its findings, each with what opens their rows.
        level: The most urgent level of its claims; empty without one.
    """

    answer: Answer
    plot: Plot | None
    tables: list[Table]
    more: list[Table]
    first: FirstFindings
    examples: list[Example]
    links: list[Link]
    level: str


def draw(audit: Audit, data: Dataset, plots: Mapping[str, Draw]) -> str:
    """Draws the report of an audit as an HTML page.

    Args:
        audit: The answers.
        data: The dataset, for the texts of a few rows.
        plots: By question, the function that draws its answers; the others get bar charts.
    """
    firsts = [pick_first(answer) for answer in audit.answers]
    examples = read_examples(data, [first.findings for first in firsts])
    links = headlines.links_of(audit.answers, firsts, _filler(audit, data))
    levels = headlines.levels_of(audit)
    sections = [
        Section(
            answer,
            plot(answer, plots.get(answer.question)),
            *split(tables(answer.numbers)),
            first,
            few,
            linked,
            level,
        )
        for answer, first, few, linked, level in zip(
            audit.answers, firsts, examples, links, levels, strict=True
        )
    ]
    return render(audit, data, sections)


def _folder(audit: Audit) -> str:
    return audit.folder.parent.resolve().name


def _filler(audit: Audit, data: Dataset) -> Callable[[str], str]:
    """Fills commands in for who stands beside the folder: the page holds no path of a machine."""
    out, recipe = _folder(audit) or ".", data.built.recipe
    return lambda command: fill_command(command, out, recipe)


def render(audit: Audit, data: Dataset, sections: Sequence[Section]) -> str:
    """Fills in the template of the page; all values are escaped."""
    built, fill = data.built, _filler(audit, data)
    return render_page(
        "pairsmith.auditing.report",
        "report.html.jinja",
        title=title_of(audit.folder.parent, built),
        folder=_folder(audit),
        audit=audit,
        headlines=headlines.headlines(audit, [section.links for section in sections], fill),
        together=fill(audit.verdict.together),
        unseen=headlines.unseen(audit, fill),
        level_words=WORDS,
        level_marks=MARKS,
        built=built,
        bars=ledger_chart.bars(built.ledger),
        reasons=ledger_chart.reasons(built.ledger),
        sections=sections,
        characters=MAX_CHARS,
        listed=MAX_IDS,
        files={"numbers": NAME, "findings": FINDINGS},
    )
