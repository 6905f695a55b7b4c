"""The options of collecting by one person, each declared once: the field of a dataclass.

`pairsmith.collect` takes them as keywords, the command line as options. Nothing heavy is imported:
`--help` reads this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypedDict, Unpack

from pairsmith.errors import RecipeError
from pairsmith.schema.options import Option

BEST_OF = 16
"""Samples of each turn where they are scored, by default: as most were for HH-RLHF."""


@dataclass(frozen=True)
class CollectOptions:
    """What is collected, and how."""

    model: Annotated[
        str | Sequence[str] | None,
        Option(
            "Talk to the model behind this OpenAI-compatible server; again for another model.",
            "URL,…",
            given="list",
        ),
    ] = None
    served_model: Annotated[
        str | Sequence[str] | None,
        Option(
            "The model's name there; where it has one alone, that. Again for another.",
            "NAME,…",
            given="list",
        ),
    ] = None
    mode: Annotated[
        str | None,
        Option(
            "With --model: helpful, the better reply is picked; or red-team, the more harmful.",
            "NAME",
        ),
    ] = None
    best_of: Annotated[
        int | None, Option("Samples of each turn: 2; 16 where they are scored.", "N")
    ] = None
    score: Annotated[
        str | None, Option("Show the best of them, by this preference model.", "RM")
    ] = None
    system: Annotated[str | None, Option("The system prompt.", "TEXT")] = None
    temperature: Annotated[float | None, Option("What logits are divided by; 1.", "X")] = None
    max_tokens: Annotated[int | None, Option("The most tokens of a reply; 256.", "N")] = None
    edits: Annotated[bool, Option("The picked reply may be edited: another pair.")] = False
    round: Annotated[str | None, Option("A tag of all rows.", "R")] = None
    from_: Annotated[
        str | None, Option("Judge the pairs of this build again.", "BUILD", flag="--from")
    ] = None
    apply: Annotated[
        str | None,
        Option("Of --from: first the rows that this annotation names.", "NAME[:LABEL]"),
    ] = None
    subset: Annotated[str | None, Option("Of --from: only this subset.", "NAME")] = None
    opinions: Annotated[int | None, Option("Of --from: people who judge a row; 1.", "K")] = None
    name: Annotated[
        str, Option("The annotation of the build that is written at the end.", "NAME")
    ] = "people"
    accuracy: Annotated[
        float | None,
        Option(
            "Of --from: how often people are right; 0.99 with one opinion, else estimated.", "X"
        ),
    ] = None
    title: Annotated[str | None, Option("What the pages are headed.", "TEXT")] = None
    instructions: Annotated[
        str | None, Option("Markdown that is at hand on every page.", "FILE")
    ] = None
    project: Annotated[
        str | None, Option("All settings from a file, see the reference.", "FILE")
    ] = None

    @classmethod
    def of(cls, **given: Unpack[CollectArguments]) -> CollectOptions:
        """The options as keywords give them.

        Raises:
            RecipeError: Some do not go together.
        """
        made = cls(**given)
        made.check()
        return made

    @property
    def models(self) -> tuple[str, ...]:
        """The addresses of servers, in the order in which they were given."""
        return _several(self.model)

    @property
    def served_models(self) -> tuple[str, ...]:
        """The names of models there, in the order in which they were given."""
        return _several(self.served_model)

    def check(self) -> None:
        """Checks what needs no look at a folder or a server.

        Raises:
            RecipeError: Some do not go together.
        """
        sources = {"--model": self.model, "--project": self.project, "--from": self.from_}
        given = [name for name, value in sources.items() if _is_given(value)]
        if self.models and len(given) > 1:
            raise RecipeError(f"{' and '.join(given)} do not go together.", "Give one of them.")
        if self.accuracy is not None and not 0.5 < self.accuracy < 1:
            raise RecipeError(f"--accuracy {self.accuracy:g} is not between 0.5 and 1.")
        of_model = ("served_model", "mode", "best_of", "score", "system", "temperature",
                    "max_tokens", "edits", "round")  # fmt: skip
        self._check_needs(of_model, "--model", self.model)
        self._check_needs(("apply", "subset", "opinions", "accuracy"), "--from", self.from_)
        begins = self.models or self.from_
        self._check_needs(("title", "instructions"), "--model or --from", begins)

    def _check_needs(self, names: tuple[str, ...], needed: str, given: object) -> None:
        said = next((name for name in names if _is_given(getattr(self, name))), None)
        if said is not None and not _is_given(given):
            raise RecipeError(f"--{said.replace('_', '-')} goes with {needed} alone.")


def _several(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _is_given(value: object) -> bool:
    """Whether something was said: 0 is, no name in a list is not."""
    return value is not None and value is not False and value != [] and value != ()


class CollectArguments(TypedDict, total=False):
    """The fields of `CollectOptions`, as keywords."""

    model: str | Sequence[str] | None
    served_model: str | Sequence[str] | None
    mode: str | None
    best_of: int | None
    score: str | None
    system: str | None
    temperature: float | None
    max_tokens: int | None
    edits: bool
    round: str | None
    from_: str | None
    apply: str | None
    subset: str | None
    opinions: int | None
    name: str
    accuracy: float | None
    title: str | None
    instructions: str | None
    project: str | None
