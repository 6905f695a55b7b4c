"""DPO's loss: TRL's own where nothing else is asked for, and else the one that is written down."""

import math

import pytest

import pairsmith
from pairsmith import Annotator
from support.slow import quick, slow
from support.training import SETTINGS, metrics_of, train_policy, weights_of

torch = pytest.importorskip("torch")
pytest.importorskip("trl")
IDS = [f"pairs/train/{number}" for number in range(1, 23)]


@pytest.fixture(scope="module")
def believed(small):
    """Annotations of the text build that believe every label as told. By value, their names."""
    by = {1.0: "surely", 0.5: "perhaps"}
    for value, name in by.items():
        said = [{"id": id, "score": value} for id in IDS]
        pairsmith.annotate(small.text, name, said, Annotator("a test", "1"))
    return by


def trained_by_trl(small, form, place, **settings):
    """The lines that TRL alone logs over the same rows, given as texts or messages."""
    import datasets
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    from pairsmith.models.policies import load_policy
    from support.built import bare, shards_of

    policy = load_policy(str(small.model), form, device="cpu")
    rows = [row for row in shards_of(getattr(small, form)) if "/train/" in row["id"]]
    give = (lambda held: held) if form == "text" else bare
    given = [{side: give(row[side]) for side in ("prompt", "chosen", "rejected")} for row in rows]
    args = DPOConfig(
        output_dir=str(place), max_steps=3, lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1}, warmup_steps=0.03, bf16=False,
        activation_checkpointing=False, report_to="none", save_strategy="no", disable_tqdm=True,
        seed=42, dataloader_pin_memory=False, logging_steps=1, **SETTINGS, **settings,
    )  # fmt: skip
    trainer = DPOTrainer(
        policy.model, args=args, train_dataset=datasets.Dataset.from_list(given),
        processing_class=policy.tokenizer,
    )  # fmt: skip
    trainer.train()
    trainer.save_model(str(place / "model"))
    return [line for line in trainer.state.log_history if "loss" in line], place / "model"


@pytest.mark.parametrize("form", quick(["text", "messages"]))
@pytest.mark.filterwarnings("default")
def test_without_options_of_ours_it_is_that_of_trl_alone(small, tmp_path, form):
    mine = train_policy(getattr(small, form), tmp_path / "mine", small.model, max_steps=3)
    theirs, weights = trained_by_trl(small, form, tmp_path)
    lines = metrics_of(mine.folder)
    assert len(lines) == len(theirs) == 3
    for name in ("loss", "rewards/margins", "logps/chosen", "num_tokens", "grad_norm"):
        assert [line[name] for line in lines] == pytest.approx(
            [line[name] for line in theirs], abs=1e-6
        )
    assert weights_of(mine.folder) == weights_of(weights)


def test_a_label_that_is_not_believed_has_no_gradient(small, believed, tmp_path):
    """The policy begins where both sides have the same log-ratio: the loss is least just there."""
    made = train_policy(
        small.text, tmp_path / "run", small.model, max_steps=3, confidence=believed[0.5]
    )
    lines = metrics_of(made.folder)
    assert [line["grad_norm"] for line in lines] == [0.0] * 3
    assert [line["loss"] for line in lines] == pytest.approx([math.log(2)] * 3, abs=1e-6)
    assert made.manifest.metrics["weighed"] == 22
    from safetensors.torch import load_file

    base = load_file(small.model / "model.safetensors")
    held = load_file(made.folder / "model.safetensors")
    assert all(torch.equal(held[name], base[name]) for name in base)


CASES: dict[str, dict[str, object]] = {
    "plain": {},
    "half-known": {"ld_alpha": 0.5},
    "beforehand": {"precompute_ref_log_probs": True},
    "adapters": {"use_peft": True},
}


@slow
@pytest.mark.parametrize("case", CASES)
def test_a_label_that_is_believed_has_the_loss_of_trl(small, believed, tmp_path, case):
    (tmp_path / "c.yaml").write_text("".join(f"{k}: {v}\n".lower() for k, v in CASES[case].items()))
    given = {"max_steps": 3, "config": tmp_path / "c.yaml", "learning_rate": 1e-2}
    plain = train_policy(small.text, tmp_path / "plain", small.model, **given)
    sure = train_policy(
        small.text, tmp_path / "sure", small.model, confidence=believed[1.0], **given
    )
    for mine, theirs in zip(metrics_of(sure.folder), metrics_of(plain.folder), strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], abs=1e-6)
        assert mine["rewards/margins"] == pytest.approx(theirs["rewards/margins"], abs=1e-4)
    assert metrics_of(plain.folder)[-1]["loss"] < 0.69


@slow
@pytest.mark.parametrize("confidence", [None, "0.9"])
def test_margins_are_what_chosen_has_to_be_better_by(small, tmp_path, confidence):
    """At the start z is 0: the loss is −log σ(−m), whatever is believed."""
    rows = [
        {"prompt": f"Tea {n}?", "chosen": "Mint.", "rejected": "No.", "margin": n / 4}
        for n in range(8)
    ]
    built = pairsmith.build({"train": rows}, tmp_path / "b", template="llama2", margin="margin")
    assert built.totals.kept == 8
    made = train_policy(
        tmp_path / "b", tmp_path / "run", small.model, margin=True, max_steps=1,
        per_device_train_batch_size=8, confidence=confidence,
    )  # fmt: skip
    expected = sum(math.log1p(math.exp(n / 4)) for n in range(8)) / 8
    assert metrics_of(made.folder)[0]["loss"] == pytest.approx(expected, abs=1e-6)


@slow
def test_one_number_is_the_confidence_in_every_label(small, believed, tmp_path):
    """As an annotation that says it of each row; and as the loss of labels that were smoothed."""
    given = {"max_steps": 3, "learning_rate": 1e-2}
    one = train_policy(small.text, tmp_path / "one", small.model, confidence="0.5", **given)
    each = train_policy(small.text, tmp_path / "each", small.model, confidence="perhaps", **given)
    assert weights_of(one.folder) == weights_of(each.folder)
    mostly = train_policy(small.text, tmp_path / "mostly", small.model, confidence="0.9", **given)
    assert mostly.manifest.metrics["weighed"] == 22
    last = metrics_of(mostly.folder)[-1]
    assert last["rewards/margins"] > 0
    assert last["loss"] < math.log(2)


@slow
@pytest.mark.parametrize("marked", ["chosen", "rejected"])
def test_it_learns_which_side_was_chosen(marked, small, tmp_path):
    """A word that one side alone has: held-out pairs are told by it, with the sign of the side."""
    other = {"chosen": "rejected", "rejected": "chosen"}[marked]

    def rows(numbers, marked, other):
        return [
            {
                "prompt": f"Tea number {number}?",
                marked: f"fern garden {number % 3}",
                other: f"tea garden {number % 3}",
            }
            for number in numbers
        ]

    held = {
        "train": rows(range(48), marked, other),
        "test": rows(range(48, 72), "chosen", "rejected"),
    }
    pairsmith.build(held, tmp_path / "b", template="llama2")
    made = train_policy(
        tmp_path / "b", tmp_path / "run", small.model, num_train_epochs=2, max_steps=-1,
        learning_rate=1e-2, per_device_train_batch_size=12, max_length=64, evaluate=True,
    )  # fmt: skip
    found = made.manifest.metrics
    assert found["held_out_rows"] == 24
    if marked == "chosen":
        assert found["held_out_accuracy_low"] > 0.8
    else:
        assert found["held_out_accuracy_high"] < 0.2
