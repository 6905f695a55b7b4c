"""Text taken apart: the turns come back, and what cannot be told is flagged."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.kernel.pairs import pair_kernel
from pairsmith.kernel.unrender import unrender
from pairsmith.schema.rows import PAIR_MESSAGES, Kind, source_schema
from support.examples import examples
from support.formats import kernel_for, prepared, recipe_for

SYSTEM = " Answer\nin verse. "
KEEP = {"control_token": "keep", "empty_turn": "keep", "empty_reply": "keep", "identical": "keep"}
NAMES = ["llama2", "qwen3", "vicuna", "llama3", "gemma3", "phi3", "zephyr"]
MERGES = {"gemma3"}
"""A system text is as the user's own words in these."""
WORDS = [
    "a", "hello there", "é", "日本", "😀", " ", "\n", "\u2003", "?", "Human:", "</s", "[INST",
    "user\n", "ASSISTANT", "<", "|>", "SYS>>",
]  # fmt: skip
CONSTANTS = [
    "[INST] ", " [/INST]", " </s>", "<<SYS>>\n", "\n<</SYS>>\n\n", "</s>USER: ", " ASSISTANT:",
    "<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_start|>system\n",
    "USER: ", "<end_of_turn>\n<start_of_turn>model\n", "<|eot_id|>", "<think>",
]  # fmt: skip

plain = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("".join)
odd = st.lists(st.sampled_from([*WORDS, *CONSTANTS]), max_size=4).map("".join)


@st.composite
def talks(draw, said, opened):
    """A prompt's messages and two replies."""
    roles = ["user", "assistant"] * draw(st.integers(0, 3)) + ["user"]
    if opened and draw(st.booleans()):
        roles.insert(0, "system")
    return [(role, draw(said)) for role in roles], draw(said), draw(said)


def told(messages):
    return [(role, content.strip()) for role, content in messages]


UNSAID = list(source_schema(Kind.PAIRS, messages=True))[3:]


def undo(held, name, system=None, policies=KEEP):
    """What was kept, as (messages, what comes back on both sides, exact)."""
    rows = [
        {
            side: [{"role": r, "content": c} for r, c in [*prompt, ("assistant", reply)]]
            for side, reply in (("chosen", chosen), ("rejected", rejected))
        }
        for prompt, chosen, rejected in held
    ]
    columns = [pa.array([row[side] for row in rows], PAIR_MESSAGES.field(side).type) for side in
               ("chosen", "rejected")]  # fmt: skip
    count = len(rows)
    batch = pa.RecordBatch.from_arrays(
        [pa.array([f"s/train/{n}" for n in range(count)], pa.string()), *columns,
         *(pa.nulls(count, field.type) for field in UNSAID)],
        names=["id", "chosen", "rejected", *(field.name for field in UNSAID)],
    )  # fmt: skip
    recipe = recipe_for(name, system=system, policies=policies)
    made = kernel_for(pair_kernel, recipe)(batch)
    kept = made["reason"].is_null()
    held = [talk for talk, flag in zip(held, kept.to_pylist(), strict=True) if flag]
    made = made.filter(kept)
    replies = [made["chosen"], made["rejected"]]
    apart = unrender(made["prompt"], replies, prepared(name).compiled, system)
    sides = [read(side) for side in apart.sides]
    return list(zip(held, *sides, apart.exact.tolist(), made.to_pylist(), strict=True))


def read(turns):
    """The turns of each row as (role, stripped content)."""
    said = list(zip(turns.role_names.to_pylist(), turns.stripped.texts().to_pylist(), strict=True))
    ends = turns.offsets.tolist()
    return [said[start:end] for start, end in pairwise(ends)]


def assert_flagged_or_right(found):
    for (prompt, *replies), *sides, exact, text in found:
        if exact:
            assert sides == [told([*prompt, ("assistant", reply)]) for reply in replies]
        else:
            whole = ("user", text["prompt"].strip())
            assert [side[0] for side in sides] == [whole, whole]
            assert [side[1:] for side in sides] == [
                [("assistant", text[side].strip())] for side in ("chosen", "rejected")
            ]


@pytest.mark.parametrize("system", [None, SYSTEM], ids=["bare", "system"])
@pytest.mark.parametrize("name", NAMES)
@examples(15)
@given(data=st.data())
def test_turns_come_back(name, system, data):
    held = data.draw(st.lists(talks(plain, name not in MERGES), min_size=1, max_size=6))
    found = undo(held, name, system, {})
    assert_flagged_or_right(found)
    for (prompt, *_), *_, exact, _ in found:
        first = next(content for role, content in prompt if role != "system")
        assert exact or name == "vicuna" or not first.strip()


@pytest.mark.parametrize("system", [None, SYSTEM], ids=["bare", "system"])
@pytest.mark.parametrize("name", NAMES)
@examples(15)
@given(data=st.data())
def test_constants_in_contents_are_flagged_by_default(name, system, data):
    held = data.draw(st.lists(talks(odd, name not in MERGES), max_size=6))
    assert_flagged_or_right(undo(held, name, system, {}))


@pytest.mark.parametrize("name", ["llama2", "qwen3", "vicuna"])
@examples(25)
@given(data=st.data())
def test_equal_texts_give_equal_turns_and_these_give_the_text(name, data):
    """Where control text may stand in contents, text need not tell; it never lies about itself."""
    found = undo(data.draw(st.lists(talks(odd, False), max_size=6)), name)
    exact = [(side, other, text) for _, side, other, flag, text in found if flag]
    again = [(side[:-1], side[-1][1], other[-1][1]) for side, other, _ in exact]
    parts = ("prompt", "chosen", "rejected")
    # turns are compared without white space around them, so texts are without any
    rendered = [["".join(row[-1][part].split()) for part in parts] for row in undo(again, name)]
    assert rendered == [["".join(text[part].split()) for part in parts] for *_, text in exact]


def test_a_lone_constant_is_flagged():
    [row] = undo([([("user", "x ASSISTANT: y")], "p", "q")], "vicuna")
    (_, chosen, rejected, exact, text) = row
    assert not exact
    assert chosen == [("user", text["prompt"].strip()), ("assistant", text["chosen"].strip())]
    assert rejected[:-1] == chosen[:-1]


@pytest.mark.parametrize("name", ["llama2", "qwen3", "vicuna"])
@pytest.mark.parametrize("system", [None, "Of the recipe."])
def test_a_system_turn_of_its_own(name, system):
    prompt = [("system", "Its own."), ("user", "q"), ("assistant", "a"), ("user", "r")]
    [row] = undo([(prompt, "x", "y")], name, system)
    assert row[3]
    assert row[1] == [*prompt, ("assistant", "x")]
    assert row[2] == [*prompt, ("assistant", "y")]


def test_a_system_text_before_the_last_turn_is_flagged():
    prompt = [("user", "q"), ("assistant", "a"), ("user", "r")]
    assert undo([(prompt, "x", "y")], "mistral")[0][3]
    assert not undo([(prompt, "x", "y")], "mistral", "S")[0][3]


def test_one_reply_that_is_odd_flags_the_row_on_both_sides():
    compiled = prepared("llama2").compiled
    columns = [pa.array([text], pa.string()) for text in ("[INST] q [/INST]", " a </s>", "b")]
    apart = unrender(columns[0], columns[1:], compiled, None)
    assert not apart.exact[0]
    assert [read(side)[0][0] for side in apart.sides] == [("user", "[INST] q [/INST]")] * 2


def test_nothing():
    none = pa.array([], pa.string())
    apart = unrender(none, [none, none], prepared("llama2").compiled, None)
    assert len(apart.exact) == 0
    assert [len(side.counts) for side in apart.sides] == [0, 0]


def test_any_text_at_all():
    texts = ["", "[INST]", "[INST] ", "[/INST]", " [/INST]", "[INST]  [/INST]", "x"]
    # a front that is as long as half a character is no front
    texts = pa.array([*texts, *("a" * n + "日" * 9 for n in range(3))])
    for system in (None, "S"):
        apart = unrender(texts, [texts], prepared("llama2").compiled, system)
        assert not apart.exact.any()
        assert [row[0][1] for row in read(apart.sides[0])] == [t.strip() for t in texts.to_pylist()]
