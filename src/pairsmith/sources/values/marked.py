"""Transcripts: texts in which a mark such as `Human:` says who speaks.

A mark counts where it stands at the start or behind the column's gap: a blank line, a line's end, a
space, the widest with which nearly all texts are sound. A text is sound where its turns alternate,
from the user's first to the assistant's mark (a prompt) or last word. What could be cut in two
ways is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pairsmith.schema.messages import Message
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.literals import malformed
from pairsmith.sources.values.speaker_marks import GAPS, INPUT, MARKS, Marks

EXTRA_ID = "extra-id"
"""HelpSteer2's marks; the first question stands in front of them, bare.
Source: https://huggingface.co/datasets/nvidia/HelpSteer2"""

MOST_CHARACTERS = 1 << 18
"""How much text all marks are tried on: there are some hundreds."""
_ENDS = ("</s>", "<|endoftext|>")
"""What a reply may end in: in Vicuna's conversations, for one, which are marked by words else."""
_EXTRA = re.compile(r"(?:\A|\n)<extra_id_[01]>(?P<who>System|User|Assistant)(?=\n|\Z)")
_EXTRA_LEFT = "<extra_id_"


class Place(NamedTuple):
    """Where a mark stands: from `start` to `end`, and how wide the gap before it is."""

    start: int
    end: int
    role: str
    width: int


class Cut(NamedTuple):
    """A text, cut: the turns as (role, content), and in what it ends.

    It ends as a `prompt` in the assistant's mark, as a `whole` in the assistant's words, as a
    `question` in the user's.
    """

    turns: list[tuple[str, str]]
    ends: str


def recognise_marks(texts: Sequence[str], role: str, nearly_all: float) -> str | None:
    """The marks of nearly all texts, and their gap, as `Human: Assistant: / blank line`.

    Args:
        texts: Of one column, none of them blank.
        role: `prompt` (nearly all end in the assistant's mark), `whole` (nearly all end in its
            words), or `reply`, which has marks where it repeats the conversation from its start.
        nearly_all: How many of them, as a part of 1.

    Returns:
        What `read_marked` takes; None where there are none.
    """
    marked = [text for text in texts if _EXTRA.search(text)]
    if role != "reply" and marked and all(_is_read(text, EXTRA_ID) for text in marked):
        return EXTRA_ID
    texts = _take_short(texts)
    if not texts:
        return None
    enough = nearly_all * len(texts)
    for name, marks in MARKS.items():
        held = [text for text in texts if marks.user in text and marks.assistant in text]
        if len(held) < enough or (role == "reply" and marks.once):
            continue
        found = [_find(text, marks) for text in held]
        for gap in marks.gaps:
            cuts = [
                _cut(text, places, marks, GAPS[gap], None)
                for text, places in zip(held, found, strict=True)
            ]
            if _count_sound(cuts, role) >= enough:
                return f"{name} / {gap}"
    return _recognise_questions(texts, enough) if role == "prompt" else None


def _take_short(texts: Sequence[str]) -> list[str]:
    """As many of the texts as all marks can be tried on, whatever they hold."""
    taken: list[str] = []
    left = MOST_CHARACTERS
    for text in texts:
        if len(text) <= left:
            taken.append(text)
            left -= len(text)
    return taken


def _count_sound(cuts: Sequence[Cut | None], role: str) -> int:
    """How many are sound; of whole conversations, those that begin alike.

    A text in front of a prompt is the system's where the prompt ends in the assistant's mark; in
    front of a conversation it could be anything, but for one that all have.
    """
    ends = "prompt" if role == "prompt" else "whole"
    sound = [cut for cut in cuts if cut is not None and cut.ends == ends]
    if role == "prompt":
        return len(sound)
    if role == "reply":
        return sum(cut.turns[0][0] == "user" for cut in sound)
    fronts = Counter(cut.turns[0] if cut.turns[0][0] == "system" else None for cut in sound)
    return max(fronts.values(), default=0)


def _recognise_questions(texts: Sequence[str], enough: float) -> str | None:
    """The marks of prompts that begin with the user's mark, and end in what the user says."""
    for name, marks in MARKS.items():
        held = [text for text in texts if text.lstrip().startswith(marks.user)]
        if len(held) < enough or marks.once:
            continue
        for gap in marks.gaps:
            if sum(_is_read(text, f"{name} / {gap}") for text in held) >= enough:
                return f"{name} / {gap}"
    return None


def _is_read(text: str, marks: str) -> bool:
    try:
        read_marked(text, "it", marks, "user")
    except UnreadableError:
        return False
    return True


def read_marked(text: str, at: str, marks: str, speaker: str) -> list[Message]:
    """The messages of a transcript, their contents stripped.

    Args:
        text: The text. The assistant's mark at its end is no message.
        at: What to call it in a sentence.
        marks: As `recognise_marks` gives them.
        speaker: `assistant` for a reply, where the assistant's turn is open already.

    Raises:
        UnreadableError: `malformed`: it is no transcript with these marks, or it could be cut in
            two ways.
    """
    if marks == EXTRA_ID:
        return _read_extra(text, at, speaker)
    name, _, gap = marks.rpartition(" / ")
    known = MARKS.get(name)
    if known is None or gap not in GAPS:
        raise malformed(f"{at} is a transcript with marks that are not known")
    begins = text.lstrip().startswith(tuple(filter(None, (known.user, known.system))))
    opened = "assistant" if speaker == "assistant" and not begins else None
    places = _find(text, known)
    cut = _cut(text, places, known, GAPS[gap], opened)
    said = f"a transcript with the marks {known.user} and {known.assistant}"
    if cut is None:
        raise malformed(f"{at} is not {said} whose turns alternate, unlike others of its column")
    for other in known.gaps:
        if _behind(places, GAPS[other]) == _behind(places, GAPS[gap]):
            continue  # at the same marks: the same cut
        second = _cut(text, places, known, GAPS[other], opened)
        # with wider gaps, a text of one line is one question whatever else it holds
        if second is not None and second != cut and second.ends in ("prompt", "whole", cut.ends):
            raise malformed(f"{at} is {said}, and could be cut in two ways")
    spoken = sum(role != "system" for role, _ in cut.turns)
    if cut.ends == "question" and spoken < sum(place.width >= GAPS["line"] for place in places):
        raise malformed(f"{at} is {said}, and could be cut in two ways")
    if opened and cut.ends != "whole":
        raise malformed(f"{at} is {said}, and does not end in the reply")
    return [
        {"role": role, "content": _join_input(content, known, at)} for role, content in cut.turns
    ]


def _find(text: str, marks: Marks) -> list[Place]:
    """The marks in a text, with the gaps before them."""
    places: list[Place] = []
    before = 0
    for found in _pattern(marks).finditer(text):
        held = text[before : found.start()]
        words = held.rstrip()
        lines = held.count("\n", len(words))
        width = min(lines + 1, 3) if len(words) < len(held) else 0
        if (not words and not before) or words.endswith(_ENDS):
            width = 3
        role = "user" if found[0] == marks.user else "assistant"
        places.append(Place(found.start(), found.end(), role, width))
        before = found.end()
    return places


def _behind(places: list[Place], width: int) -> int:
    """How many marks stand behind gaps of this width, or wider ones."""
    return sum(place.width >= width for place in places)


def _cut(
    text: str, places: list[Place], marks: Marks, width: int, opened: str | None
) -> Cut | None:
    """The text, cut at the marks behind gaps of this width; None where that is not sound."""
    turns: list[tuple[str, str]] = []
    role, start = opened, 0
    front = len(text) - len(text.lstrip())
    begins = text.startswith(tuple(filter(None, (marks.user, marks.system))), front)
    if role is None and marks.system and text.startswith(marks.system, front):
        role, start = "system", front + len(marks.system)
    if opened and text.startswith(marks.assistant, front):
        start = front + len(marks.assistant)
    for place in places:
        if place.width < width or place.start < start or (opened and place.end == start):
            continue
        between = text[start : place.start].strip()
        if role is None and between and not marks.leads:
            return None
        if role is not None or between:
            turns.append((role or "system", _without_end(between)))
        role, start = place.role, place.end
    if role is None:
        return None
    last = _without_end(text[start:].strip())
    ends = "whole" if role == "assistant" else "question"
    if role == "assistant" and not last and (opened is None or turns):
        ends = "prompt"
    else:
        turns.append((role, last))
    is_sound = _alternates(turns, ends, opened, marks)
    # a text that ends in the user's words, and has any in front, may be anything
    is_sound = is_sound and (ends != "question" or bool(opened or (begins and not marks.once)))
    return Cut(turns, ends) if is_sound else None


def _without_end(content: str) -> str:
    for end in _ENDS:
        content = content.removesuffix(end).rstrip()
    return content


def _alternates(turns: list[tuple[str, str]], ends: str, opened: str | None, marks: Marks) -> bool:
    """Whether turns are a system's at most, then by turns the user's and the assistant's."""
    roles = [role for role, _ in turns] + ["assistant"] * (ends == "prompt")
    if opened is None and roles[:1] == ["system"]:
        roles = roles[1:]
    if marks.once and len(roles) > (1 if opened else 2):
        return False
    by_turns = ("assistant", "user") if opened else ("user", "assistant")
    alternate = all(role == by_turns[place % 2] for place, role in enumerate(roles))
    return alternate and bool(turns and roles)


@lru_cache(maxsize=256)
def _pattern(marks: Marks) -> re.Pattern[str]:
    """Either mark; of one with a word's end last, only where the word ends."""
    hashes = r"(?<!#)" if marks.user.startswith("#") else ""
    either = "|".join(
        re.escape(mark) + (r"(?=\s|\Z)" if mark[-1:].isalnum() else "")
        for mark in (marks.user, marks.assistant)
    )
    return re.compile(f"{hashes}(?:{either})")


def _join_input(content: str, marks: Marks, at: str) -> str:
    """An instruction with the text that it is about on a line below it, as `alpaca` has them."""
    if not marks.user.startswith("### Ins") or INPUT not in content:
        return content
    parts = [part.strip() for part in content.split(INPUT)]
    if len(parts) != 2:
        raise malformed(f"{at} has a turn with the mark {INPUT} more than once")
    return "\n".join(part for part in parts if part)


def _read_extra(text: str, at: str, speaker: str) -> list[Message]:
    """HelpSteer2's: a first question without a mark, or a system text with one; then by turns."""
    first = "assistant" if speaker == "assistant" else "user"
    turns: list[tuple[str, str]] = []
    role, start = first, 0
    for found in _EXTRA.finditer(text):
        between = text[start : found.start()].strip()
        if between or start:
            turns.append((role, between))
        role, start = found["who"].lower(), found.end()
    last = text[start:].strip()
    if last or role != "assistant" or not turns:
        turns.append((role, last))
    spoken = turns[1:] if turns[0][0] == "system" else turns
    by_turns = (first, "assistant" if first == "user" else "user")
    wrong = any(role != by_turns[place % 2] for place, (role, _) in enumerate(spoken))
    if wrong or not spoken or any(_EXTRA_LEFT in content for _, content in turns):
        raise malformed(f"{at} has turns marked by <extra_id_1>, which do not alternate")
    held = [(role, content) for role, content in turns if content or role != "system"]
    return [{"role": role, "content": content} for role, content in held]
