"""Every row of the real file is in the ledger of a run by reinforcement learning."""

import shutil

import pytest

import pairsmith
from support.models.folders import write_causal, write_scorer
from support.rl import metrics_of, train_rl_quietly
from support.slow import slow

pytest.importorskip("trl")


@slow
@pytest.mark.parametrize("form", ["messages", "text"])
def test_every_row_of_the_real_file_is_accounted_for(form, real, tmp_path):
    pairsmith.split(real, tmp_path / "divided", test=0.1)
    options = {"template": "llama2"} if form == "text" else {}
    built = pairsmith.build(tmp_path / "divided", tmp_path / "out", **options)
    policy, reward = write_causal(tmp_path / "policy"), write_scorer(tmp_path / "reward")
    watch = shutil.copytree(reward, tmp_path / "watch")
    (watch / "vocab.txt").write_text("")  # the same model by another hash
    made = train_rl_quietly(
        tmp_path / "out", tmp_path / "run", policy, reward,
        watch=str(watch), max_steps=2, max_length=512, evaluate=True,
    )  # fmt: skip
    ledger = made.manifest.ledger
    for held in ledger.values():
        assert held["read"] == sum(count for name, count in held.items() if name != "read")
    kept = {f"{entry.subset}/{entry.split}": entry.kept for entry in built.ledger}
    assert {place: held["read"] for place, held in ledger.items()} == kept
    train = ledger["harmless-base/train"]
    assert train["trained"] > 1000
    assert train["too_long"] > 100
    lines = metrics_of(made.folder)
    assert [line["step"] for line in lines] == [1, 2]
    assert all(line["watch"] == line["reward"] for line in lines)  # one model in both roles
    assert made.manifest.metrics["held_out_prompts"] == 64
