"""The report: one HTML file that needs no other, and runs and fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple

from markupsafe import Markup

from pairsmith.audits import flow
from pairsmith.audits.answer import Answer
from pairsmith.audits.dataset import Dataset
from pairsmith.audits.examples import CHARACTERS, LISTED_IDS, Example, First, examples, first
from pairsmith.audits.figure import Plot
from pairsmith.audits.legible import legible, number, words
from pairsmith.audits.plots import plot
from pairsmith.audits.record import Audit
from pairsmith.audits.tables import Table, split, tables
from pairsmith.store import card
from pairsmith.store.quality import FINDINGS, NAME


class Section(NamedTuple):
    """What the report shows of one answer."""

    answer: Answer
    plot: Plot | None
    tables: list[Table]
    more: list[Table]
    first: First
    examples: list[Example]


def draw(audit: Audit, data: Dataset) -> str:
    """The report as HTML.

    Args:
        audit: The answers.
        data: The dataset, for the texts of a few rows.
    """
    firsts = [first(answer) for answer in audit.answers]
    shown = examples(data, [held.findings for held in firsts])
    sections = [
        Section(answer, plot(answer), *split(tables(answer.numbers)), held, few)
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
    home = resources.files("pairsmith.audits")
    template = environment.from_string((home / "report.html.jinja").read_text(encoding="utf-8"))
    built = data.built
    return template.render(
        title=card.front_matter(built)["pretty_name"],
        style=Markup((home / "report.css").read_text(encoding="utf-8")),  # noqa: S704  (our own)
        audit=audit,
        built=built,
        bars=flow.bars(built.ledger),
        reasons=flow.reasons(built.ledger),
        sections=sections,
        characters=CHARACTERS,
        listed=LISTED_IDS,
        files={"numbers": NAME, "findings": FINDINGS},
    )


def _fit(value: Any) -> Any:
    """What an expression of the template comes to, made fit to be shown."""
    return legible(value) if type(value) is str else value
