"""The three laws of a kernel, for every kernel, form and policy."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.kernel.actions import with_actions
from pairsmith.kernel.dialogues import dialogue_kernel
from pairsmith.kernel.pairs import pair_kernel
from pairsmith.schema.annotations import DECISIONS as DECIDED_ON
from pairsmith.schema.rows import Kind, kernel_schema
from support.formats import kernel_for, recipe_for
from support.slow import quick
from support.transcripts import anything, conversations, dialogue_batch, pair_batch, rows

LENIENT = {"empty_turn": "keep", "empty_reply": "keep", "identical": "keep"}
RECIPES = {
    "text": recipe_for("llama2"),
    "text-system": recipe_for("llama2", system=" Be kind.\n"),
    "text-lenient": recipe_for("llama2", policies={**LENIENT, "control_token": "keep"}),
    "text-merge": recipe_for("llama2", policies={"bad_roles": "merge"}),
    "text-escape": recipe_for("chatml", policies={"control_token": "escape", "bad_roles": "keep"}),
    "messages": recipe_for(),
    "messages-system": recipe_for(system="Be kind."),
    "messages-lenient": recipe_for(policies={**LENIENT, "bad_roles": "keep"}),
    "text-actions": recipe_for(
        "llama2", policies=LENIENT, drop=["duplicates"], flip=1.0, mend=["all"]
    ),
    "messages-actions": recipe_for(policies=LENIENT, drop=["duplicates"], mend=["all"]),
}
DECIDED = {
    1: ("duplicate", "as another", None),
    2: ("label_flipped", None, 0.25),
    4: ("label_smoothed", None, 0.125),
}
DECISIONS = pa.RecordBatch.from_pylist(
    [
        {"id": f"s/train/{number}", "label": label, "score": score, "detail": detail}
        for number, (label, detail, score) in DECIDED.items()
    ],
    schema=DECIDED_ON,
)
FILLED = {3: (-1.5, None), 4: (None, 0.5), 5: (-2.0, 1.0)}
FILLS = pa.RecordBatch.from_pylist(
    [
        {"id": "s/train/1", "label": "duplicate", "detail": "as another"},
        *(
            {"id": f"s/train/{n}", "label": "score_filled", "score": score, "task_score": task}
            for n, (score, task) in FILLED.items()
        ),
    ],
    schema=DECIDED_ON,
)
KINDS = {
    Kind.PAIRS: (pair_kernel, st.lists(rows(), max_size=8).map(pair_batch)),
    Kind.DIALOGUES: (
        dialogue_kernel,
        st.lists(st.one_of(st.none(), anything, conversations()), max_size=8).map(dialogue_batch),
    ),
}


def kernel_of(kind, name):
    """A kernel by its recipe, which acts as was decided where that says so; and its schema."""
    recipe = RECIPES[name]
    kernel = kernel_for(KINDS[kind][0], recipe)
    if recipe.acts:
        kernel = with_actions(kernel, DECISIONS if kind == Kind.PAIRS else FILLS, recipe, kind)
    return kernel, kernel_schema(kind, recipe.form, recipe.pair_columns)


FEW = ("text", "text-escape", "text-actions", "messages", "messages-lenient")
every = pytest.mark.parametrize("name", quick(RECIPES, *FEW))
both = pytest.mark.parametrize("kind", KINDS, ids=str)


@every
@both
@given(data=st.data())
def test_row_wise(kind, name, data):
    """Cut anywhere, the same comes out."""
    kernel, _ = kernel_of(kind, name)
    batch = data.draw(KINDS[kind][1])
    cut = data.draw(st.integers(0, len(batch)))
    whole = kernel(batch)
    parts = pa.Table.from_batches([kernel(batch[:cut]), kernel(batch[cut:])])
    assert whole.to_pylist() == parts.to_pylist()


@every
@both
@given(data=st.data())
def test_row_preserving(kind, name, data):
    """The ids that go in come out, in order; each row is kept whole or refused in words."""
    batch = data.draw(KINDS[kind][1])
    out = kernel_of(kind, name)[0](batch)
    assert out["id"].to_pylist() == batch["id"].to_pylist()
    for row in out.to_pylist():
        refused = row["reason"] is not None
        assert bool(row["detail"]) == refused
        contents = {
            "prompt",
            "chosen",
            "rejected",
            "text",
            "messages",
            "transcript",
            "notes",
            "label_confidence",
        } & row.keys()
        assert all((row[column] is None) == refused for column in contents)


@every
@both
@given(data=st.data())
def test_schema_exact(kind, name, data):
    """The output schema is the declared one, and valid down to every offset."""
    kernel, schema = kernel_of(kind, name)
    out = kernel(data.draw(KINDS[kind][1]))
    assert out.schema.equals(schema)
    out.validate(full=True)


@every
@both
def test_schema_exact_when_empty(kind, name):
    kernel, schema = kernel_of(kind, name)
    empty = {Kind.PAIRS: pair_batch, Kind.DIALOGUES: dialogue_batch}[kind]([])
    out = kernel(empty)
    assert out.schema.equals(schema)
    assert len(out) == 0
