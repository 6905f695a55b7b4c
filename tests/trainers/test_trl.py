"""The real TRL trains on a build, and sees one BOS, one EOS, and the same ids in both forms."""

import pytest

import pairsmith
from support.slow import quick, slow
from support.tiny import llama_model, llama_tokenizer

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("default")

SYSTEM = "Be kind, and brief."


@pytest.fixture(scope="module")
def tokenizer(sample_messages):
    """Trained on the sample's contents."""
    rows = datasets.load_dataset("parquet", data_files=str(sample_messages / "help*/*.parquet"))
    return llama_tokenizer([turn["content"] for row in rows["train"] for turn in row["prompt"]])


def trainer(source, form, tokenizer, tmp_path, system=None, steps=2):
    out = tmp_path / f"{form}-{bool(system)}"
    pairsmith.build(source, out, template="llama2", as_=form, system=system)
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    saved = tmp_path / "model"  # a path, because the trainer loads it twice
    llama_model(len(tokenizer)).save_pretrained(saved)
    args = trl.DPOConfig(
        output_dir=str(tmp_path / "run"),
        per_device_train_batch_size=2,
        max_steps=steps,
        max_length=1024,
        learning_rate=1e-3,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
    )
    return trl.DPOTrainer(
        model=str(saved),
        args=args,
        train_dataset=loaded["train" if "train" in loaded else "test"],
        processing_class=tokenizer,
    )


@slow
@pytest.mark.parametrize("form", ["text", "messages"])
def test_a_few_steps(form, tokenizer, tmp_path):
    run = trainer("sample", form, tokenizer, tmp_path)
    before = [weight.detach().clone() for weight in run.model.parameters()]
    run.train()
    losses = [entry["loss"] for entry in run.state.log_history if "loss" in entry]
    assert len(losses) == 2
    assert all(torch.isfinite(torch.tensor(loss)) for loss in losses)
    after = list(run.model.parameters())
    assert any(not torch.equal(a, b.cpu()) for a, b in zip(before, after, strict=True))


def assert_ids(rows, tokenizer):
    """One BOS in front, another only where a later turn opens; one EOS at the end of a reply."""
    bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
    for row in rows:
        prompt = row["prompt_ids"]
        opened = tokenizer.decode(prompt).count("[INST]")
        assert prompt[0] == bos
        assert prompt.count(bos) == opened
        assert prompt.count(eos) == opened - 1
        assert bos not in prompt[1:2]
        for side in ("chosen_ids", "rejected_ids"):
            assert row[side][-1] == eos
            assert row[side].count(eos) == 1
            assert row[side].count(bos) == 0


@pytest.mark.parametrize("system", quick([None, SYSTEM], SYSTEM), ids=["plain", "system"])
def test_token_ids_of_the_sample(tokenizer, tmp_path, system):
    text = trainer("sample", "text", tokenizer, tmp_path, system).train_dataset
    messages = trainer("sample", "messages", tokenizer, tmp_path, system).train_dataset
    assert len(text) == len(messages) > 30
    assert_ids(text, tokenizer)
    for column in ("prompt_ids", "chosen_ids", "rejected_ids"):
        assert list(text[column]) == list(messages[column])
    if system:
        assert SYSTEM in tokenizer.decode(text[0]["prompt_ids"])


@slow
def test_token_ids_of_the_real_rows(real, tokenizer, tmp_path):
    text = trainer(real, "text", tokenizer, tmp_path).train_dataset
    messages = trainer(real, "messages", tokenizer, tmp_path).train_dataset
    assert list(text["id"]) == list(messages["id"])
    assert len(text) > 2000
    assert_ids(text, tokenizer)
    for column in ("prompt_ids", "chosen_ids", "rejected_ids"):
        assert list(text[column]) == list(messages[column])
