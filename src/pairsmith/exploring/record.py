"""An exploration as a whole, and its files: the report and the numbers, put last."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pairsmith.dataset.explorations import FOLDER, NAME, REPORT
from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.report_files import check_place, may_replace, read_former, replacing
from pairsmith.errors import OutputError
from pairsmith.exploring.answer import Answer, Effect, Effects
from pairsmith.io.durable import write_text_durably

FORMAT = 1
ANNOTATION = "explore"
MARKS = {NAME: b'"verdict": [', REPORT: b'<p class="eyebrow">pairsmith explore</p>'}
"""What tells the files of an exploration from others of their names."""

SURE = 0.05
"""An effect is called sure where its q-value, among all that are listed, is at most this."""


@dataclass(frozen=True)
class Exploration:
    """What was asked of a build's contents, and what came out.

    Attributes:
        pairsmith: The version that asked.
        manifest: The sha256 of the build's `manifest.json`, which tells the build.
        options: What was asked for, as JSON has it.
        dialogues, pairs: Kept rows of either kind.
        verdict: At most five sentences.
        answers: In the order in which they were asked.
        chances: The q-value of every effect that has a p-value: by question, title of the list,
            and name of the effect.
        folder: Where the files lie. Not written.
        former: Questions of an earlier exploration of the same build that were not put this time,
            whose answers these take the place of. Not written.
    """

    pairsmith: str
    manifest: str
    options: dict[str, Any]
    dialogues: int
    pairs: int
    verdict: tuple[str, ...]
    answers: tuple[Answer, ...]
    chances: dict[tuple[str, str, str], float]
    folder: Path = field(default=Path(), compare=False)
    former: tuple[str, ...] = ()

    def q_of(self, answer: Answer, listed: Effects, effect: Effect) -> float | None:
        """The q-value of an effect; None where it has none."""
        return self.chances.get((answer.question, listed.title, effect.of))

    def to_dict(self) -> dict[str, Any]:
        """As `explore.json` holds it: equal builds, options and seeds give equal numbers."""
        return {
            "format": FORMAT,
            "pairsmith": self.pairsmith,
            "manifest": self.manifest,
            "options": self.options,
            "rows": {"dialogues": self.dialogues, "pairs": self.pairs},
            "verdict": list(self.verdict),
            "sure": {
                "by": "Benjamini-Hochberg, all lists together, each with the same share",
                "q": SURE,
                "compared": len(self.chances),
                "found": sum(q <= SURE for q in self.chances.values()),
            },
            "answers": [self._answer(answer) for answer in self.answers],
        }  # fmt: skip

    def _answer(self, answer: Answer) -> dict[str, Any]:
        return {
            "question": answer.question,
            "title": answer.title,
            "sentence": answer.sentence,
            "numbers": answer.numbers,
            "effects": [
                {
                    "title": listed.title,
                    "words": listed.words,
                    "effects": [
                        {**effect._asdict(), "q": self.q_of(answer, listed, effect)}
                        for effect in listed.effects
                    ],
                }
                for listed in answer.effects
            ],
            "readings": [
                {
                    "label": reading.label,
                    "title": reading.title,
                    "rows": [row._asdict() for row in reading.rows],
                }
                for reading in answer.readings
            ],
            "unanswered": answer.unanswered or None,
        }

    def to_json(self) -> str:
        """The text of `explore.json`."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def place_of(out: Path, built: Manifest) -> Path:
    """Where the files of an exploration go.

    Raises:
        OutputError: Something else is there, or the build has a subset of the folder's name.
    """
    place = check_place(out, built, FOLDER, "exploration")
    if not may_replace(place, MARKS):
        raise OutputError(
            f"{place} holds a {REPORT} or {NAME} of something else.",
            "The exploration would lie there: move it away.",
        )
    return place


def beside_former(made: Exploration) -> Exploration:
    """An exploration, with what its folder holds of an earlier one of the same build."""
    answers = read_former(made.folder / NAME, made.manifest).get("answers", [])
    asked = {answer.question for answer in made.answers}
    others = [answer["question"] for answer in answers if answer["question"] not in asked]
    return replace(made, former=tuple(others))


def write(made: Exploration, report: str) -> None:
    """Writes the files of an exploration in place of an earlier one's; the numbers come last.

    Raises:
        OutputError: The folder cannot be written.
    """
    folder = made.folder
    with replacing(folder, (REPORT, NAME)):
        write_text_durably(folder / REPORT, report)
        write_text_durably(folder / NAME, made.to_json())
