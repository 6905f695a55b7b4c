"""The options of generating, each declared and documented once: the field of a dataclass.

`pairsmith.generate` takes them as keywords, the command line as options. Nothing heavy is imported:
`--help` reads this module.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypedDict, Unpack

from pairsmith.errors import RecipeError
from pairsmith.schema.options import Option

AGAINST = ("worst", "random", "second")
"""What the best sample is paired with."""

MOST_SAMPLES = 4_096
"""Of a prompt."""

MOST_ROUND = 64
"""Characters of a round's tag."""


@dataclass(frozen=True)
class GenerateOptions:
    """What decides the samples, besides the prompts and the models."""

    best_of: Annotated[int, Option("Samples of each prompt.", "N")] = 16
    against: Annotated[
        str,
        Option("What the best is paired with: the worst, a random other, the second.", "WHICH"),
    ] = "worst"
    temperature: Annotated[float, Option("Of the samples; 0 for the most probable one.", "T")] = 1.0
    top_p: Annotated[
        float, Option("Draw from the tokens whose probabilities sum to this.", "SHARE")
    ] = 1.0
    max_tokens: Annotated[int, Option("The most tokens of a sample.", "N")] = 256
    seed: Annotated[int, Option("What seeds of samples are made from.", "N")] = 0
    round: Annotated[
        str | None, Option("A tag that rows carry, of the round that they are of.", "TAG")
    ] = None
    subset: Annotated[
        str | None,
        Option("Prompts of this subset alone; of red-team-attempts the opening turns.", "NAME"),
    ] = None
    split: Annotated[str | None, Option("Prompts of splits of this name alone.", "NAME")] = None
    limit: Annotated[
        int | None,
        Option("At most N prompts of each split, which their hashes choose.", "N"),
    ] = None
    test: Annotated[
        float | None,
        Option("Of a file of prompts: the share that goes to test, as pairsmith split.", "SHARE"),
    ] = None
    dtype: Annotated[
        str, Option("Of weights: float32, bfloat16 or float16; auto for float32.", "NAME")
    ] = "auto"
    batch_tokens: Annotated[int, Option("Tokens and padding in a batch, at most.", "N")] = 16_384

    def check(self) -> None:
        """Checks values that no model is needed to judge.

        Raises:
            RecipeError: One is out of range.
        """
        from pairsmith.models.devices import DTYPES
        from pairsmith.models.generation.sample import Sampling

        Sampling(self.temperature, self.top_p, self.max_tokens)
        if not 1 <= self.best_of <= MOST_SAMPLES:
            raise RecipeError(
                f"--best-of {self.best_of} is out of range.", f"Use 1 to {MOST_SAMPLES:,}."
            )
        for name in ("limit", "batch_tokens"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise RecipeError(f"--{name.replace('_', '-')} {number} is less than 1.")
        if self.against not in AGAINST:
            raise RecipeError(
                f"The best cannot be paired with {self.against!r}.", f"Use {', '.join(AGAINST)}."
            )
        if self.dtype != "auto" and self.dtype not in DTYPES:
            raise RecipeError(f"{self.dtype!r} is no type of weights.", f"Use {', '.join(DTYPES)}.")
        if self.test is not None and not 0 < self.test < 1:
            raise RecipeError(f"{self.test:g} is no share of a test split.", "Write --test 0.05.")
        tag = self.round
        if tag is not None and not (0 < len(tag) <= MOST_ROUND and tag.isprintable()):
            raise RecipeError(
                "The tag of a round is empty, too long, or no line of text.", "Write --round 1."
            )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class WorkOptions:
    """How the work is done, which decides nothing of what is written."""

    at_once: Annotated[
        int, Option("Requests that are on their way together to an endpoint.", "N")
    ] = 8
    timeout: Annotated[
        float, Option("Seconds that an endpoint may take for a sample.", "SECONDS")
    ] = 300.0
    device: Annotated[str, Option("cpu, cuda:0, …; auto for GPUs where there are any.", "NAME")] = (
        "auto"
    )
    engine: Annotated[str, Option("Where the work is done: {engines}.", "NAME")] = "local"
    workers: Annotated[
        int | None,
        Option("Processes that work at once, each with the models; one a GPU, or one.", "N"),
    ] = None
    address: Annotated[
        str | None, Option("Of a Ray cluster: auto, HOST:6379, ray://HOST:10001.", "ADDRESS")
    ] = None
    force: Annotated[bool, Option("Replace samples that were made with other options.")] = False

    def check(self) -> None:
        """Checks the values.

        Raises:
            RecipeError: One is out of range.
        """
        from pairsmith.engines import ENGINES

        if not 1 <= self.at_once <= 1_000:
            raise RecipeError(f"--at-once {self.at_once} is out of range.", "Use 1 to 1,000.")
        if not 0 < self.timeout < math.inf:
            raise RecipeError(f"--timeout {self.timeout} is no number of seconds above 0.")
        if self.workers is not None and self.workers < 1:
            raise RecipeError(f"--workers {self.workers} is less than 1.")
        if self.engine not in ENGINES:
            raise RecipeError(
                f"There is no engine {self.engine!r}.", f"Engines: {', '.join(ENGINES)}."
            )
        if self.address is not None and not ENGINES[self.engine].takes_address:
            raise RecipeError("--address is of a Ray cluster.", "Add --engine ray.")


class GenerateArguments(TypedDict, total=False):
    """The fields of `GenerateOptions` and `WorkOptions`, as keywords."""

    best_of: int
    against: str
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    round: str | None
    subset: str | None
    split: str | None
    limit: int | None
    test: float | None
    dtype: str
    batch_tokens: int
    at_once: int
    timeout: float
    device: str
    engine: str
    workers: int | None
    address: str | None
    force: bool


def read_arguments(**given: Unpack[GenerateArguments]) -> tuple[GenerateOptions, WorkOptions]:
    """The options as keywords give them.

    Raises:
        RecipeError: A value is out of range.
    """
    held: dict[str, Any] = dict(given)
    names = GenerateOptions.__dataclass_fields__
    options = GenerateOptions(**{name: held.pop(name) for name in [*held] if name in names})
    how = WorkOptions(**held)
    options.check()
    how.check()
    return options, how
