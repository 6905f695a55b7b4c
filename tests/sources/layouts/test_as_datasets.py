"""Folders give the splits that the real `datasets` gives, with as many rows, or are refused."""

from collections import Counter

import pytest

import pairsmith
from pairsmith.errors import SourceError
from pairsmith.sources.layouts import look
from support.folders import lay_out, rows, write
from support.slow import quick

datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("default")

CARD = """---
configs:
- config_name: {name}
  data_files:
  - split: train
    path: [rows/a.jsonl, "rows/b*.jsonl"]
  - split: dev_small
    path: rows/c.jsonl
---
# Tea
"""

AS_DATASETS = {
    "plain": {"train.jsonl": 3, "test.jsonl": 2},
    "validation": {"train.jsonl": 3, "validation.jsonl": 2, "test.jsonl": 1},
    "val": {"train.json": 3, "val.json": 2},
    "dev": {"my-train.jsonl": 3, "my_dev.jsonl": 2},
    "eval": {"data/train.json": 3, "data/eval.json": 2},
    "evaluation": {"train_tea.csv": 3, "evaluation.2.csv": 2},
    "words": {"tea_train_v2.jsonl": 3, "tea-test.jsonl": 4},
    "not-words": {"latest.jsonl": 3, "trainer.jsonl": 2},
    "no-split": {"a.jsonl": 3, "b.jsonl": 2},
    "folders": {"train/a.jsonl": 3, "train/b.jsonl": 1, "test/a.jsonl": 2},
    "deeper": {"train/x/a.jsonl": 3, "train/y/z/b.jsonl": 1, "dev/x/a.jsonl": 2},
    "folder-words": {"tea-train/a.jsonl": 3, "tea-valid/a.jsonl": 2},
    "shards": {
        "data/train-00000-of-00002.parquet": 3,
        "data/train-00001-of-00002.parquet": 2,
        "data/test-00000-of-00001.parquet": 4,
    },
    "any-split": {
        "data/train_prefs-00000-of-00001.parquet": 3,
        "data/test_prefs-00000-of-00001.parquet": 2,
        "data/test_gen-00000-of-00001.parquet": 1,
    },
    "hashed-shards": {
        "data/train-00000-of-00002-a1b2.parquet": 3,
        "data/train-00001-of-00002-c3d4.parquet": 2,
    },
    "shards-elsewhere": {
        "train-00000-of-00002.jsonl": 3,
        "train-00001-of-00002.jsonl": 2,
        "test-00000-of-00001.jsonl": 1,
    },
    "parts": {"part-00000.jsonl.gz": 3, "part-00001.jsonl.gz": 2},
    "default-config": {
        "README.md": CARD.format(name="default"),
        "rows/a.jsonl": 3, "rows/b1.jsonl": 2, "rows/b2.jsonl": 1, "rows/c.jsonl": 4,
    },
    "config": {
        "README.md": CARD.format(name="tea"),
        "rows/a.jsonl": 3, "rows/b1.jsonl": 2, "rows/b2.jsonl": 1, "rows/c.jsonl": 4,
    },
    "pattern": {
        "README.md": "---\nconfigs:\n- config_name: default\n  data_files: 'x/**/*.jsonl'\n---\n",
        "x/a.jsonl": 3, "x/y/b.jsonl": 2, "x/y/z/c.jsonl": 1,
    },
    "data-dir": {
        "README.md": "---\nconfigs:\n- config_name: tea\n  data_dir: leaves\n---\n",
        "leaves/train.jsonl": 3, "leaves/test.jsonl": 2,
    },
    "csv": {"train.csv": 3, "test.csv": 2},
    "tsv": {"train.tsv": 3, "test.tsv": 2},
    "arrow": {"train.arrow": 30, "test.arrow": 2},
    "ndjson": {"train.ndjson": 3, "test.ndjson": 2},
    "gz": {"train.jsonl.gz": 3, "test.jsonl.gz": 2},
    "other-files": {"train.jsonl": 3, "README.md": "# Tea\n", "LICENSE": "MIT", "make.py": "1"},
}  # fmt: skip


@pytest.fixture
def load(tmp_path):
    """Rows by split, as `load_dataset` counts them, with a cache of its own."""

    def count(*args):
        cache = str(tmp_path / "cache")
        held = datasets.load_dataset(*map(str, args), cache_dir=cache)
        return {split: len(held[split]) for split in held}

    return count


def ours(built):
    """Rows by split, over all subsets."""
    counts = Counter()
    for entry in built.ledger:
        counts[entry.split] += entry.read
    return dict(counts)


@pytest.mark.parametrize(
    "name", quick(AS_DATASETS, "dev", "eval", "any-split", "config", "folder-words", "tsv")
)
def test_a_folder_has_the_splits_and_rows_that_datasets_finds(name, load, tmp_path):
    folder = lay_out(tmp_path / "in", AS_DATASETS[name])
    built = pairsmith.build(folder, tmp_path / "out")
    expected = load(folder, "tea") if name in ("config", "data-dir") else load(folder)
    assert ours(built) == expected
    assert built.totals.kept == sum(expected.values())
    assert pairsmith.check(tmp_path / "out") == []
    assert load(tmp_path / "out") == expected


def test_what_save_to_disk_wrote(load, tmp_path):
    whole = datasets.Dataset.from_list(rows(30))
    saved = datasets.DatasetDict({"train_prefs": whole, "test_prefs": whole.select(range(4))})
    saved.save_to_disk(str(tmp_path / "dict"), num_shards={"train_prefs": 3, "test_prefs": 1})
    built = pairsmith.build(tmp_path / "dict", tmp_path / "out")
    assert ours(built) == {"train_prefs": 30, "test_prefs": 4}
    assert {entry.subset for entry in built.ledger} == {"pairs"}
    whole.save_to_disk(str(tmp_path / "alone"))
    assert ours(pairsmith.build(tmp_path / "alone", tmp_path / "out2")) == {"train": 30}
    (tmp_path / "dict" / "train_prefs" / "data-00001-of-00003.arrow").unlink()
    with pytest.raises(SourceError, match="names data-00001-of-00003.arrow, which is not there"):
        look(str(tmp_path / "dict"))


def test_folders_of_subsets_beside_each_other(load, tmp_path):
    files = {"Green Tea/train.jsonl": 3, "Green Tea/dev.jsonl": 1, "black/2024/train.jsonl": 2}
    folder = lay_out(tmp_path / "in", files)
    built = pairsmith.build(folder, tmp_path / "out")
    assert [(e.subset, e.split, e.read) for e in built.ledger] == [
        ("green-tea", "validation", 1), ("green-tea", "train", 3), ("black", "train", 2),
    ]  # fmt: skip
    assert "Folders as subsets: Green Tea as green-tea." in built.remarks
    assert ours(built) == load(folder)


def test_our_own_build_is_a_source(tmp_path):
    folder = lay_out(tmp_path / "in", {"a/train.jsonl": 3, "b/train.jsonl": 2, "b/dev.jsonl": 1})
    with (folder / "a" / "train.jsonl").open("a") as file:
        file.write("no row\n")
    first = pairsmith.build(folder, tmp_path / "first", shard_rows=2)
    found = look(str(tmp_path / "first"))
    assert {(f.subset, f.split) for f in found.files} == {
        ("a", "train"), ("b", "train"), ("b", "validation"),
    }  # fmt: skip
    assert any("quarantine/a-train.jsonl" in remark for remark in found.remarks)
    again = pairsmith.build(tmp_path / "first", tmp_path / "second")
    assert again.totals.read == first.totals.kept == 6


def test_our_own_export_is_a_source(tmp_path):
    folder = lay_out(tmp_path / "in", {"train.jsonl": 3, "dev.jsonl": 2})
    pairsmith.build(folder, tmp_path / "out")
    pairsmith.export(tmp_path / "out", tmp_path / "files", trainer="trl")
    built = pairsmith.build(tmp_path / "files", tmp_path / "again")
    assert ours(built) == {"train": 3, "validation": 2}
    assert any("train.py" in remark for remark in built.remarks)


def test_a_file_by_itself_and_its_name(tmp_path):
    names = {
        "train.jsonl": "train", "prefs.jsonl": "train", "eval.jsonl": "test", "TEST.jsonl": "test",
        "devSet.jsonl": "validation", "tea-val2.jsonl": "validation", "heldout.jsonl": "test",
        "held_out.jsonl": "test", "latest.jsonl": "train", "developer.jsonl": "train",
        "data/train_sft-00000-of-00001.jsonl": "train_sft", "validation/a.jsonl": "validation",
        "test_gen-00000-of-00001.jsonl": "test_gen",
    }  # fmt: skip
    for name, split in names.items():
        path = write(tmp_path / name, rows(1))
        assert [file.split for file in look(str(path)).files] == [split], name
    assert [f.split for f in look(str(path), split="train_b").files] == ["train_b"]
