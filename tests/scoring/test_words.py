"""The scorer `linear`: what it says of pairs, and where it says nothing."""

import numpy as np
import pytest

import pairsmith
from pairsmith.errors import PairsmithError

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def out(doubtful, tmp_path_factory):
    out = tmp_path_factory.mktemp("words") / "out"
    pairsmith.build(doubtful, out)
    return out


def test_margins_are_those_of_the_label_model(out):
    from pairsmith.dataset.index import open_keys
    from pairsmith.dataset.reader import Dataset
    from pairsmith.scoring.folds import assign_folds
    from pairsmith.scoring.linear import predict_log_odds

    data = Dataset(out)
    with open_keys(data) as keys:
        expected = predict_log_odds(data, assign_folds(keys))
    ids = [id for batch in data.batches() for id in batch.ids.to_pylist()]
    made = pairsmith.score(out, "linear", name="linear")
    said = {row["id"]: row for batch in made.batches() for row in batch.to_pylist()}
    assert [*said] == ids
    np.testing.assert_allclose([said[id]["score"] for id in ids], expected, atol=1e-5)
    for row in said.values():
        assert row["score"] == row["chosen_score"] - row["rejected_score"]
    assert "chosen_tokens" not in next(iter(said.values()))
    assert made.annotator.recipe["model"] == {"name": "linear"}


def test_too_few_rows_are_told(tmp_path):
    rows = [{"prompt": "Tea?", "chosen": "Yes.", "rejected": "No."}] * 4
    pairsmith.build(rows, tmp_path / "out", policies={})
    with pytest.raises(PairsmithError, match="cannot learn from 4 pairs"):
        pairsmith.score(tmp_path / "out", "linear")
