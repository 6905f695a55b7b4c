"""The three laws of a kernel, for every kernel, form and policy."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith import templates
from pairsmith.kernel.dialogue import dialogue_kernel
from pairsmith.kernel.pair import pair_kernel
from pairsmith.kernel.recipe import make_recipe
from pairsmith.schema import Kind, kernel_schema
from transcripts import anything, conversations, dialogue_batch, pair_batch, rows

LENIENT = {"empty_turn": "keep", "empty_reply": "keep", "identical": "keep"}
RECIPES = {
    "text": make_recipe("llama2"),
    "text-system": make_recipe("llama2", system=" Be kind.\n"),
    "text-lenient": make_recipe("llama2", policies={**LENIENT, "control_token": "keep"}),
    "text-merge": make_recipe("llama2", policies={"bad_roles": "merge"}),
    "messages": make_recipe(),
    "messages-system": make_recipe(system="Be kind."),
    "messages-lenient": make_recipe(policies={**LENIENT, "bad_roles": "keep"}),
}
KINDS = {
    Kind.PAIRS: (pair_kernel, st.lists(rows(), max_size=8).map(pair_batch)),
    Kind.DIALOGUES: (
        dialogue_kernel,
        st.lists(st.one_of(st.none(), anything, conversations()), max_size=8).map(dialogue_batch),
    ),
}
every = pytest.mark.parametrize("name", RECIPES)
both = pytest.mark.parametrize("kind", KINDS, ids=str)


def kernel_for(kind, recipe):
    template = templates.find(recipe.template) if recipe.template else None
    return KINDS[kind][0](recipe, template)


@every
@both
@given(data=st.data())
def test_row_wise(kind, name, data):
    """Cut anywhere, the same comes out."""
    kernel = kernel_for(kind, RECIPES[name])
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
    out = kernel_for(kind, RECIPES[name])(batch)
    assert out["id"].to_pylist() == batch["id"].to_pylist()
    for row in out.to_pylist():
        refused = row["reason"] is not None
        assert bool(row["detail"]) == refused
        contents = {"prompt", "chosen", "rejected", "text", "messages", "notes"} & row.keys()
        assert all((row[column] is None) == refused for column in contents)


@every
@both
@given(data=st.data())
def test_schema_exact(kind, name, data):
    """The output schema is the declared one, and valid down to every offset."""
    recipe = RECIPES[name]
    out = kernel_for(kind, recipe)(data.draw(KINDS[kind][1]))
    assert out.schema.equals(kernel_schema(kind, recipe.form))
    out.validate(full=True)


@every
@both
def test_schema_exact_when_empty(kind, name):
    recipe = RECIPES[name]
    empty = {Kind.PAIRS: pair_batch, Kind.DIALOGUES: dialogue_batch}[kind]([])
    out = kernel_for(kind, recipe)(empty)
    assert out.schema.equals(kernel_schema(kind, recipe.form))
    assert len(out) == 0
