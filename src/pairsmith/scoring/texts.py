"""Texts and conversations scored one by one, which are no rows of a build."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import numpy as np
import pyarrow as pa

from pairsmith.errors import RecipeError
from pairsmith.extras import require
from pairsmith.kernel.render import render_messages
from pairsmith.models.folders import find_model
from pairsmith.models.loading import Scorer, load_scorer
from pairsmith.models.run_folder import has_run
from pairsmith.schema.rows import Form
from pairsmith.scoring.conversations import encode_conversations, open_encoder
from pairsmith.scoring.endpoint import open_reader
from pairsmith.scoring.judge import choose_length
from pairsmith.scoring.options import ScoreOptions
from pairsmith.scoring.reading import Limit, check_finite, concatenate
from pairsmith.text.transcript import parse
from pairsmith.tokens.dialogues import DialogueEncoder
from pairsmith.tokens.ragged import Ragged

if TYPE_CHECKING:
    from collections.abc import Mapping

Given: TypeAlias = str | list[dict[str, str]]
"""A text, or a conversation as messages."""

MOST_BYTES = 64 << 20
"""Of standard input."""

TRANSCRIPT = "\n\nHuman:"
"""How a transcript begins: a conversation, not a text."""

JSON_STARTS = ("[{", '{"')


class ScoredText(NamedTuple):
    """A text and its score.

    Attributes:
        score: What the model gives it.
        tokens: As many as it has.
        cut: Whether only the last of them were read.
    """

    score: float
    tokens: int
    cut: bool


def parse_texts(given: str | bytes, named: bool = False) -> list[Given]:
    r"""Tells texts and conversations apart.

    JSON is a conversation, `[{"role": …, "content": …}, …]` or `{"messages": […]}`; in lines, one
    each. A transcript, as `\n\nHuman: …\n\nAssistant: …`, is one too. All else is one text.

    Args:
        given: A text, or what standard input holds.
        named: Whether it stood on the command line, where one word may be a folder misspelt.

    Raises:
        RecipeError: It is empty, no Unicode, too large, JSON of something else, or one word.
    """
    if len(given) > MOST_BYTES:
        raise RecipeError(f"There are more than {MOST_BYTES >> 20} MiB to score.", "Build them.")
    try:
        text = given.decode() if isinstance(given, bytes) else given
    except UnicodeDecodeError as error:
        raise RecipeError(f"The text is not UTF-8: {error.reason}.") from None
    text = text if named else text.removesuffix("\n")
    if not text.strip():
        raise RecipeError("There is no text to score.")
    if "".join(text[:200].split()).startswith(JSON_STARTS):
        return _parse_json(text)
    if named and not any(one.isspace() for one in text):
        raise RecipeError(
            f"There is no folder {text!r}, and one word is taken for no text.",
            "Name the folder of a build; or give the text on standard input, for -.",
        )
    return [text]


def _parse_json(text: str) -> list[Given]:
    try:
        try:
            return [_conversation(json.loads(text))]
        except json.JSONDecodeError:
            lines = [line for line in text.splitlines() if line.strip()]
            if len(lines) == 1:
                raise
            return [_conversation(json.loads(line)) for line in lines]
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"The text begins as JSON does, and is none: {error}.") from None


def _conversation(held: Any) -> Given:
    if isinstance(held, str):
        return held
    messages = held.get("messages") if isinstance(held, dict) else held
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        raise RecipeError(
            "The JSON is no conversation.",
            'Write [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}].',
        )
    return [{"role": one["role"], "content": one["content"]} for one in messages]


def _is_message(held: Mapping[str, Any] | Any) -> bool:
    return isinstance(held, dict) and all(
        isinstance(held.get(name), str) for name in ("role", "content")
    )


def score_texts(
    given: Sequence[Given], model: str, options: ScoreOptions | None = None
) -> list[ScoredText]:
    """Scores texts and conversations.

    A text is tokenized as rows of text are for training: begun by the tokenizer, ended by EOS.
    Where the model was trained on messages it is a user's only turn. Conversations are rendered by
    the tokenizer's chat template, or by that of the text that the model was trained on.

    Args:
        given: Texts, and conversations as messages.
        model: The folder of a run or of another preference model, or an id on the hub.
        options: How; engine and workers are not looked at.

    Raises:
        RecipeError: A text is too long, or the template refuses it.
        ModelError: The model cannot be loaded, gives no scores, or a score is not a number.
        TokenizerError: Its tokenizer cannot do what the texts want.
    """
    told = not all(isinstance(one, str) for one in given)
    return open_texts(model, options, conversations=told).score(given)


class TextScorer(NamedTuple):
    """A preference model that was made ready to score texts; `open_texts` makes one.

    Attributes:
        scorer: The model.
        options: How.
        limit: How long a text may be.
    """

    scorer: Scorer
    options: ScoreOptions
    limit: Limit

    def score(self, given: Sequence[Given]) -> list[ScoredText]:
        """Scores texts and conversations, as `score_texts` does.

        Raises:
            RecipeError: A text is too long, or the template refuses it.
            ModelError: A score is not a number.
            TokenizerError: The tokenizer cannot do what the texts want.
        """
        limit = self.limit
        ids = _encode(given, self.scorer)
        longer = limit.exceeded(ids)
        if longer.any() and not limit.cut:
            first = int(np.argmax(longer))
            raise RecipeError(
                f"{_name(first + 1)} has {ids.lengths[first]:,} tokens, more than "
                f"{limit.tokens:,}.",
                "Raise --max-length, or score its end with --cut.",
            )
        scores = open_reader(self.scorer, self.options).read_ends(limit.ends_of(ids))
        check_finite([_name(number) for number in range(1, len(given) + 1)], [scores])
        held = zip(scores.tolist(), ids.lengths.tolist(), longer.tolist(), strict=True)
        return [ScoredText(*one) for one in held]


def open_texts(
    model: str, options: ScoreOptions | None = None, conversations: bool = True
) -> TextScorer:
    """Makes a preference model ready to score texts, once for many of them.

    Args:
        model: The folder of a run or of another preference model, or an id on the hub.
        options: How; engine and workers are not looked at.
        conversations: Whether there are conversations among them.

    Raises:
        ModelError: The model cannot be loaded, or gives no scores.
        TokenizerError: Its tokenizer cannot be loaded.
    """
    require("train", "Scoring needs")
    options = options or ScoreOptions()
    told = conversations or has_run(find_model(model))
    scorer = load_scorer(
        model, None if told else Form.TEXT, device=options.device, dtype=options.dtype
    )
    return TextScorer(
        scorer, options, Limit(choose_length(scorer, options.max_length), options.cut)
    )


def _name(number: int) -> str:
    return f"text {number}"


def _encode(given: Sequence[Given], scorer: Scorer) -> Ragged:
    """The ids of n texts, each as a row of training's; the chat template is opened once.

    Raises:
        RecipeError: The template refuses one.
    """
    form = scorer.form or (Form.MESSAGES if scorer.tokenizer.chat_template else Form.TEXT)
    held = [_arrange(one, form, scorer) for one in given]
    texts = {n: one for n, one in enumerate(held) if isinstance(one, str)}
    talks = {n: one for n, one in enumerate(held) if not isinstance(one, str)}
    parts = []
    if texts:  # written already: nothing but the tokenizer is wanted
        plain = DialogueEncoder(scorer.tokenizer, None, as_text=True)
        parts.append(plain.encode_texts(pa.array(list(texts.values()))))
    if talks:
        with open_encoder(scorer, form) as encoder:
            ids, refused = encode_conversations(encoder, list(talks.values()))
        if refused:
            first = min(refused)
            raise RecipeError(
                f"The chat template refuses {_name([*talks][first] + 1)}: {refused[first]}."
            )
        parts.append(ids)
    return concatenate(parts).take(np.argsort(np.array([*texts, *talks], np.int64)))


def _arrange(given: Given, form: Form, scorer: Scorer) -> Given:
    """A text that is taken as it is, or the messages of a conversation."""
    if not isinstance(given, str):
        return given
    if form == Form.TEXT:
        if scorer.template is None or not given.startswith(TRANSCRIPT):
            return given
    elif not given.startswith(TRANSCRIPT):
        return [{"role": "user", "content": given}]
    turns = parse(pa.array([given]))
    [messages] = render_messages(turns, np.zeros(1, bool)).to_pylist()
    return cast("list[dict[str, str]]", messages)
