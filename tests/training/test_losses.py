"""The loss: TRL's own where nothing else is asked for, and else the one that is written down."""

import math

import pytest

import pairsmith
from pairsmith import Annotator
from pairsmith.training.losses import confidence_loss
from support.slow import slow
from support.training import SETTINGS, train_quietly, weights_of

torch = pytest.importorskip("torch")
pytest.importorskip("trl")


def by_hand(chosen, rejected, c, m):
    def log_sigmoid(z):
        return -math.log1p(math.exp(-z))

    z = chosen - rejected
    return -(c * log_sigmoid(z - m) + (1 - c) * log_sigmoid(-z - m))


@pytest.mark.parametrize("margin", [None, [0.0, 0.5, 2.0]], ids=["without", "with"])
def test_it_is_as_it_is_written(margin):
    chosen, rejected, c = [0.3, -1.0, 2.0], [0.1, 0.5, -2.0], [0.9, 0.5, 0.0]
    less = None if margin is None else torch.tensor(margin)
    found = confidence_loss(torch.tensor(chosen), torch.tensor(rejected), torch.tensor(c), less)
    rows = zip(chosen, rejected, c, margin or [0.0] * 3, strict=True)
    assert found.item() == pytest.approx(sum(by_hand(*row) for row in rows) / 3, abs=1e-6)


def test_it_is_least_at_no_difference_where_a_label_is_not_believed():
    difference = torch.zeros(1, requires_grad=True)
    half = torch.tensor([0.5])
    for margin in (None, torch.tensor([1.5])):
        (slope,) = torch.autograd.grad(
            confidence_loss(difference, torch.zeros(1), half, margin), difference
        )
        assert slope.item() == pytest.approx(0, abs=1e-7)


def trained_by_trl(small, place):
    """What TRL alone makes of the same rows, given as texts."""
    import datasets
    from trl.trainer.reward_config import RewardConfig
    from trl.trainer.reward_trainer import RewardTrainer

    from pairsmith.models.loading import load_for_training
    from support.built import shards_of

    scorer = load_for_training(str(small.model), "text", seed=42)
    rows = [row for row in shards_of(small.text) if "/train/" in row["id"]]
    given = [{side: row[side] for side in ("prompt", "chosen", "rejected")} for row in rows]
    args = RewardConfig(
        output_dir=str(place), max_steps=3, lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1}, warmup_steps=0.03, bf16=False,
        activation_checkpointing=False, report_to="none", save_strategy="no", disable_tqdm=True,
        seed=42, dataloader_pin_memory=False, **SETTINGS,
    )  # fmt: skip
    trainer = RewardTrainer(
        scorer.model, args=args, train_dataset=datasets.Dataset.from_list(given),
        processing_class=scorer.tokenizer,
    )  # fmt: skip
    trainer.train()
    return trainer.model.state_dict()


def difference(run, weights):
    from safetensors.torch import load_file

    held = load_file(run / "model.safetensors")
    assert held.keys() == weights.keys()
    return max((held[name] - weights[name]).abs().max().item() for name in held)


def believe(build, name, share):
    """An annotation by which every label is right with this probability."""
    said = [{"id": f"pairs/train/{number}", "score": share} for number in range(1, 23)]
    pairsmith.annotate(build, name, said, Annotator("a test", "1"))


@slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("believed", [None, 1.0])
def test_the_weights_are_those_that_trl_makes_alone(small, tmp_path, believed):
    name = None
    if believed is not None:
        name = "sure"
        believe(small.text, name, believed)
    train_quietly(small.text, tmp_path / "run", small.model, max_steps=3, confidence=name)
    assert difference(tmp_path / "run", trained_by_trl(small, tmp_path / "theirs")) < 1e-6


@slow
def test_confidence_of_a_half_teaches_nothing_of_who_is_better(small, tmp_path):
    believe(small.messages, "half", 0.5)
    made = train_quietly(
        small.messages, tmp_path / "half", small.model, confidence="half", learning_rate=1e-2
    )
    sure = train_quietly(small.messages, tmp_path / "sure", small.model, learning_rate=1e-2)
    assert made.manifest.metrics["last_loss"] == pytest.approx(math.log(2), abs=2e-3)
    assert sure.manifest.metrics["last_loss"] < 0.5
    assert made.manifest.metrics["weighed"] == 22
    assert weights_of(tmp_path / "half") != weights_of(tmp_path / "sure")
