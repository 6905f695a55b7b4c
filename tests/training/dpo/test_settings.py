"""Settings of DPO that TRL would pass over in silence, or fail over late, are refused by name."""

import inspect

import pytest

from pairsmith.errors import RecipeError
from pairsmith.training.dpo.options import LOSSES, SMOOTHED
from pairsmith.training.methods import METHODS
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


def test_the_losses_are_those_of_trl():
    from trl.trainer.dpo_trainer import DPOTrainer

    source = inspect.getsource(DPOTrainer._compute_loss)
    for name in LOSSES:
        body = source.partition(f'loss_type == "{name}"')[2].partition("elif loss_type")[0]
        assert body, name
        assert ("label_smoothing" in body) == (name in SMOOTHED), name
