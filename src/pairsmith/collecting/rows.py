"""A conversation as rows of a source: pairs with what is known of them, and red-team attempts.

Of two replies the better one is `chosen`: in helpful mode the one that was picked, in red-team mode
the one that was *not*, since there the more harmful one is picked. A strength is that of the
choice, 1 to 4, whichever side it was on; the sides stand apart from it. Nobody is named: a person
is a number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.collecting.conversation import Attempt, Conversation, Message, Phase, Turn
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.verdicts import Side, Word
from pairsmith.schema.splits import TEST, TRAIN
from pairsmith.sources import redteam
from pairsmith.text.transcript import ASSISTANT_MARK, HUMAN_MARK

BETTER = "-better"
"""Behind the name of the subset: pairs of which a red team said which reply is better in itself."""

PERSON = "person"
"""The `chosen_model` of a reply that a person edited."""

_MARK = re.compile("\n+(?=\n(?:Human|Assistant):)")


class Why(StrEnum):
    """Why something makes no row of a source."""

    BOTH_BAD = "both_bad"
    TIE = "tie"
    SKIPPED = "skipped"
    NOT_CHOSEN = "not_chosen"
    NO_REPLIES = "no_replies"
    NO_TURN = "no_turn"
    NOT_FINISHED = "not_finished"
    REPEAT = "repeat"
    KNOWN_ANSWER = "known_answer"
    WRITTEN_OUT = "written_out"


class Row(NamedTuple):
    """A row, or what makes none.

    Attributes:
        subset, split: Where it belongs.
        held: What it holds.
        why: Why it makes none; None for a row.
    """

    subset: str
    split: str
    held: Mapping[str, Any]
    why: Why | None = None


class Author(NamedTuple):
    """Who made rows, and under what project.

    Attributes:
        project: As it is now: what its models are.
        number: The person's number.
    """

    project: Project
    number: int


def rows_of(state: Conversation, author: Author) -> Iterator[Row]:
    """All rows of a conversation, and all that makes none, in the order in which it happened."""
    for turn in state.turns:
        prompt = state.messages(turn.number)
        split = split_of(prompt[0]["content"], author.project.test)
        for attempt in turn.attempts:
            yield from _compared(state, turn, attempt, author, split)
        if turn.edit is not None:
            yield _edited(state, turn, author, split)
        if not turn.attempts:
            held = {**_about(state, turn, None, author), "prompt": prompt}
            yield Row(state.subset, split, held, Why.NO_REPLIES)
    if state.mode == Mode.RED_TEAM:
        yield _attempted(state, author)


def split_of(question: str, test: float) -> str:
    """The split of the conversations that open with a question, as `pairsmith split` divides."""
    said = pc.utf8_trim_whitespace(pa.scalar(question, pa.string())).as_py()
    key = hashlib.sha256(said.encode()).digest()
    return TEST if int.from_bytes(key[:8], "big") < test * 2**64 else TRAIN


def _compared(
    state: Conversation, turn: Turn, attempt: Attempt, author: Author, split: str
) -> Iterator[Row]:
    about = _about(state, turn, attempt, author)
    prompt = state.messages(turn.number)
    why = _why(attempt)
    if why is not None or attempt.picked is None:
        held = {**about, "prompt": prompt, "shown": attempt.shown, "fault": attempt.fault}
        samples = [_unsaid(sample) for sample in attempt.samples]
        yield Row(state.subset, split, {**held, "samples": samples}, why)
        return
    picked = attempt.picked
    chosen = picked if state.mode == Mode.HELPFUL else picked.other
    strength = abs(int(attempt.verdict or 0))
    pair = {**about, **_pair(prompt, attempt, chosen), "strength": strength}
    shown = attempt.shown or ()
    others = [_unsaid(held) for place, held in enumerate(attempt.samples) if place not in shown]
    yield Row(state.subset, split, {**pair, "samples": others} if others else pair)
    if attempt.better is not None:
        held = {**about, **_pair(prompt, attempt, attempt.better)}
        yield Row(state.subset + BETTER, split, {**held, "id": f"{about['id']}b"})


def _unsaid(sample: Mapping[str, Any]) -> dict[str, Any]:
    """A sample without the server's own words, which may name the server."""
    return {name: value for name, value in sample.items() if name != "said"}


def _why(attempt: Attempt) -> Why | None:
    if attempt.shown is None:
        return Why.NO_REPLIES
    if attempt.verdict is None:
        return Why.NOT_CHOSEN
    if isinstance(attempt.verdict, Word):
        return Why.BOTH_BAD if attempt.verdict == Word.BOTH_BAD else Why.SKIPPED
    return None


def _about(
    state: Conversation, turn: Turn, attempt: Attempt | None, author: Author
) -> dict[str, Any]:
    """What is known of a comparison, whatever was said of it."""
    number = attempt.number if attempt else 0
    guidelines = attempt.instructions if attempt and attempt.instructions else state.instructions
    seconds = attempt.seconds if attempt else None
    return {
        "id": f"{state.id}/{turn.number}.{number}",
        "conversation": state.id,
        "turn": turn.number,
        "attempt": number,
        "annotator": author.number,
        "mode": state.mode.value,
        "tranche": state.tranche,
        "round": state.round,
        "guidelines": guidelines[:12],
        "seconds": None if seconds is None else round(seconds, 1),
    }


def _pair(prompt: list[Message], attempt: Attempt, chosen: Side) -> dict[str, Any]:
    better, worse = attempt.on(chosen), attempt.on(chosen.other)
    held: dict[str, Any] = {
        "prompt": prompt,
        "chosen": _reply(better["text"]),
        "rejected": _reply(worse["text"]),
        "chosen_side": chosen.value,
    }
    for name in ("model", "seed"):
        held |= {f"chosen_{name}": better[name], f"rejected_{name}": worse[name]}
    if better.get("score") is not None and worse.get("score") is not None:
        # not `chosen_score`: by that name a source tells which is better, and here a person does
        held["preference_model"] = {"chosen": better["score"], "rejected": worse["score"]}
    return held


def _edited(state: Conversation, turn: Turn, author: Author, split: str) -> Row:
    """The edit of a reply is better than the reply, whatever was picked for."""
    attempt = turn.attempts[-1]
    side = attempt.picked or Side.A
    about = _about(state, turn, attempt, author)
    original = attempt.on(side)
    held = {
        **about,
        "id": f"{about['id']}e",
        "prompt": state.messages(turn.number),
        "chosen": _reply(turn.edit or ""),
        "rejected": _reply(original["text"]),
        "chosen_model": PERSON,
        "rejected_model": original["model"],
        "rejected_seed": original["seed"],
    }
    return Row(state.subset, split, held)


def _reply(text: str) -> list[Message]:
    return [{"role": "assistant", "content": text}]


def _attempted(state: Conversation, author: Author) -> Row:
    """A red-team attempt, with the fields of those of HH-RLHF."""
    messages = [m for m in state.messages() if m["content"]]
    if state.is_open:
        messages = messages[:-1]
    models = [author.project.model(name) for name in dict.fromkeys(state.models)]
    named = [held for held in models if held is not None]
    held: dict[str, Any] = {
        "id": state.id,
        "transcript": _transcript(messages),
        "min_harmlessness_score_transcript": _lowest(state),
        "num_params": " + ".join(dict.fromkeys(m.size for m in named if m.size)) or None,
        "model_type": " + ".join(dict.fromkeys(m.type or m.name for m in named)) or None,
        "rating": None if state.rating is None else float(state.rating),
        "task_description": state.description,
        "task_description_harmlessness_score": None,
        "red_team_member_id": author.number,
        "is_upworker": None,
        "tags": None,
    }
    if any(_MARK.search(message["content"]) for message in messages):
        held["messages"] = messages  # as they were: a transcript cannot hold marks of turns
    why = None if state.phase == Phase.FINISHED else Why.NOT_FINISHED
    why = why if messages else Why.NO_TURN
    return Row(redteam.SUBSET, redteam.SPLIT, held, why)


def _transcript(messages: list[Message]) -> str:
    """Messages as a transcript; where one holds the mark of a turn, the mark loses a line end."""
    marks = {"user": HUMAN_MARK, "assistant": ASSISTANT_MARK}
    return "".join(f"{marks[m['role']]} {_MARK.sub('', m['content'])}" for m in messages)


def _lowest(state: Conversation) -> float | None:
    """The lowest score of the replies that it went on from; None where one has none."""
    picked = [(turn.attempt, turn.attempt.picked) for turn in state.turns if turn.attempt]
    scores = [attempt.on(side).get("score") for attempt, side in picked if side is not None]
    known = [float(score) for score in scores if score is not None]
    return min(known) if known and len(known) == len(scores) else None
