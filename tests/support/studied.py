"""Questions of an exploration put to planted attacks, without a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from pairsmith.exploring.answer import Answer, Effect, Study, UnansweredError
from pairsmith.exploring.options import ExploreOptions
from pairsmith.exploring.questions import OF_DIALOGUES, words
from support.planted_attempts import PlantedAttempts, attempts_of


def study_of(planted: PlantedAttempts, **options: Any) -> Study:
    """What a question is given of planted attacks."""
    return Study(Path(), None, ExploreOptions(**options), attempts_of(planted))


def ask(name: str, planted: PlantedAttempts) -> Answer:
    """The answer of a question; that of words is given what the authors wrote.

    Raises:
        UnansweredError: There is none.
    """
    study = study_of(planted)
    if name != "words":
        return OF_DIALOGUES[name](study)
    rows = words.choose_rows(study.dialogues, 0)
    said = ["\n".join([planted.task[row], *planted.asked[row]]) for row in rows.tolist()]
    return words.answer(study.dialogues, rows, pa.array(said), False)


def ask_all(names: Iterable[str], planted: PlantedAttempts) -> list[Answer]:
    """The answers of those questions that have one."""
    given = []
    for name in names:
        try:
            given.append(ask(name, planted))
        except UnansweredError:
            continue
    return given


def effects_of(answer: Answer) -> dict[str, Effect]:
    """All effects of an answer by what they are of."""
    return {effect.of: effect for listed in answer.effects for effect in listed.effects}
