"""pairsmith train rl: models that do not fit each other are refused by name, weights unread."""

import pytest

from support.models.folders import write_causal, write_scorer

pytest.importorskip("trl")

OTHER = "Sage Mint Rosemary, each in a pot of its own beside the door."


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A policy, and a preference model of another vocabulary, both without weights."""
    place = tmp_path_factory.mktemp("models")
    write_causal(place / "policy")
    write_scorer(place / "other", [OTHER])
    for name in ("policy", "other"):
        (place / name / "model.safetensors").unlink()
    return place


@pytest.mark.parametrize("role", ["reward", "watch"])
def test_another_vocabulary_is_refused(role, run, models, sample_messages, tmp_path):
    named = ["--reward", models / "other"]
    if role == "watch":
        write_scorer(tmp_path / "reward")
        (tmp_path / "reward" / "model.safetensors").unlink()
        named = ["--reward", tmp_path / "reward", "--watch", models / "other"]
    out = tmp_path / "run"
    status, printed, told = run(
        "train", "rl", sample_messages, out, "--model", models / "policy", *named
    )
    assert (status, printed) == (2, "")
    assert "The vocabularies of" in told
    assert "other differ in" in " ".join(told.split())
    assert "Traceback" not in told
    assert not out.exists()


def test_a_policy_in_the_place_of_a_preference_model_is_refused(
    run, models, sample_messages, tmp_path
):
    status, _, told = run(
        "train", "rl", sample_messages, tmp_path / "run",
        "--model", models / "policy", "--reward", models / "policy",
    )  # fmt: skip
    assert status == 2
    assert "named by --reward, gives no scores" in " ".join(told.split())
