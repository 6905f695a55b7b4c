"""The report: the verdict first, then each answer with its pictures, tables and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.dataset.explorations import NAME
from pairsmith.dataset.report_files import title_of
from pairsmith.exploring.answer import Answer, Effect, Effects, Question, Reading, Study
from pairsmith.exploring.map.parts import Map, make_map
from pairsmith.exploring.questions import OF_PAIRS
from pairsmith.reporting.page import render_page
from pairsmith.reporting.svg import Plot
from pairsmith.reporting.tables import Table, cell, split, tables
from pairsmith.reporting.wording import number

if TYPE_CHECKING:
    from pairsmith.exploring.record import Exploration

LISTED = 40
"""The most effects of a list, and rows of a reading, that the page shows."""


class Section(NamedTuple):
    """An answer on the page.

    Attributes:
        answer: The answer.
        plot: Its picture; None if there is none.
        lists: What was compared, with a table each; without texts those alone whose names are no
            words of the dataset.
        tables: Its other numbers.
        folded: More of these, which are folded away.
        readings: Rows to read, at most `LISTED` of each list.
    """

    answer: Answer
    plot: Plot | None
    lists: list[tuple[Effects, Table]]
    tables: list[Table]
    folded: list[Table]
    readings: list[Reading]


def draw(made: Exploration, study: Study, questions: Mapping[str, Question]) -> str:
    """Draws the report of an exploration as an HTML page.

    Args:
        made: Its answers.
        study: What they are of.
        questions: The questions, by name.
    """
    return fill_page(made, study, questions, make_map(study))


def fill_page(
    made: Exploration, study: Study, questions: Mapping[str, Question], drawn: Map | None
) -> str:
    """The same with a map that is made already; None for none."""
    return render_page(
        "pairsmith.exploring.report",
        "report.html.jinja",
        script=drawn.script if drawn else "",
        styles=drawn.style if drawn else "",
        map=drawn,
        title=title_of(made.folder.parent, study.built),
        made=made,
        sections=[
            _section(made, answer, getattr(questions[answer.question], "plot", None), study)
            for answer in made.answers
        ],
        answered=any(not answer.unanswered for answer in made.answers),
        listed=LISTED,
        file=NAME,
    )


def _section(made: Exploration, answer: Answer, plot: Any, study: Study) -> Section:
    hidden = study.options.no_text
    return Section(
        answer,
        plot(answer) if plot is not None and not answer.unanswered else None,
        [
            (held, effects_table(made, answer, held))
            for held in answer.effects
            if not (held.harmful and hidden)
        ],
        *_fold(tables(answer.numbers), bool(answer.effects)),
        [reading._replace(rows=reading.rows[:LISTED]) for reading in answer.readings],
    )


def _fold(made: list[Table], listed: bool) -> tuple[list[Table], list[Table]]:
    """Tables that are visible at once, and the others: plain values are, where nothing else is."""
    plain = [table for table in made if listed and table.columns == ["", "value"]]
    visible, folded = split([table for table in made if table not in plain])
    return visible, folded + plain


def effects_table(made: Exploration, answer: Answer, held: Effects) -> Table:
    """A list of effects as a table: what is sure among all that is listed is marked."""
    more = list(dict.fromkeys(name for effect in held.effects for name in effect.numbers))
    rows = [
        [
            effect.of,
            _estimate(effect),
            _sure(effect, made.q_of(answer, held, effect)),
            number(effect.rows),
            number(effect.groups),
            *(cell(effect.numbers.get(name)) for name in more),
        ]
        for effect in held.effects[:LISTED]
    ]
    people = "conversations" if answer.question in OF_PAIRS else "people"
    unit = held.effects[0].unit if held.effects else ""
    columns = ["", unit, "sure", "rows", people, *more]
    return Table(held.title, columns, rows, max(0, len(held.effects) - LISTED))


def _estimate(effect: Effect) -> str:
    if effect.estimate is None:
        return "too few"
    if effect.low is None or effect.high is None:
        return number(effect.estimate)
    return f"{number(effect.estimate)} ({number(effect.low)} to {number(effect.high)})"


def _sure(effect: Effect, q: float | None) -> str:
    from pairsmith.exploring.record import SURE as LIMIT

    if effect.estimate is None or q is None:
        return "–"
    return "yes" if q <= LIMIT else "no"
