"""A run of DPO that was broken off goes on as if unbroken, whatever tells the reference."""

import pytest

from support.slow import slow
from support.training import metrics_of, stop_after, train_policy, weights_of

pytest.importorskip("trl")

WAYS = {
    "precomputed": ({}, "precompute_ref_log_probs: true\n"),
    "adapters": ({"use_peft": True, "lora_r": 2}, ""),
    "both": ({"use_peft": True, "lora_r": 2}, "precompute_ref_log_probs: true\n"),
}
"""Options, and lines of the settings."""


def record_of(run):
    """The lines of its metrics, without what is of the clock."""
    return [
        {name: line[name] for name in line if name != "tokens_per_second"}
        for line in metrics_of(run)
    ]


@slow
@pytest.mark.parametrize("way", WAYS)
def test_weights_and_record_are_those_of_an_unbroken_run(way, small, tmp_path):
    options, lines = WAYS[way]
    config = tmp_path / "settings.yaml"
    config.write_text(f"save_steps: 2\nlogging_steps: 1\n{lines}")
    asked = {"config": config, "max_steps": 6, "learning_rate": 1e-2, **options}
    whole = train_policy(small.messages, tmp_path / "whole", small.model, **asked).folder
    place = tmp_path / "run"
    for step in (1, 3, 5):
        with pytest.raises(KeyboardInterrupt):
            train_policy(small.messages, place, small.model, progress=stop_after(step), **asked)
    train_policy(small.messages, place, small.model, **asked)
    assert weights_of(place) == weights_of(whole)
    assert record_of(place) == record_of(whole)
    assert [line["step"] for line in record_of(whole)] == [1, 2, 3, 4, 5, 6]
    assert abs(record_of(whole)[-1]["loss"] - record_of(whole)[0]["loss"]) > 1e-4
