"""A build that acts, over Ray: workers find the decisions beside the shards."""

import json

import pytest

import pairsmith
from support.defects import write_planted
from support.mixture import hashes
from support.slow import slow

pytestmark = pytest.mark.usefixtures("ray_cluster")


@slow
def test_ray_makes_the_same_bytes_of_rows_that_are_acted_on(tmp_path):
    source = write_planted(tmp_path / "in")
    options = {"drop": ["duplicates", "leaks"], "template": "llama2", "shard_rows": 2}
    built = pairsmith.build(source, tmp_path / "local", workers=1, **options)
    assert built.totals.quarantined["leak"]
    pairsmith.build(source, tmp_path / "ray", engine="ray", **options)
    assert hashes(tmp_path / "ray") == hashes(tmp_path / "local")


@slow
def test_ray_fills_scores_with_the_same_bytes(tmp_path):
    place = tmp_path / "in/red-team-attempts"
    place.mkdir(parents=True)
    attempts = [{"transcript": f"\n\nHuman: Tea {n}?\n\nAssistant: Yes."} for n in range(5)]
    (place / "red_team_attempts.jsonl").write_text(json.dumps(attempts))
    out, options = tmp_path / "out", {"template": "llama2", "shard_rows": 2}
    pairsmith.build(tmp_path / "in", out, **options)
    said = [
        {"id": f"red-team-attempts/train/{n}", "label": "dialogue", "score": -n, "task_score": n}
        for n in range(1, 5)
    ]
    by = pairsmith.Annotator("a reader", "1", actions={"dialogue": "fill"})
    pairsmith.annotate(out, "mine", said, by)
    options["apply"] = [f"{out}/annotations/mine"]
    built = pairsmith.build(tmp_path / "in", tmp_path / "local", workers=1, **options)
    assert built.totals.noted == {"score_filled": 4, "task_score_filled": 4}
    pairsmith.build(tmp_path / "in", tmp_path / "ray", engine="ray", **options)
    assert hashes(tmp_path / "ray") == hashes(tmp_path / "local")
