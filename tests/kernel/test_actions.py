"""Row actions, against a plain loop over them."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.kernel.actions import apply_actions
from pairsmith.kernel.pairs import pair_kernel
from pairsmith.schema.annotations import STATEMENTS
from pairsmith.schema.reasons import DROPS, Note
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import CONFIDENCE, Form, Kind, PairColumns, kernel_schema
from support.formats import kernel_for, recipe_for
from support.transcripts import pair_batch, rows

SAID = {name.value: {"detail": f"as {name}", "score": None} for name in DROPS.values()}
SAID |= {note: {"detail": None, "score": 0.125} for note in ("label_flipped", "label_smoothed")}


@st.composite
def decisions(draw):
    """Decisions on some of the rows, and of some that there are not."""
    numbers = draw(st.lists(st.integers(1, 10), unique=True, max_size=8))
    held = [(f"s/train/{number}", draw(st.sampled_from(sorted(SAID)))) for number in numbers]
    return pa.RecordBatch.from_pylist(
        [{"id": id, "label": label, **SAID[label]} for id, label in held], schema=STATEMENTS
    )


def plainly(row, decision, weighs):
    """What becomes of one row."""
    row = dict(row)
    weight = {CONFIDENCE: None if row["reason"] else 1.0}
    if decision is not None and not row["reason"]:
        if decision["label"] in list(Note):
            row["notes"] = [*row["notes"], decision["label"]]
            weight = {CONFIDENCE: decision["score"]}
            if decision["label"] == Note.LABEL_FLIPPED:
                row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
        else:
            row |= dict.fromkeys(["prompt", "chosen", "rejected", "notes"])
            row |= {"reason": decision["label"], "detail": decision["detail"]}
            weight = {CONFIDENCE: None}
    return row | (weight if weighs else {})


@given(
    held=st.lists(rows(), max_size=8),
    told=decisions(),
    template=st.sampled_from([None, "llama2"]),
    options=st.sampled_from([{}, {"flip": 1.0}]),
)
def test_every_row_becomes_what_was_decided(held, told, template, options):
    recipe = recipe_for(template, policies={"identical": "keep", "empty_reply": "keep"}, **options)
    pairs = kernel_for(pair_kernel, recipe)(pair_batch(held))
    by_id = {decision["id"]: decision for decision in told.to_pylist()}
    wanted = [plainly(row, by_id.get(row["id"]), recipe.weighs) for row in pairs.to_pylist()]
    found = apply_actions(pairs, told, recipe)
    found.validate(full=True)
    assert found.to_pylist() == wanted


def test_a_margin_turns_with_the_replies():
    columns = PairColumns(weighed=True, carried=pa.schema([("margin", pa.float64())]))
    sides = {"prompt": "Tea?", "chosen": "Mint.", "rejected": "None."}
    held = [{"id": f"s/train/{n}", **sides, "notes": [], "margin": 1.5} for n in (1, 2)]
    schema = kernel_schema(Kind.PAIRS, Form.TEXT, columns)
    pairs = pa.RecordBatch.from_pylist(held, schema=schema)
    recipe = Recipe(template=None, form=Form.TEXT, flip=1.0, margin="gain")
    said = [{"id": "s/train/2", "label": Note.LABEL_FLIPPED.value, "score": 0.1, "detail": None}]
    told = pa.RecordBatch.from_pylist(said, schema=STATEMENTS)
    stays, turned = apply_actions(pairs, told, recipe).to_pylist()
    assert (stays["chosen"], stays["margin"]) == ("Mint.", 1.5)
    assert (turned["chosen"], turned["margin"]) == ("None.", -1.5)
