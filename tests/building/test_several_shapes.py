"""Sources of several shapes make one build, each read in its own: transcripts beside samples."""

import json
from pathlib import Path

import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows, refused_rows
from pairsmith.errors import SourceError
from support.slow import slow

TEAS = ("green", "black", "white", "mint", "sage", "lime")
WRITTEN = "helpful-base/train"


def transcripts(folder, rows=5):
    """HH-RLHF's own: a row of text for each side; the last has one reply twice."""
    sides = [(f"{tea.title()} tea, two cups.", "No.") for tea in TEAS[: rows - 1]] + [
        ("Yes", "Yes")
    ]
    lines = [
        {"chosen": f"\n\nHuman: Tea {n}?\n\nAssistant: {one}",
         "rejected": f"\n\nHuman: Tea {n}?\n\nAssistant: {other}"}
        for n, (one, other) in enumerate(sides)
    ]  # fmt: skip
    return _write(folder, lines)


def samples(folder, rows=4):
    """What `generate` writes: lists of messages; the last has one reply twice."""
    lines = []
    for n in range(rows):
        worse = f"Hm, {n}." if n < rows - 1 else f"Sure, cup {n}."
        lines.append({
            "prompt": [{"role": "user", "content": f"Tea {n}?"}],
            "chosen": [{"role": "assistant", "content": f"Sure, cup {n}."}],
            "rejected": [{"role": "assistant", "content": worse}],
            "chosen_score": 1.5, "rejected_score": 0.5, "round": "1",
        })  # fmt: skip
    return _write(folder, lines)


def replies(folder):
    """Several rows make the comparisons of a prompt: one is refused with its group."""
    told = (("Moss?", "Yes.", 2), ("Moss?", "No.", 1), ("Fern?", "Alone.", 1))
    lines = [{"prompt": p, "response": r, "score": s} for p, r, s in told]
    return _write(folder, lines)


def _write(folder, lines):
    path = Path(folder) / f"{WRITTEN}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(folder)


@pytest.fixture
def both(tmp_path):
    return [transcripts(tmp_path / "base"), samples(tmp_path / "samples")]


def said(out):
    """What rows say, without their ids, and what was refused and why."""
    built = read_manifest(out)
    kept = [(row["prompt"], row["chosen"], row["rejected"]) for row in kept_rows(out, built)]
    return kept, [(row.reason, row.raw) for row in refused_rows(out, built)]


def test_each_source_is_read_as_by_itself(both, tmp_path):
    built = pairsmith.build(both, tmp_path / "out", carry=["round"], margin="scores")
    for n, one in enumerate(both):
        pairsmith.build(one, tmp_path / f"of-{n}")
    alone = [said(tmp_path / f"of-{n}") for n in range(2)]
    kept, refused = said(tmp_path / "out")
    assert kept == alone[0][0] + alone[1][0]
    assert refused == alone[0][1] + alone[1][1]
    assert len(kept) == 7
    assert len(refused) == 2
    rows = list(kept_rows(tmp_path / "out", read_manifest(tmp_path / "out")))
    assert [row["round"] for row in rows] == [None] * 4 + ["1"] * 3
    assert [row["margin"] for row in rows] == [None] * 4 + [1.0] * 3
    assert [row["id"] for row in rows][3:5] == [f"{WRITTEN}/0-4", f"{WRITTEN}/1-1"]
    recipe = built.recipe.to_dict()
    assert recipe["from"] == "hh"
    [(path, read)] = recipe["shapes"].items()
    assert (path, read["from"]) == (f"samples/{WRITTEN}.jsonl", "trl")
    assert read["reading"]["columns"]["score_chosen"] == "chosen_score"
    assert read_manifest(tmp_path / "out").recipe == built.recipe
    assert pairsmith.check(tmp_path / "out") == []


def test_the_same_sources_make_the_same_bytes_however_they_are_read(both, tmp_path):
    one = pairsmith.build(both, tmp_path / "one", template="llama2", shard_rows=2)
    two = pairsmith.build(both, tmp_path / "two", template="llama2", shard_rows=2, workers=2)
    assert one.outputs == two.outputs
    assert pairsmith.build(both, tmp_path / "one", template="llama2", shard_rows=2).reused
    other = pairsmith.build(both[::-1], tmp_path / "other", template="llama2", shard_rows=2)
    assert other.outputs == one.outputs
    assert other.recipe.shape == "trl"


def test_what_reads_refused_rows_knows_the_shape_of_each(both, tmp_path, run):
    both.append(replies(tmp_path / "replies"))
    status, told, _ = run("build", *both, tmp_path / "out")
    assert status == 0
    assert f"Rows of samples/{WRITTEN}.jsonl were read in the shape trl." in told
    assert "--carry round keeps the round of every row as a column." in told
    status, lines, _ = run("show", tmp_path / "out", "--raw", "--reason", "any")
    assert status == 0
    raw = [json.loads(line) for line in lines.splitlines()]
    assert len(raw) == 3
    assert {"prompt": "Fern?", "response": "Alone.", "score": 1} in raw


@slow
def test_an_audit_and_what_it_names_go_by_the_rows_of_each(both, tmp_path):
    both.append(replies(tmp_path / "replies"))
    out = tmp_path / "out"
    pairsmith.build(both, out)
    pairsmith.audit(out)
    applied = f"{out}/annotations/audit:near_empty"
    made = pairsmith.build(both, tmp_path / "new", drop=["near"], apply=[applied])
    assert made.totals.kept + sum(made.totals.quarantined.values()) == made.totals.read == 11


def test_within_one_source_files_are_of_one_shape(both, tmp_path):
    with pytest.raises(SourceError, match="The files differ in shape") as caught:
        pairsmith.build(tmp_path, tmp_path / "out", force=True)
    assert "sources of their own" in caught.value.hint
    pattern = f"{tmp_path}/*/helpful-base/*.jsonl"
    with pytest.raises(SourceError, match="The files differ in shape"):
        pairsmith.build(pattern, tmp_path / "out")


def test_a_shape_that_is_named_is_that_of_all(both, tmp_path):
    built = pairsmith.build(both, tmp_path / "out", from_="hh")
    assert (built.recipe.shape, built.recipe.shapes) == ("hh", "{}")
    assert built.totals.quarantined["malformed"] == 4
