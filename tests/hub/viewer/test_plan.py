"""Plans of what there is to choose from: made within bounds, kept as far as there is room."""

from __future__ import annotations

import pytest

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos.card import Config
from pairsmith.hub.viewer import plan as module
from pairsmith.hub.viewer.plan import Plan, Plans, make_plan


def test_only_so_many_paths_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "MAX_PATHS", 3)
    monkeypatch.setattr(module, "MAX_FILES", 2)
    paths = [f"{number}.parquet" for number in range(4)]
    made = make_plan([], paths, "", "")
    assert (made.paths, made.files, made.whole, made.looked) == (paths[:2], 3, False, 3)
    assert make_plan([], paths[:3], "", "").whole


def test_parts_of_annotations_are_no_rows():
    paths = [
        "annotations/a/manifest.json",
        "annotations/a/part-0.parquet",
        "annotations/b/part-0.parquet",
        "train.parquet",
    ]
    made = make_plan([], paths, "", "")
    assert (made.annotations, made.subsets) == (["a"], ["annotations/b", "default"])
    assert make_plan([], paths[:2], "", "") == Plan(annotations=["a"], looked=2)


def test_splits_of_a_folder_are_told_of_the_subset_that_is_shown():
    """A card may name one folder 200 times; its files are looked through once."""
    configs = [Config(f"c{number}", [], folder="a") for number in range(200)]
    paths = [f"a/{split}-{number:05}.parquet" for number in range(2_000) for split in ("test", "x")]
    made = make_plan(configs, sorted(paths), "c7", "test")
    assert (len(made.subsets), made.splits, made.split) == (200, ["test", "train"], "test")
    assert (made.files, len(made.paths)) == (2_000, 1_000)
    with pytest.raises(HubError, match="no subset 'c200'"):
        make_plan(configs, paths, "c200", "")


def test_plans_are_kept_as_far_as_there_is_room():
    plans = Plans(room=10_000)
    for number in range(100):
        plans.put(f"{number}", "", "", Plan(split=f"{number}"))
        assert plans.get("0", "", "") == Plan(split="0")  # the one that is asked for stays
    kept = [number for number in range(100) if plans.get(f"{number}", "", "")]
    assert kept[0] == 0
    assert kept[1:] == list(range(kept[1], 100))
    assert 10 < len(kept) < 20
    plans.put("large", "", "", Plan(paths=["x" * 20_000]))
    assert plans.get("large", "", "") is None
    assert plans.get("99", "", "") is None
