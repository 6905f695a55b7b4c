"""The report: one self-contained HTML file, without scripts and external resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

from markupsafe import Markup

from pairsmith.auditing.answer import Answer
from pairsmith.auditing.record import Audit
from pairsmith.auditing.report import ledger_chart
from pairsmith.auditing.report.examples import (
    MAX_CHARS,
    MAX_IDS,
    Example,
    FirstFindings,
    pick_first,
    read_examples,
)
from pairsmith.auditing.report.plots import Draw, plot
from pairsmith.auditing.report.svg import Plot
from pairsmith.auditing.report.tables import Table, split, tables
from pairsmith.auditing.report.wording import number, words
from pairsmith.dataset import card
from pairsmith.dataset.card_audit import FINDINGS, NAME
from pairsmith.dataset.reader import Dataset
from pairsmith.text.sanitize import sanitize


class Section(NamedTuple):
    """The part of the report on one answer.

    Attributes:
        answer: The answer.
        plot: Its picture; None if there is none.
        tables: The tables of its numbers that are visible at once.
        more: The tables that are folded away.
        first: The findings that are listed.
        examples: The findings that are shown with texts.
    """

    answer: Answer
    plot: Plot | None
    tables: list[Table]
    more: list[Table]
    first: FirstFindings
    examples: list[Example]


def draw(audit: Audit, data: Dataset, plots: Mapping[str, Draw]) -> str:
    """Draws the report of an audit as an HTML page.

    Args:
        audit: The answers.
        data: The dataset, for the texts of a few rows.
        plots: By question, the function that draws its answers; the others get bar charts.
    """
    firsts = [pick_first(answer) for answer in audit.answers]
    examples = read_examples(data, [first.findings for first in firsts])
    sections = [
        Section(
            answer,
            plot(answer, plots.get(answer.question)),
            *split(tables(answer.numbers)),
            first,
            few,
        )
        for answer, first, few in zip(audit.answers, firsts, examples, strict=True)
    ]
    return render(audit, data, sections)


def render(audit: Audit, data: Dataset, sections: Sequence[Section]) -> str:
    """Fills in the template of the page; all values are escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_sanitize,
    )
    environment.filters.update(number=number, words=words, svg=Markup)
    home = resources.files("pairsmith.auditing.report")
    template = environment.from_string((home / "report.html.jinja").read_text(encoding="utf-8"))
    built = data.built
    return template.render(
        title=card.front_matter(built)["pretty_name"],
        style=Markup((home / "report.css").read_text(encoding="utf-8")),  # noqa: S704  (our own)
        audit=audit,
        built=built,
        bars=ledger_chart.bars(built.ledger),
        reasons=ledger_chart.reasons(built.ledger),
        sections=sections,
        characters=MAX_CHARS,
        listed=MAX_IDS,
        files={"numbers": NAME, "findings": FINDINGS},
    )


def _sanitize(value: Any) -> Any:
    """Makes control characters visible in the value of each template expression."""
    return sanitize(value) if type(value) is str else value
