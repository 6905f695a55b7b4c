"""Settings of DPO that TRL would pass over in silence, or fail over late, are refused by name."""

import inspect

import pytest

from pairsmith.errors import RecipeError
from pairsmith.training.dpo.options import CHOICES, LOSSES, SMOOTHED
from pairsmith.training.methods import METHODS
from pairsmith.training.rl import options as rl
from pairsmith.training.settings import settle

pytest.importorskip("trl")
DPO = METHODS["dpo"].configuration


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"label_smoothing": 0.1}, "sigmoid loss passes over label_smoothing"),
        ({"label_smoothing": 0.7, "loss_type": ["robust"]}, "label_smoothing is 0.7"),
        ({"loss_type": ["exo_pair"]}, "exo_pair wants a label_smoothing"),
        ({"loss_type": ["sigmoyd"]}, "'sigmoyd' is no loss"),
        ({"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0]}, "1 loss_weights, and losses 2"),
        ({"beta": 0.0}, "beta is 0"),
        ({"ld_alpha": 1.5}, "ld_alpha is 1.5"),
        ({"truncation_mode": "middle"}, "truncation_mode is 'middle'"),
        ({"f_divergence_type": "kl"}, "f_divergence_type is 'kl'"),
        ({"loss_type": []}, "loss_type names no loss"),
        ({"learning_rate": "1e30"}, r"learning_rate is 1e\+30"),
        ({"beta": "1e300"}, r"beta is 1e\+300"),
        ({"loss_weights": ["1e300"]}, r"loss_weights is 1e\+300"),
        ({"lora_r": 2**31 - 1}, "lora_r is 2147483647"),
        ({"lora_dropout": 1.5}, r"lora_dropout is 1\.5"),
        ({"weight_decay": -1.0}, r"weight_decay is -1\.0"),
        ({"data_seed": -(2**40)}, "data_seed is -1099511627776"),
        ({"pad_to_multiple_of": 0}, "pad_to_multiple_of is 0"),
        ({"confidence": "label", "loss_type": ["ipo"]}, "beside loss_type: ipo"),
        ({"margin": True, "f_divergence_type": "js_divergence"}, "beside f_divergence_type"),
        ({"sync_ref_model": True}, "sets sync_ref_model, which pairsmith sets itself"),
    ],
)
def test_what_is_at_odds(tmp_path, given, said):
    import json

    (tmp_path / "c.yaml").write_text(json.dumps({"model_name_or_path": "tea", **given}))
    with pytest.raises(RecipeError, match=said):
        settle(DPO, {}, tmp_path / "c.yaml")


@pytest.mark.parametrize(("written", "kept"), [("0.9", "0.9"), ("1", "1.0"), ("label", "label")])
def test_a_confidence_for_all_rows_is_a_number(tmp_path, written, kept):
    (tmp_path / "c.yaml").write_text(f"model_name_or_path: tea\nconfidence: {written}\n")
    assert settle(DPO, {}, tmp_path / "c.yaml")["confidence"] == kept


def test_a_confidence_above_one_is_refused():
    with pytest.raises(RecipeError, match=r"confidence is 1\.5"):
        settle(DPO, {"model_name_or_path": "tea", "confidence": 1.5}, None)


def test_the_hint_on_smoothing_names_the_confidence():
    with pytest.raises(RecipeError) as caught:
        settle(DPO, {"model_name_or_path": "tea", "loss_type": ["hinge"]}, None) and settle(
            DPO, {"model_name_or_path": "tea", "label_smoothing": 0.1}, None
        )
    assert "confidence" in caught.value.hint
    assert "0.9" in caught.value.hint


def test_words_are_those_of_trl():
    from trl.trainer.dpo_trainer import DPOTrainer
    from trl.trainer.grpo_trainer import GRPOTrainer

    for trainer, choices in ((DPOTrainer, CHOICES), (GRPOTrainer, rl.CHOICES)):
        source = inspect.getsource(trainer)
        for name, words in choices.items():
            assert name in source
            assert [word for word in words if f'"{word}"' not in source] == []


def test_the_losses_are_those_of_trl():
    from trl.trainer.dpo_trainer import DPOTrainer

    source = inspect.getsource(DPOTrainer._compute_loss)
    for name in LOSSES:
        body = source.partition(f'loss_type == "{name}"')[2].partition("elif loss_type")[0]
        assert body, name
        assert ("label_smoothing" in body) == (name in SMOOTHED), name
