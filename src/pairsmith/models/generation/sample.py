"""What a model is asked for, and what it wrote: the same for a model at hand and for a server."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from pairsmith.errors import RecipeError
from pairsmith.tokens.reward_ids import Said

MOST_TOKENS = 1_000_000
"""Of a reply; more than any model writes."""

COLDEST = 1e-6
"""The least temperature above 0: what is divided by less is soon no number."""

SEED_BITS = 31
"""Of a seed: servers take no more of a whole number, or not its sign."""

STOP, LENGTH = "stop", "length"
"""How a reply ended: by the model itself, or at the most tokens that it may have."""


@dataclass(frozen=True)
class Sampling:
    """How replies are drawn.

    Attributes:
        temperature: What logits are divided by; 0 for the most probable token each time.
        top_p: Tokens are drawn from the most probable ones whose probabilities sum to this.
        max_tokens: The most tokens of a reply.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 256

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            RecipeError: One is out of range.
        """
        if not 0 <= self.temperature <= 100:
            raise RecipeError(f"A temperature of {self.temperature:g} is not between 0 and 100.")
        if 0 < self.temperature < COLDEST:
            raise RecipeError(
                f"A temperature of {self.temperature:g} is below {COLDEST:g}.",
                "Take 0 for the most probable token each time.",
            )
        if not 0 < self.top_p <= 1:
            raise RecipeError(f"A top_p of {self.top_p:g} is not above 0 and at most 1.")
        if not 1 <= self.max_tokens <= MOST_TOKENS:
            raise RecipeError(f"{self.max_tokens:,} tokens are not between 1 and {MOST_TOKENS:,}.")


class Sample(NamedTuple):
    """A reply that a model wrote.

    Attributes:
        text: What it says, without special tokens.
        seed: That it was drawn with.
        finish_reason: How it ended: `stop`, `length`, or as a server says.
        tokens: How many it has, with the one that ended it; None where a server does not tell.
        ids: Their ids; None from a server.
        log_prob: The sum over them of the logarithms of the probabilities that they were drawn
            with; None from a server.
        seconds: That it took; of a batch, those of the batch.
    """

    text: str
    seed: int
    finish_reason: str
    tokens: int | None
    ids: tuple[int, ...] | None
    log_prob: float | None
    seconds: float


class Failed(NamedTuple):
    """A sample that there is none of.

    Attributes:
        seed: That was asked with.
        kind: What went wrong, as `endpoint.FAULTS` has it.
        said: The same in a sentence, with a few of the server's words.
        seconds: That passed.
    """

    seed: int
    kind: str
    said: str
    seconds: float


def seed_of(seed: int, prompt: Said, number: int) -> int:
    """The seed of one sample of a prompt, which depends on nothing else.

    Samples of different prompts are drawn with different random numbers, and the same prompt gets
    the same ones in whatever file it stands.

    Args:
        seed: Of the whole.
        prompt: The prompt.
        number: The sample's, from 0.

    Returns:
        A whole number of `SEED_BITS` bits.
    """
    text = json.dumps([seed, prompt, number], ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - SEED_BITS)
