"""The options of collecting by one person, each declared once: the field of a dataclass.

`pairsmith.collect` takes them as keywords, the command line as options. Nothing heavy is imported:
`--help` reads this module.
"""

from __future__ import annotations

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
        str | None, Option("Talk to the model behind this OpenAI-compatible server.", "URL")
    ] = None
    served_model: Annotated[
        str | None, Option("The model's name there; where it has one alone, that.", "NAME")
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

    def check(self) -> None:
        """Checks what needs no look at a folder or a server.

        Raises:
            RecipeError: Some do not go together.
        """
        sources = {"--model": self.model, "--project": self.project, "--from": self.from_}
        given = [name for name, value in sources.items() if value is not None]
        if self.model is not None and len(given) > 1:
            raise RecipeError(f"{' and '.join(given)} do not go together.", "Give one of them.")
        if self.accuracy is not None and not 0.5 < self.accuracy < 1:
            raise RecipeError(f"--accuracy {self.accuracy:g} is not between 0.5 and 1.")
        of_model = ("served_model", "mode", "best_of", "score", "system", "temperature",
                    "max_tokens", "edits", "round")  # fmt: skip
        self._check_needs(of_model, "--model", self.model)
        self._check_needs(("apply", "subset", "opinions", "accuracy"), "--from", self.from_)
        begins = self.model or self.from_
        self._check_needs(("title", "instructions"), "--model or --from", begins)

    def _check_needs(self, names: tuple[str, ...], needed: str, given: str | None) -> None:
        said = next((name for name in names if getattr(self, name) not in (None, False)), None)
        if said is not None and given is None:
            raise RecipeError(f"--{said.replace('_', '-')} goes with {needed} alone.")


class CollectArguments(TypedDict, total=False):
    """The fields of `CollectOptions`, as keywords."""

    model: str | None
    served_model: str | None
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
