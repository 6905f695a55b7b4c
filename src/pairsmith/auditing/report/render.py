"""The report: one HTML file that needs no other, and runs and fetches nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

from markupsafe import Markup

from pairsmith.auditing.answer import Answer
from pairsmith.auditing.record import Audit
from pairsmith.auditing.report import ledger_chart
from pairsmith.auditing.report.examples import (
    CHARACTERS,
    LISTED_IDS,
    Example,
    First,
    examples,
    first,
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
    """What the report shows of one answer."""

    answer: Answer
    plot: Plot | None
    tables: list[Table]
    more: list[Table]
    first: First
    examples: list[Example]


def draw(audit: Audit, data: Dataset, plots: Mapping[str, Draw]) -> str:
    """The report as HTML.

    Args:
        audit: The answers.
        data: The dataset, for the texts of a few rows.
        plots: Draws the answers to questions that have a picture of their own, by name.
    """
    firsts = [first(answer) for answer in audit.answers]
    shown = examples(data, [held.findings for held in firsts])
    sections = [
        Section(
            answer,
            plot(answer, plots.get(answer.question)),
            *split(tables(answer.numbers)),
            held,
            few,
        )
        for answer, held, few in zip(audit.answers, firsts, shown, strict=True)
    ]
    return render(audit, data, sections)


def render(audit: Audit, data: Dataset, sections: Sequence[Section]) -> str:
    """The page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_fit,
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
        characters=CHARACTERS,
        listed=LISTED_IDS,
        files={"numbers": NAME, "findings": FINDINGS},
    )


def _fit(value: Any) -> Any:
    """What an expression of the template comes to, made fit to be shown."""
    return sanitize(value) if type(value) is str else value
