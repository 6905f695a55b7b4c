"""The real datasets library opens a build: by default, by name, by folder, as a stream."""

import json
from pathlib import Path

import pytest

import pairsmith

datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def load(tmp_path):
    """load_dataset with a cache of its own."""
    return lambda *args, **kwargs: datasets.load_dataset(
        *(str(arg) for arg in args), cache_dir=str(tmp_path / "cache"), **kwargs
    )


def kept(out, *subsets):
    """Rows by split, as the ledger has them."""
    counts = {}
    for entry in json.loads((out / "manifest.json").read_text())["ledger"]:
        if entry["subset"] in subsets:
            counts[entry["split"]] = counts.get(entry["split"], 0) + entry["kept"]
    return counts


def rows(loaded):
    return {split: len(loaded[split]) for split in loaded}


ATTEMPTS = Path(pairsmith.__file__).parent / "sources/sample/red-team-attempts"
ATTEMPTS /= "red_team_attempts.jsonl"
CARD_FIELDS = (
    "transcript", "min_harmlessness_score_transcript", "num_params", "model_type", "rating",
    "task_description", "task_description_harmlessness_score", "red_team_member_id",
    "is_upworker", "tags",
)  # fmt: skip
"""The fields of a red-team row, as the release documents them."""
PAIRS = ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")


@pytest.mark.parametrize("form", ["sample_text", "sample_messages"])
def test_every_way_to_open_a_build(form, load, request):
    out = request.getfixturevalue(form)
    everything = load(out)
    assert rows(everything) == kept(out, *PAIRS)
    columns = ["id", "prompt", "chosen", "rejected", "notes"]
    assert everything["train"].column_names == columns
    for subset in (*PAIRS, "red-team-attempts"):
        by_name, by_folder = load(out, subset), load(out, data_dir=subset)
        assert rows(by_name) == rows(by_folder) == kept(out, subset)
        assert {i.split("/")[0] for i in by_name["train"]["id"]} == {subset}
        assert by_name["train"].to_list() == by_folder["train"].to_list()


def test_the_red_team_comes_only_when_asked_for(sample_text, load):
    assert not any("red-team" in i for split in load(sample_text).values() for i in split["id"])
    attacks = load(sample_text, data_dir="red-team-attempts")["train"]
    assert attacks.column_names == ["id", "text", *CARD_FIELDS, "notes"]
    released = dict(enumerate(map(json.loads, ATTEMPTS.read_text().splitlines()), 1))
    for row in attacks:
        assert row["transcript"] == released[int(row["id"].split("/")[-1])]["transcript"]
    assert attacks.features["tags"] == datasets.List(datasets.Value("string"))


def test_a_stream_gives_the_same_rows(sample_text, load):
    stream = load(sample_text, "helpful-base", split="train", streaming=True)
    assert list(stream) == load(sample_text, "helpful-base", split="train").to_list()


def test_the_real_file(real, tmp_path, load):
    out = tmp_path / "out"
    pairsmith.build(real, out, template="llama2")
    assert rows(load(out)) == rows(load(out, data_dir="harmless-base")) == {"test": 2299}


def test_shards_and_empty_splits(tmp_path, load):
    source = tmp_path / "helpful-base"
    source.mkdir()
    row = {"chosen": "\n\nHuman: a?\n\nAssistant: b", "rejected": "\n\nHuman: a?\n\nAssistant: c"}
    lines = [json.dumps(row)] * 7
    lines[2:4] = ["bad"] * 2  # a shard of which nothing is kept
    (source / "train.jsonl").write_text("\n".join(lines))
    (source / "test.jsonl").write_text("bad")  # a split of which nothing is kept
    out = tmp_path / "out"
    pairsmith.build(source, out, shard_rows=2)
    assert rows(load(out)) == rows(load(out, data_dir="helpful-base")) == {"train": 5}
    assert load(out, split="train")[0]["prompt"] == [{"role": "user", "content": "a?"}]


def test_a_build_of_which_nothing_is_kept_is_not_taken_for_data(tmp_path, load):
    (tmp_path / "rows.jsonl").write_text("{}\n")
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out")
    with pytest.raises((FileNotFoundError, datasets.exceptions.DatasetNotFoundError, ValueError)):
        load(tmp_path / "out")


def test_the_card_is_one_that_the_hub_takes(sample_text):
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(sample_text / "README.md")
    assert card.data.license == "apache-2.0"
    assert {config["config_name"] for config in card.data.configs} >= {"default", *PAIRS}
