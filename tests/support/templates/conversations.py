"""Rows of conversations: ordinary ones, and those in which something rare is said somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple, TypeAlias

from support.templates.words import padded, sentence

Messages: TypeAlias = list[dict[str, str]]


class Row(NamedTuple):
    """A row of a source.

    Attributes:
        prompt: The messages before the reply.
        chosen, rejected: The replies.
        why: What it is there for.
    """

    prompt: Messages
    chosen: str
    rejected: str
    why: str

    @property
    def sides(self) -> tuple[Messages, Messages]:
        """Both whole conversations."""
        replies = ({"role": "assistant", "content": text} for text in (self.chosen, self.rejected))
        better, worse = ([*self.prompt, reply] for reply in replies)
        return better, worse


def talk(
    rng: Random,
    turns: int,
    system: bool = False,
    said: dict[int, str] | None = None,
    short: bool = False,
) -> Messages:
    """A conversation of so many turns, and a system turn before them if asked.

    Args:
        rng: Where texts come from.
        turns: How many turns; the user's is the first.
        system: Whether a system turn comes first.
        said: Contents by the number of the turn.
        short: Whether contents are to be short.
    """
    held = said or {}
    front = [{"role": "system", "content": sentence(rng)}] if system else []
    for turn in range(turns):
        text = f"word {rng.randrange(99)}" if short else padded(rng)
        role = ("user", "assistant")[turn % 2]
        front.append({"role": role, "content": held.get(turn, text)})
    return front


def row_of(rng: Random, messages: Messages, why: str) -> Row:
    """A conversation as a row: its last reply is chosen, rejected, or comes after it."""
    if messages[-1]["role"] != "assistant":
        return Row(messages, sentence(rng), sentence(rng), why)
    *prompt, reply = messages
    sides = (reply["content"], sentence(rng))
    chosen, rejected = sides if rng.random() < 0.5 else sides[::-1]
    return Row(prompt, chosen, rejected, why)


def ordinary(rng: Random) -> Row:
    """A row without anything rare."""
    turns = rng.choice((2, 2, 2, 4, 4, 6, 8))
    return row_of(rng, talk(rng, turns, rng.random() < 0.4), "ordinary")


PLACES = ("system", "first", "middle", "reply in prompt", "last", "chosen", "rejected", "both")


def saying(rng: Random, text: str, place: str, why: str) -> Row:
    """A row in which something is said at a place."""
    turns = rng.choice((1, 3, 5, 7)) if place not in ("middle", "reply in prompt") else 5
    prompt = talk(rng, turns, place == "system" or rng.random() < 0.4)
    opened = prompt[0]["role"] == "system"
    spots = {"system": 0, "first": opened, "middle": opened + 2, "reply in prompt": opened + 1,
             "last": len(prompt) - 1}  # fmt: skip
    if place in spots:
        prompt[spots[place]]["content"] = text
    replies = [
        text if place in (side, "both") else sentence(rng) for side in ("chosen", "rejected")
    ]
    if place == "both":
        replies[1] = replies[1] + " and more"
    return Row(prompt, replies[0], replies[1], f"{why} in {place}")


def rows_for(
    rng: Random, hits: Sequence[str], nears: Iterable[str], talks: Iterable[Messages], head: int
) -> list[Row]:
    """Rows: ordinary ones first, then others among which the rare ones are.

    Args:
        rng: Decides on places.
        hits: Rare contents; each stands at several places, and every place has some.
        nears: Contents that look like them.
        talks: Rare conversations.
        head: The number of ordinary rows before all others.
    """
    rare = [row_of(rng, messages, "talk") for messages in talks]
    for place in PLACES if hits else ():
        rare.append(saying(rng, rng.choice(list(hits)), place, "hit"))
    for text in dict.fromkeys(hits):
        rare += [saying(rng, text, place, "hit") for place in rng.sample(PLACES, 3)]
    for text in dict.fromkeys(nears):
        rare += [saying(rng, text, rng.choice(PLACES), "near")]
    late = [*rare, *(ordinary(rng) for _ in range(head))]
    rng.shuffle(late)
    return [*(ordinary(rng) for _ in range(head)), *late]
