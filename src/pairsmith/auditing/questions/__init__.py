"""The questions of an audit: one file each, from a `Study` to an `Answer`.

To add a question, here:

1. a file in this folder with `TITLE`, what the report calls it; `ask`, a function from a `Study` to
   an `Answer`, which raises `UnansweredError` where the data give none; and, if bars of the
   answer's numbers will not do, `plot`, from an `Answer` to a `Plot`, or None (see
   `pairsmith.auditing.report.plots`);
2. a line in `QUESTIONS`, in the place where it is to be asked;
3. tests in `tests/auditing/questions/`, a line in `test_plots.py`, a section in
   `docs/how-to/audit.md`.

From a package of your own: the same file, and an entry point of the group `pairsmith.questions`
that names the module.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pairsmith.plugins import Registry

if TYPE_CHECKING:
    from pairsmith.auditing.answer import Answer, Question, Study
    from pairsmith.auditing.report.plots import Draw


@dataclass(frozen=True)
class InModule:
    """A question that is a module.

    Attributes:
        module: With `TITLE`, `ask` and perhaps `plot`.
    """

    module: ModuleType

    @property
    def title(self) -> str:
        """What the report calls it."""
        return str(self.module.TITLE)

    @property
    def plot(self) -> Draw | None:
        """Draws its answers; None where bars do."""
        draw: Draw | None = getattr(self.module, "plot", None)
        return draw

    def __call__(self, study: Study) -> Answer:
        """Puts it to a study."""
        answer: Answer = self.module.ask(study)
        return answer


def accept(held: Any) -> Question | None:
    """A module with what a question needs, or a function of a study."""
    if isinstance(held, ModuleType):
        return InModule(held) if hasattr(held, "ask") and hasattr(held, "TITLE") else None
    question: Question | None = held if callable(held) else None
    return question


QUESTIONS: Registry[Question] = Registry(
    "pairsmith.questions",
    "question",
    {
        "duplicates": "pairsmith.auditing.questions.duplicates",
        "near": "pairsmith.auditing.questions.near_duplicates",
        "leaks": "pairsmith.auditing.questions.leaks",
        "direction": "pairsmith.auditing.questions.direction",
        "length": "pairsmith.auditing.questions.length",
        "labels": "pairsmith.auditing.questions.labels",
        "words": "pairsmith.auditing.questions.words",
        "turns": "pairsmith.auditing.questions.turns",
        "text": "pairsmith.auditing.questions.content",
        "languages": "pairsmith.auditing.questions.languages",
        "tokens": "pairsmith.auditing.questions.tokens",
    },
    accept,
)
"""All questions, in the order in which they are put."""
