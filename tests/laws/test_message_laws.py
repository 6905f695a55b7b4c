"""The laws of the kernel for pairs of messages that hold more than role and text."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.kernel.pairs import pair_kernel
from pairsmith.schema.messages import encode_extras
from pairsmith.schema.rows import Kind, kernel_schema, source_schema
from support.chats import TOOLS, call
from support.examples import examples
from support.formats import kernel_for, recipe_for

CARRIED = {"carry": {"topic": "text", "votes": "whole"}, "margin": "gap"}
RECIPES = {
    "text": recipe_for("qwen3"),
    "text-without-tools": recipe_for("llama2"),
    "messages": recipe_for(),
    "messages-full": recipe_for(full=True, **CARRIED),
    "messages-lenient": recipe_for(
        full=True, policies={"bad_roles": "merge", "empty_turn": "keep", "identical": "keep"}
    ),
}
EXTRAS = (
    {},
    {},
    {"reasoning_content": "Moss likes shade."},
    {"tool_calls": [call("measure_soil", pot="fern")]},
    {"tool_call_id": "call00001", "name": "measure_soil"},
)
MESSAGES = st.builds(
    lambda role, content, extras: {
        "role": role,
        "content": content,
        "extras": encode_extras({"role": role, "content": content, **extras}),
    },
    st.sampled_from(["user", "assistant", "assistant", "tool", "system"]),
    st.sampled_from(["", "Hi.", " Yes, every week. ", "No.", "<|im_end|>"]),
    st.sampled_from(EXTRAS),
)
PLAIN = [
    {"role": "user", "content": "Is it dry?", "extras": None},
    {"role": "assistant", "content": "Let me see.", "extras": None},
]
CONVERSATIONS = st.builds(
    lambda count, more: PLAIN[:count] + more, st.integers(0, 2), st.lists(MESSAGES, max_size=4)
)
ROWS = st.fixed_dictionaries(
    {
        "chosen": st.none() | CONVERSATIONS,
        "rejected": CONVERSATIONS,
        "tools": st.sampled_from([None, None, json.dumps(TOOLS)]),
        "noted": st.sampled_from([None, ["score_contradicts"]]),
        "fault": st.none(),
        "refused": st.sampled_from([None, None, None, "tie", "unread_content"]),
        "topic": st.sampled_from([None, "ferns"]),
        "votes": st.sampled_from([None, 3]),
        "margin": st.sampled_from([None, 0.5]),
    }
)


def batch_of(held, recipe):
    """Rows as a source yields them; what it refuses has no conversations, and a sentence."""
    rows = [
        row
        if row["refused"] is None
        else {**row, "chosen": None, "rejected": None, "fault": "it says so"}
        for row in held
    ]
    schema = source_schema(Kind.PAIRS, messages=True, carried=recipe.pair_columns.carried)
    numbered = [{"id": f"s/train/{n}", **row} for n, row in enumerate(rows, 1)]
    held = [{name: row[name] for name in schema.names} for row in numbered]
    return pa.RecordBatch.from_pylist(held, schema=schema)


@pytest.mark.parametrize("name", RECIPES)
@examples(50)
@given(held=st.lists(ROWS, max_size=6), cut=st.integers(0, 6))
def test_the_three_laws(name, held, cut):
    recipe = RECIPES[name]
    kernel, batch = kernel_for(pair_kernel, recipe), batch_of(held, recipe)
    out = kernel(batch)
    assert out.schema.equals(kernel_schema(Kind.PAIRS, recipe.form, recipe.pair_columns))
    out.validate(full=True)
    parts = pa.Table.from_batches([kernel(batch[:cut]), kernel(batch[cut:])])
    assert out.to_pylist() == parts.to_pylist()
    assert out["id"].to_pylist() == batch["id"].to_pylist()
    for given_row, row in zip(batch.to_pylist(), out.to_pylist(), strict=True):
        refused = row["reason"] is not None
        assert bool(row["detail"]) == refused
        assert all((row[side] is None) == refused for side in ("prompt", "chosen", "rejected"))
        if given_row["refused"]:
            assert row["reason"] == given_row["refused"]
        for name_ in recipe.pair_columns.carried.names:
            assert row[name_] == (None if refused else given_row[name_])
        if not refused and recipe.full:
            told = [row["prompt"] + row[side] for side in ("chosen", "rejected")]
            texts = [[m["content"].strip() for m in side] for side in told]
            for side, said in zip(("chosen", "rejected"), texts, strict=True):
                wanted = [m["content"].strip() for m in given_row[side]]
                assert "".join(said).replace("\n", "") == "".join(wanted)
            assert row["tools"] == given_row["tools"]
