"""Text that a chat template has written: which format it is in, and its turns taken apart again.

Every character of such a text is a mark, a content, or white space between turns, so that the same
marks around the same contents give the text again. What is anything else is refused, and the
refusal names the format.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pairsmith.schema.messages import Message
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.literals import malformed
from pairsmith.sources.values.roles import CALLS, read_role
from pairsmith.sources.values.text_formats import (
    BEGINS_OR_ENDS,
    FORMATS,
    Format,
    patterns_of,
)

UNKNOWN = "unknown"
_TOKEN = r"(?:<\|[^|<>\s]{1,40}\|>|<｜[^｜<>]{1,40}｜>|\[\|\w{1,40}\|\])"  # noqa: S105
_FIRST = re.compile(rf"\A\s*(?:(?:{BEGINS_OR_ENDS})\s*)?({_TOKEN})")
_LAST = re.compile(rf"({_TOKEN})\s*\Z")
_TAIL = 100
"""How much of a text's end is looked at for a mark."""
_SYSTEM = re.compile(r"<<SYS>>\n(?P<system>.*?)\n<</SYS>>\n\n(?P<user>.*)", re.DOTALL)
_THOUGHT = ("<think>", "</think>")
"""What generation prompts of models that reason begin a reply with, whole or in part."""


class Recognised(NamedTuple):
    """The name of a format, and whether nearly all texts can be taken apart by it."""

    name: str
    is_sure: bool


def recognise_format(texts: Sequence[str], role: str, nearly_all: float) -> Recognised | None:
    """The format that nearly all texts begin as; replies end so.

    Args:
        texts: Of one column, none of them blank.
        role: `prompt`, `reply` or `whole`.
        nearly_all: How many of them, as a part of 1.

    Returns:
        Of several the one that takes most texts apart; `UNKNOWN` where they begin (replies: end)
        with one control token that is none of those that are known; None where they do not.
    """
    enough = nearly_all * len(texts)
    best, most = None, -1
    for name, format in FORMATS.items():
        looks = [text for text in texts if _looks(text, format, role)]
        if len(looks) < enough:
            continue
        taken = sum(_is_taken_apart(text, format, role) for text in looks)
        if taken > most:
            best, most = name, taken
    if best:
        return Recognised(best, most >= enough)
    pattern = _LAST if role == "reply" else _FIRST
    cuts = (text[-_TAIL:] if role == "reply" else text[:_TAIL] for text in texts)
    tokens = Counter(found[1] for cut in cuts if (found := pattern.search(cut)))
    is_one = bool(tokens) and tokens.most_common(1)[0][1] >= enough
    return Recognised(UNKNOWN, False) if is_one else None


def _looks(text: str, format: Format, role: str) -> bool:
    """Whether a text begins as the format's do; of a reply, whether it ends so."""
    if role == "reply":
        tail = text[-_TAIL:].rstrip()
        for found in reversed(list(patterns_of(format.name).marks.finditer(tail))):
            if found.end() < len(tail) or found["open"] is not None:
                break
            if found["close"] is not None:
                return True
            tail = tail[: found.start()].rstrip()
    return _begins(text, format)


def _begins(text: str, format: Format) -> bool:
    """Whether a text begins with a turn's mark, perhaps behind what may stand in front."""
    if patterns_of(format.name).starts.match(text):
        return True
    # a text in front of the first turn's mark is the system's
    return format.lead and bool(patterns_of(format.name).opens.search(text))


def _is_taken_apart(text: str, format: Format, role: str) -> bool:
    try:
        read_templated(text, "it", format.name, "assistant" if role == "reply" else "user")
    except UnreadableError:
        return False
    return True


def read_templated(text: str, at: str, format: str, speaker: str) -> list[Message]:
    """The messages of a text in a format.

    Args:
        text: The text; a mark at its end that begins the assistant's turn is no message.
        at: What to call it in a sentence.
        format: The format's name.
        speaker: Whose turn it is in a text that begins with no mark: the assistant's turn is open
            already, so that such a text is a reply; anybody else's is not.

    Raises:
        UnreadableError: `malformed`: it is not of the format's marks, contents and white space.
    """
    known = FORMATS.get(format)
    if known is None:
        raise malformed(f"{at} is text in a chat template's format that is not known")
    if not known.readable:
        raise malformed(f"{at} is text in the format {format}, which is not read")
    opened = _begins(text, known)
    if not opened and speaker != "assistant":
        raise malformed(f"{at} is not text in the format {format}, unlike others of its column")
    messages = []
    for role, content in _cut(text, known, None if opened else "assistant", at):
        if known.name == "llama-2" and role == "user":
            messages += _split_system(content)
        else:
            messages.append({"role": role, "content": content})
    messages = [one for one in messages if one["role"] != "system" or one["content"].strip()]
    if any(patterns_of(format).foreign.search(one["content"]) for one in messages):
        raise _refusal(at, format, "a turn holds its control text")
    if not messages:
        raise _refusal(at, format, "there is no turn")
    return messages


def _cut(text: str, format: Format, role: str | None, at: str) -> list[tuple[str, str]]:
    """The turns as (role, content), in order; `role` is whose turn is open at the beginning."""
    turns: list[tuple[str, str]] = []
    start, bare = 0, role is not None
    for found in patterns_of(format.name).marks.finditer(text):
        between = text[start : found.start()]
        if role is None:
            _check_between(between, format, turns, at)
            if found["close"] is not None:
                raise _refusal(at, format.name, "a turn is ended that none began")
        elif found["outside"] is not None:
            continue  # inside of a turn it is what was said
        else:
            ends = format.closed if found["close"] is not None else format.next_closes
            if role not in ends:
                raise _refusal(at, format.name, "a turn does not end as it should")
            turns.append((role, _trim(between, format, bare, found["close"] is None, at)))
        start, bare = found.end(), False
        role = _whose(found["role"], format, role, at) if found["open"] is not None else None
    tail = text[start:]
    if role is None:
        _check_between(tail, format, turns, at)
    elif role == "assistant" and (tail.strip() or bare):
        said = tail.rpartition(_THOUGHT[1])[2] if _THOUGHT[1] in tail else ""
        if not bare and _THOUGHT[0] in tail and not said.strip():
            raise _refusal(at, format.name, "it ends in a reply that was begun")
        turns.append((role, _trim(tail, format, bare, False, at)))
    elif role != "assistant":
        if role not in format.next_closes or format.name == "llama-2":
            raise _refusal(at, format.name, "its last turn is not ended")
        turns.append((role, _trim(tail, format, bare, True, at)))
    return turns


def _whose(name: str, format: Format, before: str | None, at: str) -> str:
    role = dict(format.roles).get(name) or read_role(name, f"a turn of {at}")
    if role == CALLS:
        raise _refusal(at, format.name, "a turn is a tool call")
    if name in ("[INST]", "[/INST]") and (name == "[/INST]") != (before == "user"):
        raise _refusal(at, format.name, "a turn does not begin as it should")
    return role


def _check_between(between: str, format: Format, turns: list[tuple[str, str]], at: str) -> None:
    """What stands outside of turns: nothing, or the text of the system in front of the first."""
    if not between.strip():
        return
    if not format.lead or turns:
        raise _refusal(at, format.name, "text stands outside of its turns")
    turns.append(("system", between.strip() if format.strips else between))


def _trim(content: str, format: Format, bare: bool, by_next: bool, at: str) -> str:
    """A content without what belongs to the marks around it."""
    if format.pad and not bare:
        if not content.startswith(format.pad) and content.strip():
            raise _refusal(at, format.name, "a mark is not followed as it should")
        content = content.removeprefix(format.pad)
    if by_next and format.pad == "\n":
        content = content.removesuffix("\n")
    return content.strip() if format.strips else content


def _split_system(content: str) -> list[Message]:
    """The first turn of Llama 2, of which a system text may be the beginning."""
    found = _SYSTEM.fullmatch(content)
    if found is None:
        return [{"role": "user", "content": content}]
    return [
        {"role": "system", "content": found["system"]},
        {"role": "user", "content": found["user"]},
    ]


def _refusal(at: str, format: str, why: str) -> UnreadableError:
    return malformed(f"{at} is text in the format {format}, but {why}")
