"""A build that acts, over Ray: workers find the decisions beside the shards."""

import pytest

import pairsmith
from support.defects import write_planted
from support.mixture import hashes

pytestmark = pytest.mark.usefixtures("ray_cluster")


def test_ray_makes_the_same_bytes_of_rows_that_are_acted_on(tmp_path):
    source = write_planted(tmp_path / "in")
    options = {"drop": ["duplicates", "leaks"], "template": "llama2", "shard_rows": 2}
    built = pairsmith.build(source, tmp_path / "local", workers=1, **options)
    assert built.totals.quarantined["leak"]
    pairsmith.build(source, tmp_path / "ray", engine="ray", **options)
    assert hashes(tmp_path / "ray") == hashes(tmp_path / "local")
