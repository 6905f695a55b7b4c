"""Models trained on rows whose truth is known learn it, by the command line alone, and no more."""

import numpy as np
import pyarrow as pa
import pytest

import pairsmith
from support.built import shards_of
from support.models.commands import succeed
from support.models.planted_runs import (
    build_planted,
    calibration_error,
    read_scores,
    train_and_score,
    write_base,
)
from support.models.utility import Utility, best_possible, best_reached, write_rows
from support.slow import slow

pytest.importorskip("trl")
pytestmark = slow
UTILITY = Utility()


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def plain(base, tmp_path_factory):
    """A smaller build, its test rows, and their scores by a model that it trained."""
    folder = tmp_path_factory.mktemp("plain")
    build, rows = build_planted(folder, UTILITY, 2000, 1000)
    train_and_score(build, folder / "model", base)
    return build, rows, read_scores(build, "model")


def test_a_small_model_learns_all_that_there_is(base, tmp_path):
    """Within two points of the best possible, and as sure as it may be: some 110,000 weights."""
    build, rows = build_planted(tmp_path, UTILITY, 6000, 3000)
    assert 0 < train_and_score(build, tmp_path / "model", base) < 120
    scored = read_scores(build, "model")
    assert len(scored.margins) == 3000
    assert best_reached(rows) - 0.02 <= scored.accuracy <= best_reached(rows) + 0.01
    assert scored.accuracy >= best_possible(rows) - 0.02
    assert calibration_error(scored.margins) <= 0.03
    truth = np.array([row.better for row in rows])
    assert np.corrcoef(scored.margins, truth)[0, 1] > 0.9


def test_exchanged_labels_give_the_mirror_image(base, plain, tmp_path):
    _, rows, scored = plain
    build, others = build_planted(tmp_path, UTILITY.exchange(), 2000, 1000)
    assert [row.chosen for row in rows] == [row.rejected for row in others]
    train_and_score(build, tmp_path / "model", base)
    mirrored = read_scores(build, "model")
    assert scored.accuracy > best_reached(rows) - 0.03
    assert mirrored.accuracy > best_reached(rows) - 0.03
    by_first_labels = mirrored.rejected - mirrored.chosen
    assert np.mean(by_first_labels > 0) < 1 - best_reached(rows) + 0.03
    assert np.corrcoef(scored.margins, by_first_labels)[0, 1] < -0.85


def test_what_is_believed_to_a_half_teaches_nothing(base, plain, tmp_path):
    """The best that a model can do for such labels is to score both replies alike."""
    build, rows, taught = plain
    ids = [row["id"] for row in shards_of(build)]
    half = pa.table({"id": ids, "score": [0.5] * len(ids)})
    pairsmith.annotate(build, "half", half, pairsmith.Annotator("nobody", "1"))
    train_and_score(build, tmp_path / "untaught", base, "--confidence", "half")
    scored = read_scores(build, "untaught")
    truth = np.array([row.better for row in rows])
    assert np.abs(scored.margins).mean() < 0.05 * np.abs(taught.margins).mean()
    assert abs(np.corrcoef(scored.margins, truth)[0, 1]) < 0.5
    assert calibration_error(scored.margins) < 0.1


def test_rows_of_greater_margin_are_parted_further(base, tmp_path):
    """With how much better a reply is as its margin, more for the rows where that is much."""
    rows = UTILITY.draw(2000, "margins")
    write_rows(tmp_path / "rows" / "garden" / "train.jsonl", rows, gap=lambda row: abs(row.better))
    build = tmp_path / "build"
    succeed("build", tmp_path / "rows", build, "--margin", "gap")
    train_and_score(build, tmp_path / "with", base, "--margin")
    train_and_score(build, tmp_path / "without", base)
    parted, plain = (
        np.abs(read_scores(build, name, "train").margins) for name in ("with", "without")
    )
    gap = np.array([abs(row.better) for row in rows])
    order = np.argsort(gap)
    little, much = order[:500], order[-500:]
    assert (parted - plain)[much].mean() > 1
    assert (parted - plain)[much].mean() > 2 * (parted - plain)[little].mean()
