"""What the readers of all kinds of rows share: how a row begins and ends, and its outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pairsmith.schema.messages import Message
from pairsmith.schema.reasons import Note, Reason
from pairsmith.sources.outcomes import Comparison, Outcome, Refused, UnreadableError
from pairsmith.sources.rows.front import Front, Look, holds, join, read_front
from pairsmith.sources.rows.mapping import ledger_path, said_at, split_path
from pairsmith.sources.rows.rules import Judged, pick, read_flag
from pairsmith.sources.rows.shapes import RowShape
from pairsmith.sources.rows.unread import find_unread
from pairsmith.sources.rows.verdicts import check_status, drop_discarded, mean_of
from pairsmith.sources.values.dialogues import find_media


class Replies(NamedTuple):
    """The whole conversations of a row, and what it says of them."""

    conversations: list[list[Message]]
    judged: Judged


class Single(NamedTuple):
    """A row with one reply.

    Attributes:
        conversation: All of it.
        worth: Its score; above 0 or 0 for a label; None where the row says none.
        tools: The definitions of tools.
    """

    conversation: list[Message]
    worth: float | None
    tools: list[dict[str, Any]] | None

    @property
    def prompt(self) -> list[Message]:
        """The conversation up to the reply."""
        kept = len(self.conversation)
        while kept and self.conversation[kept - 1]["role"] in ("assistant", "tool"):
            kept -= 1
        return self.conversation[:kept]


def open_row(row: dict[str, Any], shape: RowShape, used: set[str]) -> Look:
    """A row to be read.

    Raises:
        UnreadableError: It holds media.
    """
    refuse_media(row)
    return drop_discarded(Look(row, shape, used, []))


def refuse_media(row: dict[str, Any]) -> None:
    """Refuses a row with a picture or the like in a field, or one below.

    Raises:
        UnreadableError: It has one.
    """
    for at, held in (("", row), *((f"{name}.", value) for name, value in row.items())):
        if isinstance(held, dict) and (media := find_media(held)) is not None:
            said = f"the field {at}{media} holds media, which is not read"
            raise UnreadableError(Reason.UNREAD_CONTENT, said)


def refuse_unread(
    row: dict[str, Any], shape: RowShape, conversations: list[list[Message]], used: set[str]
) -> None:
    """Refuses a row with a field that decides what it means, and that nothing has read.

    Arguments as of `find_unread`.

    Raises:
        UnreadableError: It has one.
    """
    if field := find_unread(row, shape, conversations, used):
        said = f"the field {field} may decide what the pair means, and no role is named for it"
        raise UnreadableError(Reason.UNREAD_CONTENT, said)


def close_row(look: Look, front: Front, conversations: list[list[Message]]) -> None:
    """Settles which fields were used, once all was read.

    Raises:
        UnreadableError: One that was not decides what the pair means; or the row says of itself
            that it is a tie.
    """
    if not holds(conversations, front.prompt):  # beside whole conversations
        columns = look.shape.columns
        look.used.difference_update(map(ledger_path, split_path(columns.get("prompt", ""))))
    refuse_unread(look.row, look.shape, conversations, look.used)
    check_status(look)


def settle_tools(found: list[list[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    """The one list of tools that was found, however often.

    Raises:
        UnreadableError: Two lists differ.
    """
    if any(tools != found[0] for tools in found):
        raise UnreadableError(Reason.UNREAD_CONTENT, "two fields hold different tools")
    return found[0] if found else None


def make_outcomes(
    replies: Replies, tools: list[dict[str, Any]] | None, shape: RowShape
) -> Iterator[Outcome]:
    """Comparisons of replies, as the shape's policy picks them."""
    for choice in pick(replies.judged, shape.pairs, shape.min_margin):
        if isinstance(choice, Refused):
            yield choice
            continue
        yield Comparison(
            replies.conversations[choice.better],
            replies.conversations[choice.worse],
            tools,
            choice.scores,
            (Note.SCORE_CONTRADICTS,) if choice.contradicts else (),
        )


def read_single(row: dict[str, Any], shape: RowShape, used: set[str]) -> Single:
    """Reads a row with one reply, which is compared with those of other rows.

    Raises:
        UnreadableError: It cannot be read.
    """
    look = open_row(row, shape, used)
    front = read_front(look)
    at, value = look.one(shape.columns["reply"])
    conversation = join(front, look.read(value, at, "reply"), at)
    worth = _read_worth(look)
    close_row(look, front, [conversation])
    return Single(conversation, worth, settle_tools(look.tools))


def _read_worth(look: Look) -> float | None:
    if path := look.shape.columns.get("label"):
        value = said_at(look.row, path)
        look.used.add(ledger_path(path))
        return None if value is None else float(read_flag(value, path))
    path = look.shape.columns.get("score", "")
    look.used.update(ledger_path(part) for part in split_path(path))
    return mean_of([value for _, value in look.values(path)], path)
