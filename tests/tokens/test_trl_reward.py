"""Rows and totals for RewardTrainer are what that trainer makes of a build, and drops of it."""

import pytest

import pairsmith
from support.exported import pairs_of
from support.slow import quick, slow
from support.tiny import TEMPLATE, llama_model, llama_tokenizer

pytest.importorskip("torch")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("default")

ALL = 1_000_000


def prepared(out, tokenizer, tmp_path, max_length):
    """What the real trainer makes of a build: id, chosen_ids, rejected_ids."""
    from transformers import AutoTokenizer

    reader = AutoTokenizer.from_pretrained(tokenizer)
    llama_model(len(reader)).save_pretrained(tmp_path / "model")
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    trainer = trl.RewardTrainer(
        model=str(tmp_path / "model"),
        args=trl.RewardConfig(
            output_dir=str(tmp_path / "run"),
            max_length=max_length,
            report_to=[],
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
        ),
        train_dataset=datasets.concatenate_datasets([loaded[split] for split in loaded]),
        processing_class=reader,
    )
    return {row["id"]: row for row in trainer.train_dataset.to_list()}


@pytest.fixture
def folder(tmp_path):
    llama_tokenizer(["Is the bus late? No, it is on time."], "bos").save_pretrained(tmp_path / "t")
    return tmp_path / "t"


@pytest.mark.parametrize(
    ("build", "max_length"),
    quick([("sample_messages", 200), ("sample_text", 200), ("sample_messages", 100_000)]),
)
def test_ids_and_what_is_dropped(build, max_length, folder, tmp_path, request):
    out = request.getfixturevalue(build)
    theirs = prepared(out, folder, tmp_path, max_length)
    seen = pairsmith.preview(out, folder, trainer="trl-reward", max_length=max_length, rows=ALL)
    pairs = sum(map(len, pairs_of(out).values()))
    assert len(seen.rows) == seen.totals.rows == pairs > 40
    assert {row.id for row in seen.rows if not row.dropped} == theirs.keys()
    assert seen.totals.dropped == seen.totals.too_long.rows == pairs - len(theirs)
    assert (seen.totals.dropped > 0) == (max_length == 200)
    for row in seen.rows:
        assert row.cut("prompt") is row.cut("chosen") is row.cut("rejected") is None
        for side in ("chosen", "rejected"):
            ids = [token.id for token in row.prompt + getattr(row, side)]
            assert row.dropped or ids == theirs[row.id][f"{side}_ids"]
    assert seen.totals.cut.rows == seen.totals.identical_once_cut == 0
    assert seen.totals.boundary is None
    assert seen.totals.left_out is None


@slow
def test_the_limit_itself_stays(build, tokenizer):
    """As many tokens as max_length are kept, one more is dropped; DPOTrainer would cut it."""
    out = build([("Is the bus late?", "No, it is on time.", "No.")])
    (row,) = pairsmith.preview(out, tokenizer()).rows
    length = len(row.prompt) + len(row.chosen)
    for limit, dropped in ((length, 0), (length - 1, 1)):
        totals = pairsmith.preview(
            out, tokenizer(), trainer="trl-reward", max_length=limit, rows=0
        ).totals
        assert totals.to_dict()["too_long"] == {"rows": dropped, "chosen": dropped, "rejected": 0}
        cut = pairsmith.preview(out, tokenizer(), max_length=limit, rows=0).totals
        assert (cut.dropped, cut.cut.rows, cut.too_long) == (0, dropped, None)


def test_a_prompt_alone_is_not_rendered(build, tokenizer):
    """A template that refuses conversations that end in the user's turn refuses no row here."""
    chat = TEMPLATE + "{% if add_generation_prompt %}{{ raise_exception('no reply') }}{% endif %}"
    out = build([("Is the bus late?", "No, it is on time.", "No.")])
    folder = tokenizer(chat=chat)
    assert pairsmith.preview(out, folder).totals.refused == 1
    seen = pairsmith.preview(out, folder, trainer="trl-reward")
    assert (seen.totals.refused, seen.totals.rows) == (0, 1)
    assert not seen.rows[0].prompt
    assert "bus late" in "".join(token.text for token in seen.rows[0].chosen)
