"""Scores from a server, proved on the first texts against those of the model at hand.

| route | server | is sent | answers |
| --- | --- | --- | --- |
| `/classify` | vLLM | token ids, `use_activation` false | `data[i].probs[0]` |
| `/classify` | SGLang | token ids | `[i].embedding[0]` |
| `/get_reward` | OpenRLHF | texts | `rewards[i]` |

SGLang's `/v1/classify` turns scores into shares of all labels, which of one label is always 1: that
is found out. OpenRLHF tokenizes texts without special tokens, so the text is sent that gives the
very ids, special tokens written out; where there is none, the row cannot be scored so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult

import numpy as np

from pairsmith.errors import ModelError, RecipeError
from pairsmith.io import wire
from pairsmith.io.addresses import split_address
from pairsmith.models.batches import Rows, Work, plan_batches
from pairsmith.models.forward import Points, Reader, Scores
from pairsmith.models.loading import Scorer
from pairsmith.scoring.options import ScoreOptions
from pairsmith.scoring.reading import SAMPLE, Reads, take
from pairsmith.tokens.ragged import Ragged

AT_ONCE = 8
"""Requests that are on their way together."""

ROWS = 128
"""Texts in a request, at most."""

ENVELOPE, BYTES_OF_TEXT = 1 << 16, 1 << 12
"""Bytes that an answer may have besides scores, and for the score of each text: what servers tell
of a text beside it, as SGLang does, is some hundred bytes."""

CLASSIFY, REWARD = "/classify", "/get_reward"
UNLIKED = (400, 404, 422)
"""What servers say to a question of another server's shape, or to a name that is not theirs."""


def open_reader(scorer: Scorer, options: ScoreOptions) -> Reads:
    """What reads token ids: the model itself, or a server that has it.

    Args:
        scorer: The model.
        options: How rows are scored.

    Raises:
        RecipeError: The server's address is none.
    """
    reader = Reader(scorer, options.batch_tokens)
    return reader if options.endpoint is None else RemoteReader(reader, options)


def parse_endpoint(given: str) -> SplitResult:
    """Takes the address of a server apart, with the route that is asked.

    Raises:
        RecipeError: It is none, or its route is not known.
    """
    hint = f"Write http://HOST:PORT, whose {CLASSIFY} is asked, or the route too, as {REWARD}."
    parts = split_address(given, hint)
    path = parts.path.rstrip("/")
    if path in ("", "/v1"):
        path += CLASSIFY
    if not path.endswith((CLASSIFY, REWARD)):
        raise RecipeError(f"The route {path} of the endpoint is not known.", hint)
    return parts._replace(path=path, fragment="")


class RemoteReader:
    """A server of scores, in place of the model.

    The first texts are scored by both, and nothing more is asked where they differ.

    Args:
        local: The model at hand.
        options: The server's address, the model's name there, and how far scores may differ.

    Attributes:
        work: What was read so far; nothing is padding here.
        remark: How far the server's scores are from the model's, once that is known.
    """

    reads_once = False

    def __init__(self, local: Reader, options: ScoreOptions) -> None:
        self.local, self.options = local, options
        self.address = parse_endpoint(options.endpoint or "")
        self.work = Work()
        self.remark = ""
        self._native = False

    @property
    def backend(self) -> str:
        """What computes scores, in an annotation's recipe."""
        return f"endpoint {REWARD if self._takes_texts else CLASSIFY}"

    @property
    def _takes_texts(self) -> bool:
        return self.address.path.endswith(REWARD)

    @property
    def _name(self) -> str:
        return wire.shown(self.address)

    def shares_prompts(self, tokens: int) -> bool:
        """A server is asked for each text by itself."""
        return False

    def read_points(self, rows: Ragged, points: Points) -> Scores:
        """Not to be asked of a server."""
        raise ValueError("a server scores whole texts")

    def read_pairs(self, chosen: Ragged, rejected: Ragged) -> tuple[Scores, Scores]:
        """Not to be asked of a server."""
        raise ValueError("a server scores whole texts")

    def read_ends(self, rows: Ragged) -> Scores:
        """The score of each row, at its last token; shape (rows,).

        Raises:
            ModelError: The server does not answer, with something else, or with other scores
                than the model's.
        """
        if len(rows.starts) and not self.remark:
            self._prove(take(rows, _sample(rows.lengths)))
        tokens = int(rows.lengths.sum())
        self.work = self.work.plus(Work(tokens, tokens))
        return self._read(rows)

    def _read(self, rows: Ragged) -> Scores:
        batches = [
            batch[first : first + ROWS]
            for batch in plan_batches(rows.lengths, self.options.batch_tokens)
            for first in range(0, len(batch), ROWS)
        ]
        scores = np.empty(len(rows.starts), np.float32)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = [pool.submit(self._ask, rows, batch) for batch in batches]
            try:
                for batch, answer in zip(batches, asked, strict=True):
                    scores[batch] = answer.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        return scores

    def _prove(self, rows: Ragged) -> None:
        """Compares the server with the model.

        Raises:
            ModelError: They differ by more than they may.
        """
        before = self.local.work
        ours = self.local.read_ends(rows)
        self.local.work = before
        theirs = self._first(rows)
        if len(theirs) > 1 and (theirs == 1.0).all():
            raise ModelError(
                f"{self._name} gives every text a score of 1: it answers with shares of labels, "
                "and there is one.",
                f"SGLang does so at /v1{CLASSIFY}; name its route {CLASSIFY}.",
            )
        difference = float(np.abs(ours - theirs).max())
        most = self.options.tolerance * max(1.0, float(np.abs(ours).max()))
        if not difference <= most:
            raise ModelError(
                f"{self._name} does not give the scores of {self.local.scorer.name}: of "
                f"{len(ours)} texts, one differs by {difference:.3g}, more than {most:.3g}.",
                "Does it serve this model, and raw scores (vLLM: --runner pooling)? Coarser "
                "numbers there differ too: --tolerance says how far they may.",
            )
        self.remark = (
            f"The endpoint's scores of {len(ours)} texts differ from the model's by "
            f"{difference:.1e} at most."
        )

    def _first(self, rows: Ragged) -> Scores:
        """The first question, which tells of which shape they have to be."""
        try:
            return self._put(rows, np.arange(len(rows.starts)))
        except wire.RefusedError as error:
            if self._takes_texts or error.status not in UNLIKED:
                raise self._refused(error) from None
            self._native = True
            try:
                return self._put(rows, np.arange(len(rows.starts)))
            except wire.RefusedError:
                raise self._refused(error) from None

    def _ask(self, rows: Ragged, numbers: Rows) -> Scores:
        try:
            return self._put(rows, numbers)
        except wire.RefusedError as error:
            raise self._refused(error) from None

    def _refused(self, error: wire.RefusedError) -> ModelError:
        hint = "Does it serve this model, on this route?"
        if error.status in (401, 403):
            hint = f"The environment's {wire.TOKEN} holds a token for it."
        elif error.status in UNLIKED and not self._takes_texts:
            hint = "vLLM knows a model by the name that it was served by: --served-model NAME."
        return ModelError(f"{self._name} refuses to score: {error}.", hint)

    def _put(self, rows: Ragged, numbers: Rows) -> Scores:
        """Has a server score some rows.

        Raises:
            ModelError: The answer is not one.
            RefusedError: It does not take the question.
        """
        ids = [rows.row(int(number)) for number in numbers]
        if self._takes_texts:
            answer = self._send({"query": self._texts(ids)}, len(ids))
            scores = answer.get("rewards") if isinstance(answer, dict) else None
        elif self._native:
            answer = self._send({"input_ids": ids}, len(ids))
            scores = _each(answer, "embedding")
        else:
            named = {"model": self.options.served_model} if self.options.served_model else {}
            asked = {**named, "input": ids, "use_activation": False}
            answer = self._send(asked, len(ids))
            self._check_model(answer)
            scores = _each(_in_order(answer), "probs")
        return self._checked(scores, len(ids))

    def _send(self, question: Mapping[str, Any], texts: int) -> Any:
        """The answer to a question, of which no more is read than the scores of its texts take."""
        most = ENVELOPE + BYTES_OF_TEXT * texts
        try:
            return wire.ask(self.address, question, replace(wire.Patience.usual(), most_bytes=most))
        except wire.AnswerError as error:
            if error.kind == wire.LARGE:
                raise ModelError(
                    error.message,
                    f"A score is one number for each of {texts:,} texts. Does it serve another "
                    "model, or no classifier?",
                ) from None
            raise

    def _check_model(self, answer: Any) -> None:
        wanted = self.options.served_model
        found = answer.get("model") if isinstance(answer, dict) else None
        if wanted and isinstance(found, str) and found != wanted:
            raise ModelError(
                f"{self._name} answers for another model: {found[:80]!r}, not {wanted!r}."
            )

    def _checked(self, scores: Any, count: int) -> Scores:
        """Scores as numbers.

        Raises:
            ModelError: They are too few or too many, or one is none.
        """
        if not isinstance(scores, list):
            raise ModelError(f"The answer of {self._name} holds no scores.", "Is it this route?")
        if len(scores) != count:
            raise ModelError(f"{self._name} gives {len(scores):,} scores of {count:,} texts.")
        numbers = [
            held[0] if isinstance(held, list) and len(held) == 1 else held for held in scores
        ]
        for number in numbers:
            if isinstance(number, list):
                raise ModelError(
                    f"{self._name} gives {len(number):,} numbers of a text, and a score is one.",
                    "It serves another model, or no classifier.",
                )
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ModelError(f"{self._name} gives a score that is no number.")
            if not abs(number) <= float(np.finfo(np.float32).max):  # NaN, and whole numbers beyond
                raise ModelError(f"{self._name} gives a score that is not finite.")
        return np.array(numbers, np.float32)

    def _texts(self, ids: Sequence[list[int]]) -> list[str]:
        """Texts that give these ids without special tokens added.

        Raises:
            ModelError: There is none for a row.
        """
        tokenizer: Any = self.local.scorer.tokenizer
        texts = [
            tokenizer.decode(one, skip_special_tokens=False, clean_up_tokenization_spaces=False)
            for one in ids
        ]
        again = tokenizer(texts, add_special_tokens=False)["input_ids"]
        for one, other in zip(ids, again, strict=True):
            if one != other:
                raise ModelError(
                    f"A text of {len(one):,} tokens cannot be sent to {self._name}, which takes "
                    "texts: written out, its ids are others.",
                    f"Serve the model with vLLM or SGLang, whose {CLASSIFY} takes ids.",
                )
        return texts


def _sample(lengths: Rows) -> Rows:
    """The rows to prove a server on: the first ones, and the longest, which it may cut."""
    first = np.arange(min(SAMPLE // 2, len(lengths)))
    longest = np.argsort(-lengths, kind="stable")[: SAMPLE - len(first)]
    return np.unique(np.concatenate([first, longest]))


def _in_order(answer: Any) -> Any:
    """The data of an answer by index, where all of it has one."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not all(isinstance(held, dict) for held in data):
        return None
    places = [held.get("index") for held in data]
    if all(type(place) is int for place in places):
        if sorted(places) != [*range(len(data))]:
            return None
        return sorted(data, key=lambda held: held["index"])
    return data


def _each(data: Any, name: str) -> Any:
    """A field of each entry of a list; None where it is none of such."""
    if not isinstance(data, list) or not all(isinstance(held, dict) for held in data):
        return None
    return [held.get(name) for held in data]
