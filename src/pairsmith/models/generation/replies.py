"""The reply that a policy wrote, from its token ids: as text, or as the content of a message.

Ids by themselves do not tell their text: decoders drop a space that leads, and a template stands
around a content. So ids are decoded behind the end of their prompt, and what the template writes
around a content is taken off, which is found once by writing one:

    prompt ids     … [/INST]            decoded     … [/INST]
    with the reply … [/INST] Mint .     decoded     … [/INST] Mint.     reply  " Mint."
    the template   … [/INST] ¤ </s>     around it   " " and " "         content  "Mint."
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.errors import ModelError
from pairsmith.schema.messages import Message
from pairsmith.schema.templates import Conversation, Refusal

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pairsmith.kernel.render import Writer
    from pairsmith.models.policies import Policy
    from pairsmith.tokens.reward_ids import Said

TAIL = 16
"""The number of a prompt's last ids that are decoded with a reply."""

PROBE = "x7q9"
"""A content that no template changes."""


class Around(NamedTuple):
    """What a template writes around the content of a reply, up to the token that ends it."""

    before: str = ""
    behind: str = ""

    def content(self, text: str) -> str:
        """The content of a reply that was written as this text."""
        return _without(text, self.before).removesuffix(self.behind)


MOST_ID = (1 << 31) - 1
"""The largest number of a token."""

NOTHING = Around()
"""Around the reply of a text."""


def _without(text: str, before: str) -> str:
    """A text without what stands before it, whose spaces and capitals a decoder may have changed.

    >>> _without(" assistant : mint tea.", "Assistant: ")
    ' mint tea.'
    >>> _without("Mint tea.", "Assistant: ")
    'Mint tea.'
    """
    if text.startswith(before):
        return text[len(before) :]
    place = 0
    for letter in "".join(before.split()).casefold():
        place += len(text[place:]) - len(text[place:].lstrip())
        if text[place : place + 1].casefold() != letter:
            return text
        place += 1
    return text[place:]


class ReplyReader:
    """Reads the replies of a policy.

    Args:
        tokenizer: The policy's.
        ends: The ids that end a reply.
        around: What the template writes around a content.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, ends: Collection[int], around: Around = NOTHING
    ) -> None:
        self.tokenizer, self.ends, self.around = tokenizer, frozenset(ends), around

    def read(self, prompts: Sequence[Sequence[int]], replies: Sequence[Sequence[int]]) -> list[str]:
        """The texts of replies, or their contents.

        Args:
            prompts: The ids of n prompts.
            replies: The ids of n replies, perhaps with what ends them.

        Returns:
            n texts without special tokens.
        """
        tails = [list(prompt[-TAIL:]) for prompt in prompts]
        bare = [self._bare(reply) for reply in replies]
        fronts = self._decode(tails)
        wholes = self._decode([[*tail, *reply] for tail, reply in zip(tails, bare, strict=True)])
        told = zip(fronts, wholes, bare, strict=True)
        return [self.around.content(self._reply(*one)) for one in told]

    def _reply(self, front: str, whole: str, bare: list[int]) -> str:
        """What a text has behind its front; the reply decoded alone where it has another front."""
        return whole[len(front) :] if whole.startswith(front) else self._decode([bare])[0]

    def is_cut(self, reply: Sequence[int]) -> bool:
        """Whether a reply has no end: it was stopped at the most tokens that it could have."""
        return not any(id in self.ends for id in reply)

    def _bare(self, reply: Sequence[int]) -> list[int]:
        """A reply up to what ends it."""
        end = next((place for place, id in enumerate(reply) if id in self.ends), len(reply))
        return list(reply[:end])

    def _decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        return [
            str(
                self.tokenizer.decode(
                    one, skip_special_tokens=True, clean_up_tokenization_spaces=False
                )
            )
            for one in ids
        ]


def stop_ids(policy: Policy) -> set[int]:
    """The tokens that end a reply: EOS, and what the model's own settings for generation name.

    Raises:
        ModelError: They name something else than tokens.
    """
    settings: Any = getattr(policy.model, "generation_config", None)
    named = getattr(settings, "eos_token_id", None)
    listed = named if isinstance(named, list) else [named]
    found = [id for id in (*listed, policy.tokenizer.eos_token_id) if id is not None]
    if not all(type(id) is int and 0 <= id <= MOST_ID for id in found):
        raise ModelError(
            f"The generation_config.json of {policy.name} names an eos_token_id that is no token.",
            "A token is named by its number, or several by a list of numbers.",
        )
    return {*found}


def reply_reader(
    policy: Policy, prompts: Sequence[Said] = (), chat: Writer | None = None
) -> ReplyReader:
    """What reads the replies of a policy.

    Args:
        policy: The policy.
        prompts: Some prompts, by which the template is asked what it writes around a reply.
        chat: What writes messages by the policy's template; None for text.
    """
    ends = stop_ids(policy)
    if chat is None:
        return ReplyReader(policy.tokenizer, ends)
    names = [str(policy.tokenizer.convert_ids_to_tokens(id)) for id in sorted(ends)]
    said = [one for one in prompts if not isinstance(one, str)]
    return ReplyReader(policy.tokenizer, ends, find_around(said, chat, names))


def find_around(
    prompts: Sequence[Sequence[Message]], chat: Writer, ends: Collection[str]
) -> Around:
    """What a template writes around the content of a reply.

    Args:
        prompts: Some prompts as messages: the first that the template takes is asked about.
        chat: What writes messages.
        ends: The texts of the tokens that end a reply.

    Returns:
        Nothing where a conversation does not begin with what its prompt is written as.
    """
    said = [{"role": "assistant", "content": PROBE}]
    for prompt in prompts:
        front, whole = chat.jinja(
            [Conversation([*prompt], generation=True), Conversation([*prompt, *said])]
        )
        if isinstance(front, Refusal) or isinstance(whole, Refusal):
            continue
        if not whole.startswith(front) or PROBE not in whole[len(front) :]:
            return NOTHING
        before, _, behind = whole[len(front) :].partition(PROBE)
        cuts = [behind.find(end) for end in ends if end in behind]
        return Around(before, behind[: min(cuts)] if cuts else behind)
    return NOTHING
