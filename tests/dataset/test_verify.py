"""check finds every way in which a build can stop being what its manifest says."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith import PairsmithError
from pairsmith.io.durable import sha256_of

SHARD = "harmless-base/train-00000-of-00001.parquet"
REFUSED = "quarantine/harmless-base-train.jsonl"


@pytest.fixture
def out(sample_text, tmp_path):
    return shutil.copytree(sample_text, tmp_path / "out")


def problems(out):
    return {problem.path: problem.message for problem in pairsmith.check(out)}


def edit_manifest(out, change):
    path = out / "manifest.json"
    held = json.loads(path.read_text())
    change(held)
    path.write_text(json.dumps(held))


def agree(out, name):
    """Makes the manifest agree with the bytes of one file, as a careful forger would."""
    size, sha256 = (out / name).stat().st_size, sha256_of(out / name)

    def change(held):
        for entry in held["outputs"]:
            if entry["path"] == name:
                entry.update(bytes=size, sha256=sha256)

    edit_manifest(out, change)


def rewrite(out, table):
    """Puts another shard in place."""
    pq.write_table(table, out / SHARD)
    agree(out, SHARD)


def test_a_whole_build_has_no_problems(out):
    assert problems(out) == {}


def test_dialogues_of_before_they_had_transcripts(out):
    name = "red-team-attempts/train-00000-of-00001.parquet"
    table = pq.ParquetFile(out / name).read()
    pq.write_table(table.drop_columns(["transcript"]), out / name)
    agree(out, name)
    card = (out / "README.md").read_text()
    plain = [line for line in card.splitlines() if not line.startswith("  description: ")]
    (out / "README.md").write_text("\n".join(plain))  # nor cards an id
    assert problems(out) == {}
    pq.write_table(table.drop_columns(["rating"]), out / name)
    agree(out, name)
    assert "its columns are" in problems(out)[name]


def test_the_id_of_another_build(out):
    card = (out / "README.md").read_text()
    held = next(line for line in card.splitlines() if line.startswith("  description: "))
    (out / "README.md").write_text(card.replace(held, "  description: pairsmith 0"))
    assert "configs" in problems(out)["README.md"]


def test_a_changed_byte(out):
    data = bytearray((out / SHARD).read_bytes())
    data[100] ^= 1
    (out / SHARD).write_bytes(data)
    assert "its sha256 is not the manifest's" in problems(out)[SHARD]


def test_a_missing_and_a_cut_file(out):
    (out / SHARD).unlink()
    (out / REFUSED).write_bytes(b"")
    found = problems(out)
    assert found[SHARD] == "it is missing"
    assert found[REFUSED].startswith("it has 0 bytes, expected ")


def test_a_file_that_nobody_listed(out):
    name = "harmless-base/train-00001-of-00001.parquet"
    shutil.copy(out / SHARD, out / name)
    assert problems(out)[name] == "the manifest does not list it, but a reader may find it"


def test_a_missing_card(out):
    (out / "README.md").unlink()
    assert problems(out) == {"README.md": "the dataset card is missing"}


def test_an_edited_card_is_no_problem(out):
    text = (out / "README.md").read_text()
    (out / "README.md").write_text(text + "\nAnd a word of mine.\n")
    assert problems(out) == {}
    (out / "README.md").write_text(text.replace("helpful-base/train-*", "*/train-*"))
    assert "its configs are not the build's" in problems(out)["README.md"]


def test_no_manifest(out):
    (out / "manifest.json").unlink()
    assert "holds no finished build" in problems(out)["manifest.json"]


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"pairsmith": "1", "recipe": {"as": 3}}', "[" * 100_000]
)
def test_a_manifest_that_is_not_one(out, text):
    (out / "manifest.json").write_text(text)
    assert list(problems(out)) == ["manifest.json"]


@pytest.mark.parametrize(
    "fields",
    [{"pretty_name": "Mine ---"}, {"tags": ["a---"]}, {"extra_gated_prompt": "Terms\n---\nAgree"}],
)
def test_a_card_with_rules_in_its_fields_is_no_problem(tmp_path, fields):
    pairsmith.build("sample", tmp_path / "out", card=fields)
    assert problems(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("outputs", {"path": 5}),
        ("outputs", {"bytes": None}),
        ("outputs", {"rows": True}),
        ("inputs", {"rows": "x"}),
        ("ledger", {"subset": []}),
        ("ledger", {"quarantined": []}),
        ("ledger", {"noted": {"a": "b"}}),
        ("ledger", {"more": 1}),
    ],
)
def test_a_manifest_with_a_field_of_another_type(out, part, change):
    edit_manifest(out, lambda held: held[part][0].update(change))
    assert "not a manifest that this version can read" in problems(out)["manifest.json"]


@pytest.mark.parametrize(
    "change",
    [{"system": 5}, {"policies": ["a"]}, {"shard_rows": 0}, {"origin": "x"}, {"as": None}],
)
def test_a_manifest_with_a_recipe_that_is_none(out, change):
    edit_manifest(out, lambda held: held["recipe"].update(change))
    assert "manifest.json" in problems(out)


def test_a_recipe_that_is_not_the_shards(out):
    edit_manifest(out, lambda held: held["recipe"].update(shard_rows=5))
    assert "it has 10 rows, a shard at most 5" in problems(out)[SHARD]
    edit_manifest(out, lambda held: held["recipe"].update({"as": "messages"}))
    assert "its columns are" in problems(out)[SHARD]


@pytest.mark.parametrize(
    "change",
    [{"raw": 5}, {"raw": None}, {"raw": "\ud800"}, {"reason": "ugly"}, {"line": "3"}, {"x": 1}],
)
def test_a_quarantine_that_was_edited(out, change):
    text = (out / REFUSED).read_text().splitlines()
    text[0] = json.dumps({**json.loads(text[0]), **change})
    (out / REFUSED).write_text("\n".join(text) + "\n")
    agree(out, REFUSED)
    assert "line 1 is not a refused row" in problems(out)[REFUSED]


def test_another_build_begun(out):
    (out / "unfinished").mkdir()
    assert "unfinished" in problems(out)


def test_a_manifest_that_points_elsewhere(out):
    edit_manifest(out, lambda held: held["outputs"][0].update(path="../../etc/passwd"))
    assert "which no build writes" in problems(out)["manifest.json"]


def test_a_ledger_that_does_not_balance(out):
    edit_manifest(out, lambda held: held["ledger"][0].update(read=99, rows=99))
    found = problems(out)
    assert found["manifest.json"].startswith("inputs have [4, 12, 4, 12, ")
    assert found["harmless-base/test"] == "read 99 is not kept and quarantined added up"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kept": 4, "quarantined": {}}, "kept rows: 3 on disk, 4 in the ledger"),
        (
            {"quarantined": {"identical": 1}},
            "{'malformed': 1} on disk, {'identical': 1} in the led",
        ),
        ({"noted": {}}, "notes: {'role_marker_in_text': 1} on disk, {} in the ledger"),
    ],
)
def test_a_ledger_at_odds_with_the_files(out, change, message):
    edit_manifest(out, lambda held: held["ledger"][0].update(change))
    found = [p.message for p in pairsmith.check(out) if p.path == "harmless-base/test"]
    assert any(message in text for text in found)


def test_a_shard_with_other_columns_or_nulls_or_rows(out):
    table = pq.read_table(out / SHARD)
    rewrite(out, table.drop_columns("notes"))
    assert "its columns are " in problems(out)[SHARD]
    nulls = pa.nulls(len(table), pa.string())
    rewrite(out, table.set_column(1, "prompt", nulls))
    assert "the column prompt holds nulls" in problems(out)[SHARD]
    again = pa.concat_tables([table[:-1], table[:1]])
    rewrite(out, again)
    assert "ids are given twice" in problems(out)["harmless-base/train"]
    for id in ("5", "helpful-base/train/5", "harmless-base/train/05", "harmless-base/train/x"):
        ids = pa.array([id, *table["id"].to_pylist()[1:]])
        rewrite(out, table.set_column(0, "id", ids))
        assert "an id is not harmless-base/train and a number" in problems(out)[SHARD]
    rewrite(out, table[:-1])
    assert problems(out)[SHARD] == "it has 9 rows, the manifest says 10"


def test_a_ledger_without_an_entry_for_a_file(out):
    edit_manifest(out, lambda held: held["ledger"].pop(0))
    found = problems(out)
    assert found["harmless-base/test-00000-of-00001.parquet"] == "the ledger has no entry for it"


def test_no_folder(tmp_path):
    with pytest.raises(PairsmithError, match="There is no folder"):
        pairsmith.check(tmp_path / "nowhere")


READING = {"name": "x", "columns": {}, "kinds": {}, "preference": None, "pairs": None}


@pytest.mark.parametrize(
    "change",
    [
        {"reading": 5},
        {"reading": {"name": "trl"}},
        {"reading": {**READING, "min_margin": "a"}},
        {"reading": {**READING, "min_margin": 0, "kinds": 5}},
        {"reading": {**READING, "min_margin": 0, "columns": {"chosen": 5}}},
        {"full": 3},
        {"carry": ["a"]},
        {"carry": {"a": "b"}},
        {"carry": {"id": "text"}},
        {"margin": 4},
    ],
)
def test_a_recipe_that_says_how_rows_are_read_and_cannot(out, change):
    edit_manifest(out, lambda held: held["recipe"].update(change))
    [found] = [p.message for p in pairsmith.check(out) if p.path == "manifest.json"]
    assert "not a manifest that this version can read" in found
