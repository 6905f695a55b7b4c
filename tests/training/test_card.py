"""The card of a run: what the model was made from, by a name and a licence that hold elsewhere."""

import pytest
import yaml

from pairsmith.dataset.manifest import read_manifest
from pairsmith.models.run_folder import RunManifest
from pairsmith.schema.rows import Form
from pairsmith.training.reward.card import card_text


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("smollm2", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("tea/fern-1b", "tea/fern-1b"),
        ("fern", None),
    ],
)
def test_the_base_is_named_where_others_can_find_it(sample_messages, base, origin):
    run = RunManifest(
        pairsmith="1",
        kind="reward",
        build={"name": "chat", "sha256": "0" * 64},
        base={"name": base, "sha256": "0" * 64},
        form=Form.MESSAGES,
        template=None,
        config={
            "head_only": True,
            "margin": False,
            "confidence": None,
            "num_train_epochs": 1,
            "learning_rate": 1e-5,
            "max_length": 512,
            "seed": 0,
        },
        ledger={},
        metrics=dict.fromkeys(("steps", "loss", "accuracy", "last_loss", "last_accuracy"), 1.0),
        versions=dict.fromkeys(("trl", "transformers", "torch", "peft", "accelerate"), "1"),
    )
    card = card_text(run, read_manifest(sample_messages), "<|pad|>")
    _, matter, body = card.split("---\n", 2)
    assert yaml.safe_load(matter).get("base_model") == origin
    assert ("is under `apache-2.0`" in body) == (base == "smollm2")
