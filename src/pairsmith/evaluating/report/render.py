"""The report: the verdict first, then each part with its picture and its tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.auditing.report.examples import MAX_CHARS, ExamplePair, read_pairs
from pairsmith.dataset.evaluations import NAME
from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.reader import Dataset
from pairsmith.dataset.report_files import title_of
from pairsmith.evaluating.report import plots, tables
from pairsmith.evaluating.verdict import rate
from pairsmith.reporting.page import render_page
from pairsmith.reporting.svg import Plot
from pairsmith.reporting.tables import Table

if TYPE_CHECKING:
    from pairsmith.evaluating.record import Evaluation

LISTED = 40
"""The most contradicted rows that are listed."""
SHOWN = 8
"""The most of them whose texts are shown, where that is asked for."""


class Section(NamedTuple):
    """A part of the report.

    Attributes:
        name: What it is called in links.
        title: Its heading.
        words: What to know before its numbers.
        plot: Its picture; None if there is none.
        tables: Its tables; the first stands beside the picture.
    """

    name: str
    title: str
    words: str
    plot: Plot | None
    tables: list[Table]


def draw(evaluation: Evaluation, out: Path, built: Manifest, text: bool) -> str:
    """Draws the report of an evaluation as an HTML page.

    Args:
        evaluation: Its numbers.
        out: The folder of the build.
        built: Its manifest.
        text: Whether texts of contradicted rows are shown.
    """
    numbers = evaluation.numbers
    rows = numbers.get("contradicted", {}).get("rows", [])[:LISTED]
    examples: list[ExamplePair] = []
    if text and rows:
        examples = read_pairs(Dataset(out), [row["id"] for row in rows[:SHOWN]])
    return render_page(
        "pairsmith.evaluating.report",
        "report.html.jinja",
        title=title_of(out, built),
        numbers=numbers,
        sections=list(sections_of(evaluation)),
        contradicted=numbers.get("contradicted"),
        listed=rows,
        examples=examples,
        characters=MAX_CHARS,
        file=NAME,
    )


def sections_of(evaluation: Evaluation) -> list[Section]:
    """The parts of the report that there are numbers for."""
    numbers = evaluation.numbers
    made = _of_pairs(evaluation) if "accuracy" in numbers else []
    if "against" in numbers:
        made.append(_of_choosing(evaluation))
    if "dialogues" in numbers:
        held = numbers["dialogues"]
        made.append(
            Section(
                "dialogues",
                "Dialogues",
                f"{held['not_applicable']} Below is {held['unit']}.",
                None,
                [tables.dialogues_table(numbers)],
            )
        )
    return made


def _of_pairs(evaluation: Evaluation) -> list[Section]:
    numbers = evaluation.numbers
    held = numbers["accuracy"]
    wordless = held["no_hashed_words"]
    without = f" There is no baseline of hashed words: {wordless}." if wordless else ""
    return [
        Section(
            "accuracy",
            "Accuracy",
            "How often the chosen reply has the higher score; a tie is wrong, for the model as for "
            f"what it is compared with. Baselines are on the rows that are judged.{without}",
            plots.draw_rates(numbers),
            [tables.accuracy_table(numbers), tables.counts_table(numbers)],
        ),
        Section(
            "calibration",
            "Calibration",
            "How often the model is right, by how sure it is: bins of about equal counts. On few "
            "rows even a calibrated model is off by something, which is told beside the error.",
            plots.draw_calibration(numbers["calibration"]["curve"]),
            [tables.calibration_table(numbers), tables.margins_table(numbers)],
        ),
        Section(
            "length",
            "Length",
            "Whether what it prefers is better, or longer.",
            plots.draw_groups("lengths", held["by_length"], "length"),
            [
                tables.length_table(numbers),
                tables.groups_table("By length of chosen beside rejected", held["by_length"]),
            ],
        ),
        Section(
            "turns",
            "Turns",
            "By which turn of the user is answered"
            + (", and by whether hashed words agree." if "by_hashed_words" in held else "."),
            plots.draw_groups("turns", held["by_turn"], "turn"),
            [
                tables.groups_table("By turn", held["by_turn"]),
                *(
                    [tables.groups_table("Hashed words", held["by_hashed_words"])]
                    if "by_hashed_words" in held
                    else []
                ),
            ],
        ),
    ]


def _of_choosing(evaluation: Evaluation) -> Section:
    held = evaluation.numbers["against"]
    words = (
        f"The first model chooses the best of n replies to a prompt, and {held['scores']['name']} "
        f"says what that is worth. On {held['rows']:,} rows they prefer the same reply in "
        f"{rate(held['agreement'])}. {_on_fall(held['falls'], held['most_candidates'])}"
    )
    if not held["curve"]:
        return Section("choosing", "Best of n", words, None, [])
    picture = plots.draw_choosing(held["curve"])
    return Section(
        "choosing", "Best of n", words, picture, [tables.choosing_table(evaluation.numbers)]
    )


def _on_fall(falls: int | None, most: int) -> str:
    if falls is not None:
        return f"From n = {falls} on, choosing harder loses what was gained: over-optimisation."
    if most <= 2:
        return (
            "No prompt has more than two replies here, so n ends at 2: this tells agreement, and "
            "nothing of over-optimisation."
        )
    return f"Up to n = {most:,} the second model's gain does not surely fall."
