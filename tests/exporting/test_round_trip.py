"""Export then build gives the same pairs: every trainer's files are a source of ours."""

import json

import pytest

import pairsmith
from pairsmith.exporting import TRAINERS, export
from support.exported import pairs_of
from support.slow import quick

PAIRED = [name for name in TRAINERS if name != "trl-kto"]
PARTS = ("prompt", "chosen", "rejected")


def contents(out):
    return {
        place: [tuple(row[part] for part in PARTS) for row in rows]
        for place, rows in pairs_of(out).items()
    }


@pytest.mark.parametrize("trainer", PAIRED)
@pytest.mark.parametrize("fixture", quick(["sample_messages", "sample_system"], "sample_system"))
def test_the_same_pairs_come_back(trainer, fixture, tmp_path, request):
    out = request.getfixturevalue(fixture)
    told = export(out, tmp_path / "dest", trainer=trainer)
    again = pairsmith.build(tmp_path / "dest", tmp_path / "again")
    assert again.totals.kept == again.totals.read == sum(file.pairs for file in told.files)
    assert not told.left_out
    assert contents(tmp_path / "again") == contents(out)
    assert pairsmith.check(tmp_path / "again") == []


def test_the_same_text_comes_of_it(sample_messages, sample_text, tmp_path):
    """Rendered after the round trip, the pairs are those that were rendered at once."""
    export(sample_messages, tmp_path / "dest", trainer="openai")
    pairsmith.build(
        tmp_path / "dest",
        tmp_path / "again",
        template="llama2",
        policies={"control_token": "quarantine"},
    )
    made = contents(tmp_path / "again")
    for place, rows in contents(sample_text).items():
        assert set(rows) <= set(made[place])
        assert len(made[place]) == len(rows)


def test_the_real_demo_file_goes_round(demo, tmp_path):
    """300 rows of LLaMA-Factory's: in, out as messages, exported as they came, in again."""
    built = pairsmith.build(demo, tmp_path / "out")
    assert (built.recipe.shape, built.totals.read, built.totals.kept) == ("sharegpt", 300, 300)
    held = json.loads(demo.read_text(encoding="utf-8"))
    roles = {"human": "user", "gpt": "assistant", "system": "system"}
    rows = contents(tmp_path / "out")["pairs/train"]
    for given, made in zip(held, rows, strict=True):
        sides = (given["conversations"], [given["chosen"]], [given["rejected"]])
        for turns, messages in zip(sides, made, strict=True):
            assert messages == [{"role": roles[t["from"]], "content": t["value"]} for t in turns]
    export(tmp_path / "out", tmp_path / "dest", trainer="llamafactory")
    pairsmith.build(tmp_path / "dest", tmp_path / "again")
    assert contents(tmp_path / "again") == contents(tmp_path / "out")


def test_unpaired_rows_are_paired_again(sample_messages, tmp_path):
    """Each prompt with every reply of either label: those of its own pairs among them."""
    export(sample_messages, tmp_path / "dest", trainer="trl-kto")
    pairsmith.build(tmp_path / "dest", tmp_path / "again")

    def pairs(out):
        return {
            json.dumps([row[part] for part in PARTS])
            for rows in pairs_of(out).values()
            for row in rows
        }

    assert pairs(sample_messages) <= pairs(tmp_path / "again")
