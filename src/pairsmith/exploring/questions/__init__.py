"""The questions of an exploration: one file each, from a `Study` to an `Answer`.

To add a question, here:

1. a file in this folder with `TITLE`, what the report calls it; `ask`, a function from a `Study` to
   an `Answer`, which raises `UnansweredError` where the data give none; and, if it has a picture,
   `plot`, from an `Answer` to a `pairsmith.reporting.svg.Plot`, or None;
2. a line in `OF_DIALOGUES` or in `OF_PAIRS`, in the place where it is to be asked;
3. tests in `tests/exploring/questions/`, with a planted effect and with none; a section in
   `docs/reference/exploration.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pairsmith.auditing.questions import accept
from pairsmith.plugins import Registry

if TYPE_CHECKING:
    from pairsmith.exploring.answer import Question


def _accept(held: Any) -> Question | None:
    """A module with what a question needs, as for an audit's; or a function of a study."""
    return cast("Question | None", accept(held))


OF_DIALOGUES: Registry[Question] = Registry(
    "pairsmith.explorations.dialogues",
    "question",
    {
        "models": "pairsmith.exploring.questions.models",
        "people": "pairsmith.exploring.questions.people",
        "tags": "pairsmith.exploring.questions.tags",
        "topics": "pairsmith.exploring.questions.topics",
        "words": "pairsmith.exploring.questions.words",
        "course": "pairsmith.exploring.questions.course",
        "agreement": "pairsmith.exploring.questions.agreement",
    },
    _accept,
)
"""Those about red-team dialogues, in the order in which they are put."""

OF_PAIRS: Registry[Question] = Registry(
    "pairsmith.explorations.pairs",
    "question",
    {
        "pair_topics": "pairsmith.exploring.questions.pair_topics",
        "pair_words": "pairsmith.exploring.questions.pair_words",
        "pair_form": "pairsmith.exploring.questions.pair_form",
    },
    _accept,
)
"""Those about preference pairs."""
