"""Policies: a causal model is loaded whole, and what is none is refused by name."""

import json

import pytest

from pairsmith.errors import ModelError
from pairsmith.models.policies import load_policy
from pairsmith.schema.rows import Form
from support.tiny import llama_model, llama_tokenizer


@pytest.fixture
def folder(tmp_path):
    tokenizer = llama_tokenizer(["How long does tea steep?"])
    tokenizer.save_pretrained(tmp_path / "policy")
    llama_model(len(tokenizer)).save_pretrained(tmp_path / "policy")
    return tmp_path / "policy"


def test_a_policy_is_loaded_as_it_was_saved(folder):
    policy = load_policy(str(folder), Form.TEXT, device="cpu")
    assert type(policy.model).__name__ == "LlamaForCausalLM"
    assert not policy.model.training
    assert (policy.form, policy.template, policy.device) == (None, None, "cpu")
    assert policy.sha256 == load_policy(str(folder), device="cpu").sha256


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": 0.6, "top_p": 0.9}, ""),
        ({"pad_token_id": -1}, "generation_config.json of .* is not valid: .*pad_token_id"),
    ],
)
def test_settings_that_no_checkpoint_can_hold_are_told_at_once(folder, tmp_path, settings, said):
    (folder / "generation_config.json").write_text(json.dumps(settings))
    if said:
        with pytest.raises(ModelError, match=said):
            load_policy(str(folder), device="cpu")
    else:
        load_policy(str(folder), device="cpu").model.save_pretrained(tmp_path / "saved")


def test_a_preference_model_is_no_policy(folder):
    told = json.loads((folder / "config.json").read_text())
    told["architectures"] = ["LlamaForSequenceClassification"]
    (folder / "config.json").write_text(json.dumps(told))
    with pytest.raises(ModelError, match="gives scores, and writes no replies"):
        load_policy(str(folder), device="cpu")


def test_weights_that_are_not_there_are_not_drawn_at_random(folder):
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    held = load_file(path)
    del held["lm_head.weight"]
    save_file(held, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"not whole: its weights lack lm_head\.weight"):
        load_policy(str(folder), device="cpu")
