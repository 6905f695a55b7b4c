"""Replies from a server of chat completions, as OpenAI's protocol has them.

vLLM, SGLang, llama.cpp, Ollama and `transformers serve` speak it. Every sample is a request with a
seed of its own: some servers ignore `n` without a word, others refuse it. Whatever a server does
wrong with one sample is a value, a `Failed`; nothing of it is raised. What it says is bounded in
bytes and in time, and none of it is trusted: a model that answers under another name than asked is
told, and calls of tools are no replies.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult

from pairsmith.errors import ModelError, RecipeError
from pairsmith.io import wire
from pairsmith.io.addresses import split_address
from pairsmith.models.generation.sample import Failed, Sample, Sampling
from pairsmith.schema.messages import Message

AT_ONCE = 8
"""Requests that are on their way together."""

ROUTE, MODELS = "/chat/completions", "/models"

REFUSED, UNFIT, OTHER_MODEL, NO_CHOICE, COUNT, TOOL_CALL, NO_CONTENT, MALFORMED = (
    "refused", "unfit", "other_model", "no_choice", "other_count", "tool_call", "no_content",
    "malformed",
)  # fmt: skip
FAULTS = (
    wire.AWAY, wire.BUSY, wire.CUT, wire.LARGE, wire.LATE, wire.NO_JSON, wire.STOPPED,
    REFUSED, UNFIT, OTHER_MODEL, NO_CHOICE, COUNT, TOOL_CALL, NO_CONTENT, MALFORMED,
)  # fmt: skip
"""Kinds of what can be wrong with a sample."""

OF_THE_QUESTION = frozenset({400, 413, 422})
"""What servers say to one question that they do not take, as to a prompt that is too long: `UNFIT`,
where any other refusal is `REFUSED`."""

OF_THE_SERVER = frozenset({wire.AWAY, wire.BUSY, wire.NO_JSON, REFUSED, OTHER_MODEL})
"""Those after which another sample would most likely come to the same."""

ENVELOPE, BYTES_OF_TOKEN = 1 << 16, 64
"""Bytes that an answer may have besides a reply, and for each token of that."""

MOST_LISTED = 8 << 20
"""Bytes of the list of models: those that have thousands of them take about one mebibyte."""

MOST_NAME = 300
"""Characters of a model's name."""

MOST_TOKENS = (1 << 31) - 1
"""The most tokens that a server is believed to have written: more is no number of tokens."""

MODELS_SHOWN = 5


@dataclass(frozen=True)
class Endpoint:
    """A server of chat completions, and the model that is asked there.

    Attributes:
        address: With the route to chat completions.
        model: The model's name there.
    """

    address: SplitResult
    model: str

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return wire.shown(self.address)

    def write(
        self,
        messages: Sequence[Message],
        seeds: Sequence[int],
        sampling: Sampling,
        patience: wire.Patience | None = None,
        at_once: int = AT_ONCE,
    ) -> list[Sample | Failed]:
        """Asks for replies to one conversation, all at the same time.

        Args:
            messages: The conversation; it ends with the user's message.
            seeds: One for each reply.
            sampling: How they are to be drawn.
            patience: How long to wait, and what ends it sooner; None for as long as usual. How
                much is read of an answer depends on the tokens of a reply besides.
            at_once: The most requests that are on their way together.

        Returns:
            For each seed a sample, or what went wrong.
        """
        held = self._bounded(patience or wire.Patience.usual(), sampling)
        if len(seeds) == 1:
            return [self._write_one(messages, seeds[0], sampling, held)]
        with ThreadPoolExecutor(max(1, min(at_once, len(seeds)))) as pool:
            asked = [pool.submit(self._write_one, messages, seed, sampling, held) for seed in seeds]
            try:
                return [one.result() for one in asked]
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _bounded(self, patience: wire.Patience, sampling: Sampling) -> wire.Patience:
        most = ENVELOPE + BYTES_OF_TOKEN * sampling.max_tokens
        return replace(patience, most_bytes=min(patience.most_bytes, most))

    def _write_one(
        self, messages: Sequence[Message], seed: int, sampling: Sampling, patience: wire.Patience
    ) -> Sample | Failed:
        question = {
            "model": self.model,
            "messages": [*messages],
            "seed": seed,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stream": False,
        }
        began = time.monotonic()
        try:
            answer = wire.ask(self.address, question, patience)
            text, reason, tokens = self._read(answer)
        except wire.AnswerError as error:
            return Failed(seed, error.kind, error.message, time.monotonic() - began)
        except wire.RefusedError as error:
            told = f"{error}: {error.said}" if error.said else str(error)
            said = f"{self.name} refuses to answer: {told}."
            kind = UNFIT if error.status in OF_THE_QUESTION else REFUSED
            return Failed(seed, kind, said, time.monotonic() - began)
        return Sample(text, seed, reason, tokens, None, None, time.monotonic() - began)

    def _read(self, answer: Any) -> tuple[str, str, int | None]:
        """The text of an answer, how it ended, and its number of tokens.

        Raises:
            AnswerError: It holds no reply.
        """
        if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
            raise self._fault("gives an answer without choices", MALFORMED)
        found = answer.get("model")
        if isinstance(found, str) and not is_same_model(found, self.model):
            told = f"answers for another model: {_short(found)!r}, not {_short(self.model)!r}"
            raise self._fault(told, OTHER_MODEL)
        choices = answer["choices"]
        if len(choices) != 1:
            told = f"gives {len(choices):,} choices, and one was asked for"
            raise self._fault(told, COUNT if choices else NO_CHOICE)
        choice = choices[0] if isinstance(choices[0], dict) else {}
        text = self._text_of(choice.get("message"))
        reason, usage = choice.get("finish_reason"), answer.get("usage")
        tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
        return (
            text,
            wire.words_of(reason) if isinstance(reason, str) and reason else "unknown",
            tokens if type(tokens) is int and 0 <= tokens <= MOST_TOKENS else None,
        )

    def _text_of(self, message: Any) -> str:
        if not isinstance(message, dict):
            raise self._fault("gives a choice without a message", MALFORMED)
        if message.get("tool_calls") or message.get("function_call"):  # the older name of one
            raise self._fault("calls a tool in place of a reply", TOOL_CALL)
        text = message.get("content")
        if text is None:
            raise self._fault("gives a message without content", NO_CONTENT)
        if not isinstance(text, str):
            raise self._fault("gives a message whose content is no text", MALFORMED)
        try:
            text.encode()
        except UnicodeEncodeError:  # half a pair of surrogates
            raise self._fault("gives a message that is no Unicode", MALFORMED) from None
        return text

    def _fault(self, told: str, kind: str) -> wire.AnswerError:
        return wire.AnswerError(f"{self.name} {told}.", kind=kind)


def is_same_model(found: str, wanted: str) -> bool:
    """Whether a server answers for the model that was asked; a revision may follow its name."""
    return found == wanted or found.partition("@")[0] == wanted


def parse_address(given: str) -> SplitResult:
    """Takes the address of a server apart, with the route to chat completions.

    >>> parse_address("http://127.0.0.1:8000").path
    '/v1/chat/completions'

    Raises:
        RecipeError: It is none.
    """
    parts = split_address(
        given,
        f"Write http://HOST:PORT, whose /v1{ROUTE} is asked, or the route too. "
        "transformers serve, vLLM, llama.cpp and Ollama are such servers.",
    )
    path = parts.path.rstrip("/") or "/v1"
    if not path.endswith(ROUTE):
        path += ROUTE
    return parts._replace(path=path, fragment="")


def open_endpoint(
    given: str, model: str | None = None, patience: wire.Patience | None = None
) -> Endpoint:
    """A server made ready: its address, and the name of the model there.

    Args:
        given: The address.
        model: The model's name there; None to ask the server, which may have only one.
        patience: How long to wait; None for as long as usual.

    Raises:
        RecipeError: The address is none.
        ModelError: The server does not tell its models, or several, or the name is none.
    """
    address = parse_address(given)
    if model is not None:
        if not _is_name(model):
            raise RecipeError("The name of the model at the endpoint is none.")
        return Endpoint(address, model)
    names = list_models(address, patience)
    if len(names) != 1:
        listed = ", ".join(_short(name) for name in names[:MODELS_SHOWN])
        more = f" and {len(names) - MODELS_SHOWN} more" if len(names) > MODELS_SHOWN else ""
        raise ModelError(
            f"{wire.shown(address)} serves {len(names)} models"
            f"{f': {listed}{more}' if names else ''}.",
            "Name one with --served-model NAME.",
        )
    return Endpoint(address, names[0])


def list_models(address: SplitResult, patience: wire.Patience | None = None) -> list[str]:
    """The names of the models that a server has.

    Args:
        address: With the route to chat completions.
        patience: How long to wait; None for as long as usual.

    Raises:
        ModelError: It does not tell them.
        RecipeError: The token in the environment cannot be sent.
    """
    place = address._replace(path=address.path.removesuffix(ROUTE) + MODELS)
    hint = "Name the model with --served-model NAME."
    held = patience or wire.Patience.usual()
    held = replace(held, most_bytes=min(held.most_bytes, MOST_LISTED))
    try:
        answer = wire.ask(place, None, held)
    except wire.RefusedError as error:
        if error.status in (401, 403):
            hint = f"The environment's {wire.TOKEN} holds a token for it."
        raise ModelError(f"{wire.shown(place)} does not tell its models: {error}.", hint) from None
    listed = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list):
        raise ModelError(f"The answer of {wire.shown(place)} lists no models.", hint)
    names = [held.get("id") for held in listed if isinstance(held, dict)]
    return [name for name in names if isinstance(name, str) and _is_name(name)]


def _is_name(name: str) -> bool:
    """Whether a model may be called so: what stands in manifests and on a terminal."""
    return 0 < len(name) <= MOST_NAME and name.isprintable()


def _short(name: str) -> str:
    return wire.words_of(name[:80])
