"""A new split: by conversation, by hash, every row accounted for."""

import gzip
import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import pairsmith
from pairsmith.building.split import split
from pairsmith.cli import app
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import OutputError, RecipeError


def talk(*said):
    speakers = ("Human", "Assistant")
    return "".join(f"\n\n{speakers[i % 2]}: {text}" for i, text in enumerate(said))


def row(*said):
    return {"chosen": talk(*said, "yes"), "rejected": talk(*said, "no")}


def rows_in(folder, name):
    path = folder / "helpful-base" / f"{name}.jsonl.gz"
    return gzip.decompress(path.read_bytes()).splitlines() if path.exists() else []


def write(folder, lines, name="train"):
    (folder / "helpful-base").mkdir(parents=True, exist_ok=True)
    (folder / "helpful-base" / f"{name}.jsonl").write_text("".join(f"{x}\n" for x in lines))
    return folder


@pytest.fixture
def source(tmp_path):
    """200 questions, each with a row that repeats it and one that goes on from it; bad rows."""
    first = [row(f"question {n}") for n in range(200)]
    again = [row(f" question {n}\n") for n in range(200)]
    on = [row(f"question {n}", "no", "and then?") for n in range(200)]
    write(tmp_path / "in", [json.dumps(r) for r in first + on])
    return write(tmp_path / "in", [*(json.dumps(r) for r in again), "{", '{"chosen": 1}'], "test")


def opening(line):
    return json.loads(line)["chosen"].split("\n\nAssistant:")[0].removeprefix("\n\nHuman:").strip()


def test_no_conversation_is_on_both_sides(source, tmp_path):
    [share] = split(source, tmp_path / "out", test=0.2)
    train, test = (rows_in(tmp_path / "out", name) for name in ("train", "test"))
    assert share == ("helpful-base", 602, len(train), len(test), 200, 2, False)
    assert {b"{", b'{"chosen": 1}'} <= set(train)
    good = [line for line in train if line not in (b"{", b'{"chosen": 1}')]
    sides = [{opening(line) for line in side} for side in (good, test)]
    assert not sides[0] & sides[1]
    assert len(sides[0] | sides[1]) == 200
    assert 20 <= len(sides[1]) <= 60  # of 200, five standard deviations around 40
    assert len(test) == 3 * len(sides[1])
    before = [line for path in source.glob("*/*") for line in path.read_bytes().splitlines()]
    assert sorted(train + test) == sorted(before)  # as they stood


def test_company_and_order_do_not_matter_and_a_larger_share_adds(source, tmp_path):
    split(source, tmp_path / "out", test=0.2)
    lines = (source / "helpful-base" / "train.jsonl").read_text().splitlines()
    split(write(tmp_path / "few", lines[150:40:-1]), tmp_path / "part", test=0.2)
    split(source, tmp_path / "more", test=0.4)
    whole, part, more = (set(rows_in(tmp_path / n, "test")) for n in ("out", "part", "more"))
    assert part == whole & {line.encode() for line in lines[41:151]}
    assert whole < more


def test_equal_bytes(source, tmp_path):
    for name in ("one", "two"):
        split(source, tmp_path / name)
    for path in (tmp_path / "one").rglob("*.gz"):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()


def test_the_result_is_built(source, tmp_path):
    split(source, tmp_path / "out", test=0.2)
    built = pairsmith.build(tmp_path / "out", tmp_path / "built")
    assert built.totals.read == 602
    assert built.totals.quarantined == {"malformed": 2}
    assert [entry.split for entry in built.ledger] == ["test", "train"]


def test_the_sample_with_dialogues(tmp_path):
    shares = {share.subset: share for share in split("sample", tmp_path / "out", test=0.3)}
    assert shares["red-team-attempts"].test == 0
    assert sum(share.read for share in shares.values()) == 80
    assert pairsmith.build(tmp_path / "out", tmp_path / "built").totals.read == 80
    openings = [
        {
            entry["prompt"][0]["content"]
            for path in (tmp_path / "built").glob(f"h*/{name}-*.parquet")
            for entry in pq.read_table(path).to_pylist()
        }
        for name in ("train", "test")
    ]
    assert not openings[0] & openings[1]


@pytest.mark.parametrize("test", [0, 1, -0.1, 5, float("nan")])
def test_a_share_that_is_none(test, tmp_path):
    with pytest.raises(RecipeError, match="no share"):
        split("sample", tmp_path / "out", test=test)
    assert not (tmp_path / "out").exists()


def test_one_side_would_be_empty(source, tmp_path):
    with pytest.raises(OutputError, match="No row would go to test"):
        split(write(tmp_path / "one", [json.dumps(row("alone"))]), tmp_path / "out", test=1e-9)
    assert not (tmp_path / "out").exists()


def test_the_command(source, tmp_path):
    out = str(tmp_path / "out")
    done = CliRunner().invoke(app, ["split", str(source), out, "--test", "20%"])
    assert done.exit_code == 0
    assert done.stdout.startswith("helpful-base  read 602 = train ")
    assert "2 rows without a question" in done.stdout
    with pytest.raises(RecipeError, match="'a lot' is no share"):
        CliRunner().invoke(
            app, ["split", str(source), out, "--test", "a lot"], catch_exceptions=False
        )
    told = CliRunner().invoke(app, ["split", str(source), f"{out}2", "--json"])
    assert json.loads(told.stdout)[0]["read"] == 602


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_field_that_tells_splits_is_overruled_and_that_is_said(name, tmp_path):
    rows = [row(f"question {n}") | {"split": ("train", "valid")[n % 2]} for n in range(40)]
    write(tmp_path / "in", [json.dumps(held) for held in rows], name)
    new, built = str(tmp_path / "new"), str(tmp_path / "built")
    done = CliRunner().invoke(app, ["split", str(tmp_path / "in"), new, "--test", "50%"])
    assert "the field split tells splits, which this new one overrules" in done.stderr
    line = done.stdout.splitlines()[-1]
    assert line == f"Build it: pairsmith build {new} OUT --columns split=-"
    assert CliRunner().invoke(app, ["build", new, built, "--columns", "split=-"]).exit_code == 0
    assert [entry.split for entry in read_manifest(tmp_path / "built").ledger] == ["test", "train"]


def test_nothing_is_said_where_no_field_tells_splits(source, tmp_path):
    done = CliRunner().invoke(app, ["split", str(source), str(tmp_path / "out"), "--test", "20%"])
    assert done.stdout.endswith(" OUT\n")
    assert not done.stderr
