"""Best-of-n from a real server: `transformers serve`, with a tiny model and with SmolLM2."""

import shutil

import pytest

import pairsmith
from pairsmith.errors import ModelError
from pairsmith.generating.manifest import iter_samples, read_samples
from pairsmith.models.generation.endpoint import open_endpoint
from pairsmith.models.generation.sample import Failed, Sample, Sampling
from pairsmith.models.generation_settings import sample_by_default
from support.serving import serving
from support.slow import slow

ASKED = [{"role": "user", "content": "Name a plant that likes shade."}]

pytestmark = slow


@pytest.fixture(params=["tiny", "smollm2"])
def served(request, tmp_path):
    if request.param == "smollm2":
        yield request.getfixturevalue("served_smollm2")
        return
    model = shutil.copytree(request.getfixturevalue("policy"), tmp_path / "model")
    sample_by_default(model)
    with serving(model) as served:
        yield served


def test_a_server_that_does_not_sample_is_found_out(builds, policy, scorer, tmp_path):
    with serving(policy) as served, pytest.raises(ModelError, match="it does not sample"):
        pairsmith.generate(
            builds / "messages", tmp_path / "out", endpoint=served.address,
            served_model=served.model, score=scorer, best_of=2, max_tokens=4,
        )  # fmt: skip


def test_a_real_server_gives_samples(served, builds, scorer, tmp_path):
    endpoint = open_endpoint(served.address, served.model)
    how = Sampling(max_tokens=12)
    found = endpoint.write(ASKED, [3, 4, 3], how, at_once=1)
    one, other, again = (held.text for held in found if isinstance(held, Sample))
    assert one == again  # its seed is all that draws it
    assert one != other
    made = pairsmith.generate(
        builds / "messages", tmp_path / "out", endpoint=served.address,
        served_model=served.model, score=scorer, best_of=2, max_tokens=8, split="test", at_once=2,
    )  # fmt: skip
    rows = list(iter_samples(made.folder, read_samples(made.folder)))
    assert len(rows) == 4
    assert made.manifest.samples["asked"] == 8
    assert made.manifest.samples["failed"] == 0, rows
    assert pairsmith.build(made.folder, tmp_path / "built").totals.kept == made.manifest.kept
    [wrong] = open_endpoint(served.address, "moss").write(ASKED, [1], how)
    assert isinstance(wrong, Failed)
    assert wrong.kind in ("refused", "unfit", "other_model")
