"""Rows as ids: what becomes of each, and how prompts are cut."""

import shutil

import numpy as np
import pyarrow as pa
import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows
from pairsmith.errors import ModelError, OutputError
from pairsmith.tokens.preview import open_writer
from pairsmith.tokens.ragged import from_lists
from pairsmith.training.ledger import add_up, sentence
from pairsmith.training.rows import RowWriter, Sides, Wanted, check_pairs, cut_prompts
from support.tiny import llama_tokenizer
from support.training import train_policy

pytest.importorskip("transformers")

TEXTS = ["How long does tea steep? Minutes, covered. No idea!"]


def encode(out, path, tokenizer, **wanted):
    """The rows of the file, and what came of the others."""
    built = read_manifest(out)
    asked = Wanted(frozenset(wanted.pop("subsets", ())), wanted.pop("max_length", 4096), **wanted)
    with open_writer(built, tokenizer, "a test's") as chat:
        made = RowWriter(path, tokenizer, chat, asked).write(out, built)
    with pa.OSFile(str(path)) as source:
        rows = pa.ipc.open_stream(source).read_all().to_pylist()
    return made, rows


@pytest.mark.parametrize("form", ["sample_text", "sample_messages"])
def test_every_row_is_in_the_ledger(form, request, tmp_path):
    out = request.getfixturevalue(form)
    made, rows = encode(out, tmp_path / "rows", llama_tokenizer(TEXTS), max_length=900)
    kept = {(entry.subset, entry.split): entry.kept for entry in read_manifest(out).ledger}
    assert {(entry.subset, entry.split): entry.read for entry in made.accounts} == kept
    assert all(entry.balances for entry in made.accounts)
    assert len(rows) == made.trained == add_up(made.accounts).trained > 0
    total = add_up(made.accounts)
    assert total.others.keys() == {"dialogues", "held_out", "too_long"}
    assert [row["row"] for row in rows] == list(range(len(rows)))
    shown = {row.id: row for row in pairsmith_rows(out, tmp_path)}
    for row in rows:
        held = shown[row["id"]]
        for side in ("chosen", "rejected"):
            tokens = held.prompt + getattr(held, side)
            assert row[f"{side}_ids"] == [token.id for token in tokens]
            assert len(tokens) <= 900


def pairsmith_rows(out, tmp_path):
    llama_tokenizer(TEXTS).save_pretrained(tmp_path / "tokenizer")
    return pairsmith.preview(out, tmp_path / "tokenizer", rows=1000).rows


def test_a_subset_that_is_not_named_is_left_out(sample_text, tmp_path):
    made, rows = encode(
        sample_text, tmp_path / "rows", llama_tokenizer(TEXTS), subsets=["helpful-base"]
    )
    assert {row["id"].split("/")[0] for row in rows} == {"helpful-base"}
    assert add_up(made.accounts).others["left_out"] == 26
    assert "left_out 26" in sentence(add_up(made.accounts))


def test_sides_of_the_same_tokens_are_told(small, tmp_path):
    from tokenizers import Regex, normalizers

    tokenizer = llama_tokenizer(TEXTS)
    # to it, whatever follows the question is the same
    same = normalizers.Replace(Regex(r"steep\?[\s\S]*"), "steep?")
    tokenizer.backend_tokenizer.normalizer = same
    made, rows = encode(small.text, tmp_path / "rows", tokenizer)
    assert rows == []
    assert add_up(made.accounts).to_dict() == {
        "read": 25, "trained": 0, "held_out": 3, "identical_after_cut": 22,
    }  # fmt: skip


def test_a_token_without_an_embedding_is_named_by_its_row(small, tmp_path):
    with pytest.raises(ModelError, match=r"pairs/train/1 has the token \d+, .* for 100\."):
        encode(small.text, tmp_path / "rows", llama_tokenizer(TEXTS), vocabulary=100)


def test_prompts_are_cut_at_their_beginning():
    chosen = from_lists([[0, 5, 6, 7, 8], [0, 5, 6, 7, 8], [9, 9], [1, 2, 3, 4, 5]])
    rejected = from_lists([[0, 5, 6, 9], [0, 7, 7, 7, 7, 7], [9, 8], [1, 2, 3, 9, 9]])
    sides, cut = cut_prompts(Sides(chosen, rejected), 4)
    assert cut.tolist() == [True, False, False, True]
    assert sides.chosen.row(0) == [5, 6, 7, 8]
    assert sides.rejected.row(0) == [0, 5, 6, 9]
    assert sides.chosen.row(1) == [0, 5, 6, 7, 8]  # the replies alone are too long
    assert sides.rejected.row(3) == [2, 3, 9, 9]
    untouched, none = cut_prompts(Sides(chosen, rejected), 6)
    assert not none.any()
    assert np.array_equal(untouched.chosen.lengths, chosen.lengths)


def test_cut_rows_are_those_that_scores_are_read_of(small, tmp_path):
    from pairsmith.scoring.reading import Limit

    _, whole = encode(small.text, tmp_path / "whole", llama_tokenizer(TEXTS))
    made, rows = encode(
        small.text, tmp_path / "rows", llama_tokenizer(TEXTS), max_length=36, cut=True
    )
    assert add_up(made.accounts).cut > 0
    for row, before in zip(rows, whole, strict=True):
        for side in ("chosen_ids", "rejected_ids"):
            ends = Limit(36, True).ends_of(from_lists([before[side]]))
            assert row[side] == ends.row(0)


def test_nothing_to_train_on_is_told_from_the_manifest(tmp_path, sample_text, small):
    built = read_manifest(sample_text)
    for subsets, said in (
        (["red-team-attempts"], "The rows are dialogues"),
        (["helpful"], "no subset 'helpful'"),
    ):
        with pytest.raises(OutputError, match=said):
            check_pairs(built, subsets)
    pairsmith.build(small.source / "test.jsonl", tmp_path / "out")
    with pytest.raises(OutputError, match="No pair is of the split train; there is test"):
        check_pairs(read_manifest(tmp_path / "out"), [])


def test_rows_that_are_not_those_of_the_manifest_are_not_learnt_from(small, tmp_path):
    """Two rows changed places: as many rows of the same columns, and the manifest is of others."""
    import pyarrow.parquet as pq

    build = shutil.copytree(small.messages, tmp_path / "build")
    [path] = build.rglob("train*.parquet")
    rows = pq.read_table(path)
    pq.write_table(rows.take([1, 0, *range(2, len(rows))]), path)
    with pytest.raises(OutputError, match="is not as it was built. pairs/train"):
        train_policy(build, tmp_path / "run", small.model)
    assert not (tmp_path / "run").exists()
    path.write_bytes(path.read_bytes().replace(b"chosen", b"\x9ahosen"))
    with pytest.raises(OutputError, match="cannot be read"):
        [*kept_rows(build, read_manifest(build))]
