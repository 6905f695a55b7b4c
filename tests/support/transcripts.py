"""Hypothesis strategies: transcripts that are sound, nearly sound, or anything at all."""

import pyarrow as pa
from hypothesis import strategies as st

from pairsmith.schema.rows import DIALOGUE_SCORES, Kind, source_schema

FRAGMENTS = [
    "\n\nHuman:", "\n\nAssistant:", "\n\nHuman", "\n\nAssistant", "Human:", "\nAssistant:",
    "Human", ":", " ", "  ", "\n", "\n\n", "\t", "\r", "\u2003", "\u00a0", "\u200b", "\x1f",
    "a", "hello there", "é", "日本", "😀", "?", "[INST]", "[/INST]", "<<SYS>>", "</s>", "<s>", "\0",
]  # fmt: skip

anything = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join)
words = st.lists(
    st.sampled_from(["hello", " ", "\n", "é", "日本", "Human", "ok?", "\n\n- one", "x"]), max_size=6
).map("".join)


@st.composite
def conversations(draw, ends_with_reply=True):
    """A transcript that alternates, its contents mostly not blank."""
    exchanges = draw(st.integers(1, 4))
    text = ""
    for number in range(exchanges):
        text += f"\n\nHuman: {draw(words)}"
        if number < exchanges - 1:
            text += f"\n\nAssistant: {draw(words)}"
    return text + (f"\n\nAssistant: {draw(words)}" if ends_with_reply else "")


@st.composite
def rows(draw):
    """A row of pairs: mostly a shared prompt with two replies, sometimes anything."""
    if draw(st.integers(0, 3)) == 0:
        side = st.one_of(st.none(), anything, conversations())
        return {"chosen": draw(side), "rejected": draw(side)}
    prompt = draw(conversations(ends_with_reply=False))
    reply = st.one_of(words, anything)
    return {side: f"{prompt}\n\nAssistant: {draw(reply)}" for side in ("chosen", "rejected")}


def pair_batch(held):
    """Rows as a source yields them."""
    return pa.RecordBatch.from_pylist(
        [{"id": f"s/train/{n}", **row} for n, row in enumerate(held, 1)],
        schema=source_schema(Kind.PAIRS),
    )


def dialogue_batch(texts):
    """Transcripts as a source of dialogues yields them, with scores."""
    scores = {
        "min_harmlessness_score_transcript": 0.5, "num_params": "13B", "model_type": "rlhf",
        "rating": 2.0, "task_description": "I asked nicely", "red_team_member_id": 3,
        "task_description_harmlessness_score": None, "is_upworker": False, "tags": ["a", "b"],
    }  # fmt: skip
    assert set(scores) == set(DIALOGUE_SCORES.names)
    return pa.RecordBatch.from_pylist(
        [{"id": f"r/train/{n}", "transcript": t, **scores} for n, t in enumerate(texts, 1)],
        schema=source_schema(Kind.DIALOGUES),
    )
