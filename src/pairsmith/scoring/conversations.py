"""Conversations that stand in no build, scored with the ids that they would have in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from pairsmith.chat_templates.prepare import prepare_located
from pairsmith.chat_templates.resolve import LocatedTemplate
from pairsmith.errors import RecipeError
from pairsmith.kernel.render import Writer
from pairsmith.models.forward import Reader
from pairsmith.models.loading import Scorer
from pairsmith.schema.messages import Message
from pairsmith.schema.rows import MESSAGES, Form
from pairsmith.scoring.judge import choose_length
from pairsmith.scoring.reading import TOO_LONG, Limit, check_finite
from pairsmith.tokens.dialogues import REFUSED, DialogueEncoder
from pairsmith.tokens.ragged import Ragged
from pairsmith.tokens.render import open_chat


class Verdict(NamedTuple):
    """What is said of a conversation.

    Attributes:
        score: Of its last reply; None where there is none.
        fault: Why there is none: `too_long`, or `refused` by the chat template.
    """

    score: float | None
    fault: str | None = None


class ConversationScorer:
    """A preference model, made ready for conversations that end with a reply.

    Args:
        scorer: The model.
        encoder: What makes ids of conversations, as the model was trained on them.
        batch_tokens: Tokens and padding in a batch, at most.
    """

    def __init__(self, scorer: Scorer, encoder: DialogueEncoder, batch_tokens: int) -> None:
        self.scorer, self.encoder = scorer, encoder
        self.reader = Reader(scorer, batch_tokens)
        self.limit = Limit(choose_length(scorer, None), False)

    def score(self, conversations: Sequence[Sequence[Message]]) -> list[Verdict]:
        """Scores conversations of messages with a role and a text.

        Raises:
            ModelError: A score is not a number.
        """
        if not conversations:
            return []
        ids, refused = encode_conversations(self.encoder, conversations)
        verdicts = [Verdict(None, REFUSED)] * len(conversations)
        places = [place for place in range(len(conversations)) if place not in refused]
        longer = self.limit.exceeded(ids)
        scores = self.reader.read_ends(ids.take(~longer))
        check_finite([f"sample {number}" for number in range(1, len(scores) + 1)], [scores])
        held = iter(scores.tolist())
        for place, long in zip(places, longer.tolist(), strict=True):
            verdicts[place] = Verdict(None, TOO_LONG) if long else Verdict(next(held))
        return verdicts


@contextmanager
def open_conversations(
    scorer: Scorer, batch_tokens: int, form: Form | None = None
) -> Iterator[ConversationScorer]:
    """Makes a preference model ready.

    Args:
        scorer: The model.
        batch_tokens: Tokens and padding in a batch, at most.
        form: Of what it reads, where nothing tells what it was trained on.

    Raises:
        RecipeError: It reads text, and tells no template to write conversations with.
        TokenizerError: Its chat template cannot be used.
    """
    with open_encoder(scorer, scorer.form or form or Form.MESSAGES) as encoder:
        yield ConversationScorer(scorer, encoder, batch_tokens)


def encode_conversations(
    encoder: DialogueEncoder, conversations: Sequence[Sequence[Message]]
) -> tuple[Ragged, dict[int, str]]:
    """The ids of conversations, those refused left out; and by number, why the template refused.

    Args:
        encoder: What makes ids of them.
        conversations: Messages with a role and a text; at least one conversation.
    """
    texts, refused = encoder.write(pa.array([[*one] for one in conversations], MESSAGES))
    return encoder.encode_texts(texts.drop_null()), refused


@contextmanager
def open_encoder(scorer: Scorer, form: Form) -> Iterator[DialogueEncoder]:
    """What makes ids of conversations, as the model was trained on them.

    Args:
        scorer: The model.
        form: Of what it reads.

    Raises:
        RecipeError: It reads text, and tells no template.
        TokenizerError: The chat template cannot be used.
    """
    if form == Form.TEXT and scorer.template is None:
        raise RecipeError(
            f"{scorer.name} reads text, and tells no template to write conversations with.",
            "Give the text as it was trained on.",
        )
    if form == Form.TEXT and scorer.template is not None:
        day = date.fromisoformat(scorer.template.date or "2000-01-01")
        with prepare_located(LocatedTemplate(scorer.template), day) as ready:
            yield DialogueEncoder(
                scorer.tokenizer, Writer(ready.compiled, ready.jinja), as_text=True
            )
        return
    with open_chat(scorer.tokenizer, scorer.name) as chat:
        yield DialogueEncoder(scorer.tokenizer, chat, as_text=False)
