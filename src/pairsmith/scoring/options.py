"""The options of scoring, each declared and documented once: the field of a dataclass.

`pairsmith.score` takes them as keywords, the command line as options. Nothing heavy is imported:
`--help` reads this module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, TypedDict, Unpack

from pairsmith.errors import RecipeError
from pairsmith.schema.options import Option

BATCH_TOKENS = 16_384
"""Tokens and padding in a batch, by default."""


@dataclass(frozen=True)
class ScoreOptions:
    """How rows are scored."""

    max_length: Annotated[
        int | None,
        Option(
            "Leave out texts of more tokens; the run's max_length, or what the model takes.", "N"
        ),
    ] = None
    cut: Annotated[bool, Option("Score the end of longer texts instead.")] = False
    batch_tokens: Annotated[int, Option("Tokens and padding in a batch, at most.", "N")] = (
        BATCH_TOKENS
    )
    device: Annotated[str, Option("cpu, cuda:0, …; auto for GPUs where there are any.", "NAME")] = (
        "auto"
    )
    dtype: Annotated[str, Option("float32, bfloat16 or float16; auto for float32.", "NAME")] = (
        "auto"
    )
    endpoint: Annotated[
        str | None,
        Option(
            "A server that has the model: vLLM's or SGLang's /classify, OpenRLHF's /get_reward.",
            "URL",
        ),
    ] = None
    served_model: Annotated[str | None, Option("The model's name at the endpoint.", "NAME")] = None
    tolerance: Annotated[
        float,
        Option("How far scores of the endpoint may be from the model's, for scores up to 1.", "X"),
    ] = 0.01
    engine: Annotated[str, Option("Where the work is done: {engines}.", "NAME")] = "local"
    workers: Annotated[
        int | None,
        Option("Processes that work at once, each with a model; one a GPU, or one.", "N"),
    ] = None
    address: Annotated[
        str | None, Option("Of a Ray cluster: auto, HOST:6379, ray://HOST:10001.", "ADDRESS")
    ] = None
    force: Annotated[bool, Option("Begin anew over scores left unfinished with other options.")] = (
        False
    )

    @classmethod
    def of(cls, **given: Unpack[ScoreArguments]) -> ScoreOptions:
        """The options as keywords give them.

        Raises:
            RecipeError: A value is out of range.
        """
        made = cls(**given)
        made.check()
        return made

    def check(self) -> None:
        """Checks values that no model is needed to judge.

        Raises:
            RecipeError: One is out of range.
        """
        from pairsmith.engines import ENGINES

        for name in ("max_length", "batch_tokens", "workers"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise RecipeError(f"--{name.replace('_', '-')} {number} is less than 1.")
        if not 0 < self.tolerance < math.inf:
            raise RecipeError(f"--tolerance {self.tolerance} is not a number above 0.")
        if self.endpoint is None and self.served_model is not None:
            raise RecipeError("--served-model is of an endpoint.", "Add --endpoint URL.")
        if self.engine not in ENGINES:
            raise RecipeError(
                f"There is no engine {self.engine!r}.", f"Engines: {', '.join(ENGINES)}."
            )
        if self.address is not None and not ENGINES[self.engine].takes_address:
            raise RecipeError("--address is of a Ray cluster.", "Add --engine ray.")


class ScoreArguments(TypedDict, total=False):
    """The fields of `ScoreOptions`, as keywords."""

    max_length: int | None
    cut: bool
    batch_tokens: int
    device: str
    dtype: str
    endpoint: str | None
    served_model: str | None
    tolerance: float
    engine: str
    workers: int | None
    address: str | None
    force: bool
