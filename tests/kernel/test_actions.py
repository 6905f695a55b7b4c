"""Fates: what becomes of rows, against a plain loop over them."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.kernel.actions import meet
from pairsmith.kernel.pairs import pair_kernel
from pairsmith.schema.annotations import FATES
from pairsmith.schema.reasons import DROPS, Note
from pairsmith.schema.rows import CONFIDENCE
from support.formats import kernel_for, recipe_for
from support.transcripts import pair_batch, rows

FATE = {name.value: {"detail": f"as {name}", "confidence": None} for name in DROPS.values()}
FATE |= {
    note: {"detail": None, "confidence": 0.125} for note in ("label_flipped", "label_smoothed")
}


@st.composite
def fates(draw):
    """Fates of some of the rows, and of some that there are not."""
    numbers = draw(st.lists(st.integers(1, 10), unique=True, max_size=8))
    held = [(f"s/train/{number}", draw(st.sampled_from(sorted(FATE)))) for number in numbers]
    return pa.RecordBatch.from_pylist(
        [{"id": id, "fate": fate, **FATE[fate]} for id, fate in held], schema=FATES
    )


def plainly(row, fate, weighs):
    """What becomes of one row."""
    row = dict(row)
    weight = {CONFIDENCE: None if row["reason"] else 1.0}
    if fate is not None and not row["reason"]:
        if fate["fate"] in list(Note):
            row["notes"] = [*row["notes"], fate["fate"]]
            weight = {CONFIDENCE: fate["confidence"]}
            if fate["fate"] == Note.LABEL_FLIPPED:
                row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
        else:
            row |= dict.fromkeys(["prompt", "chosen", "rejected", "notes"])
            row |= {"reason": fate["fate"], "detail": fate["detail"]}
            weight = {CONFIDENCE: None}
    return row | (weight if weighs else {})


@given(
    held=st.lists(rows(), max_size=8),
    told=fates(),
    template=st.sampled_from([None, "llama2"]),
    options=st.sampled_from([{}, {"flip": 1.0}]),
)
def test_every_row_meets_its_fate(held, told, template, options):
    recipe = recipe_for(template, policies={"identical": "keep", "empty_reply": "keep"}, **options)
    pairs = kernel_for(pair_kernel, recipe)(pair_batch(held))
    by_id = {fate["id"]: fate for fate in told.to_pylist()}
    wanted = [plainly(row, by_id.get(row["id"]), recipe.weighs) for row in pairs.to_pylist()]
    found = meet(pairs, told, recipe)
    found.validate(full=True)
    assert found.to_pylist() == wanted
