"""The ids are those of TRL's own preparation, row by row, for every tokenizer and form."""

import gc

import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows
from pairsmith.tokens.row import PARTS
from support.slow import quick, slow
from support.tiny import ADDED, chat_template, llama_model, llama_tokenizer

pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("default")

ALL = 1_000_000


@pytest.fixture(scope="module")
def builds(real, tmp_path_factory):
    """The real rows, in both forms."""
    folder = tmp_path_factory.mktemp("real")
    for form in ("text", "messages"):
        pairsmith.build(real, folder / form, template="llama2", as_=form)
    return folder


@pytest.fixture(scope="module", params=ADDED)
def tokenizer(request, builds):
    """A folder with a tokenizer that adds BOS, EOS or nothing; trained on some of the rows."""
    out = builds / "messages"
    rows = [row for row, _ in zip(kept_rows(out, read_manifest(out)), range(300), strict=False)]
    texts = [turn["content"] for row in rows for turn in row["prompt"] + row["chosen"]]
    folder = builds / request.param
    llama_tokenizer(texts, request.param).save_pretrained(folder)
    return folder


def prepared(out, tokenizer, tmp_path, max_length):
    """What the real trainer makes of a build: id, prompt_ids, chosen_ids, rejected_ids."""
    from transformers import AutoTokenizer

    reader = AutoTokenizer.from_pretrained(tokenizer)
    llama_model(len(reader)).save_pretrained(tmp_path / "model")
    args = trl.DPOConfig(
        output_dir=str(tmp_path / "run"),
        max_length=max_length,
        report_to=[],
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
    )
    return trl.DPOTrainer(
        model=str(tmp_path / "model"),
        args=args,
        train_dataset=datasets.load_dataset(
            str(out), split="test", cache_dir=str(tmp_path / "cache")
        ),
        processing_class=reader,
    )


def ids(row):
    return {f"{part}_ids": [token.id for token in getattr(row, part)] for part in PARTS}


@pytest.mark.parametrize("form", ["text", "messages"])
@slow
def test_the_ids_are_those_of_trl(builds, tokenizer, form, tmp_path):
    # short, so that many rows are dropped and cut, where one tokenizer is enough to see it
    max_length = 200 if tokenizer.name == "bos" else 1024
    trainer = prepared(builds / form, tokenizer, tmp_path, max_length)
    theirs = trainer.train_dataset.to_list()
    ours = pairsmith.preview(builds / form, tokenizer, max_length=max_length, rows=ALL)
    kept = [row for row in ours.rows if not row.dropped]
    assert len(ours.rows) == ours.totals.rows == 2299
    assert [row.id for row in kept] == [row["id"] for row in theirs]
    for row, their in zip(kept, theirs, strict=True):
        assert ids(row) == {name: their[name] for name in ids(row)}
    assert ours.totals.dropped == 2299 - len(theirs)
    assert_cut(trainer, kept, theirs)
    del trainer
    gc.collect()


def assert_cut(trainer, kept, theirs):
    """What we say is cut is what the trainer's collator leaves out."""
    for at in range(0, len(kept), 97):
        batch = trainer.data_collator([theirs[at]])
        whole = batch["completion_mask"].sum(dim=1).tolist()
        for side, trained in zip(("chosen", "rejected"), whole, strict=True):
            cut = kept[at].cut(side)
            assert trained == (len(getattr(kept[at], side)) if cut is None else cut)
        assert kept[at].cut("prompt") is None


def by_trl(row, tokenizer):
    """One row by the functions that TRL's preparation calls."""
    from trl.data_utils import _tokenize, common_prefix_length

    prompt = _tokenize(tokenizer, row["prompt"], add_generation_prompt=True)["input_ids"]
    chosen, rejected = (
        _tokenize(tokenizer, row["prompt"] + row[side])["input_ids"]
        for side in ("chosen", "rejected")
    )
    end = min(common_prefix_length(prompt, whole) for whole in (chosen, rejected))
    return {
        "prompt_ids": prompt[:end],
        "chosen_ids": chosen[end:],
        "rejected_ids": rejected[end:],
    }


@pytest.mark.parametrize(
    "chat",
    quick(
        [
            chat_template("</s>\n", go="<assistant><think>\n\n</think>"),
            chat_template("</s>\n</s>", go="", start="<s>\n"),
            chat_template("", go=" ", start="  {{ pad_token }}"),
            "{% for m in messages %}{{ m.role|upper }}: {{ m.content|trim }}\n\n{% endfor %}",
        ]
    ),
)
@pytest.mark.parametrize("added", quick(ADDED))
def test_other_templates(sample_messages, tmp_path, added, chat):
    tokenizer = llama_tokenizer(["Is the bus late? No, it is on time."], added)
    tokenizer.chat_template = chat
    tokenizer.save_pretrained(tmp_path)
    rows = list(kept_rows(sample_messages, read_manifest(sample_messages)))
    ours = pairsmith.preview(sample_messages, tmp_path, rows=ALL).rows
    pairs = [row for row in rows if "prompt" in row]
    assert len(ours) == len(pairs) == 47
    for row, pair in zip(ours, pairs, strict=True):
        assert ids(row) == by_trl(pair, tokenizer)
