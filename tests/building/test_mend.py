"""build --mend: damaged text is put right in every row, and what was done is told."""

import json

import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import RecipeError
from pairsmith.schema.reasons import MENDS
from support.defects import kept, refused, row, told, write_source

PAIRS = [
    row("What isâ€™s best, tea &amp; milk?", "Greenâ€™s best", "Blackâ€™s best"),
    row("Plain?", "<p>Tea</p>", "T\u200bea"),
    row("Hot?", r"Yes.\n\nTwo spoons.", "It is lost\ufffd"),
    row("Write &lt;p&gt; in HTML?", "Write &lt;p&gt;.", "No."),
    row("Cold?", "Yes.", "\u200b"),
    told(1),
]
WHOLE = [
    row("What is’s best, tea & milk?", "Green’s best", "Black’s best"),
    row("Plain?", "Tea", "Tea"),
    row("Hot?", "Yes.\n\nTwo spoons.", "It is lost\ufffd"),
    PAIRS[3],
    row("Cold?", "Yes.", ""),
    told(1),
]
TEXTS = ("prompt", "chosen", "rejected", "text", "transcript", "messages")
NOTES = {
    "one/train/1": ["mended", "mended_encoding", "mended_html_entity"],
    "one/train/3": ["mended", "mended_escaped_line_end"],
    "one/train/4": [],
    "one/train/6": [],
}


def texts(out):
    return {
        id: {name: held[name] for name in TEXTS if name in held} for id, held in kept(out).items()
    }


def noted(out):
    return {
        id: [n for n in held["notes"] if n.startswith("mended")] for id, held in kept(out).items()
    }


@pytest.mark.parametrize("template", [None, "llama2"])
def test_a_mended_build_holds_what_the_whole_source_would(tmp_path, template):
    damaged = write_source(tmp_path / "damaged", one_train=PAIRS, one_test=PAIRS[:1])
    whole = write_source(tmp_path / "whole", one_train=WHOLE, one_test=WHOLE[:1])
    outs = [tmp_path / "mended", tmp_path / "wanted"]
    built = pairsmith.build(damaged, outs[0], mend=["all"], template=template)
    pairsmith.build(whole, outs[1], template=template)
    assert texts(outs[0]) == texts(outs[1])
    assert {id: why for id, (why, _) in refused(outs[0]).items()} == {
        id: why for id, (why, _) in refused(outs[1]).items()
    }
    assert refused(outs[0])["one/train/2"] == (
        "identical",
        "the two replies are the same, once mended",
    )
    assert refused(outs[0])["one/train/5"][0] == "empty_reply"
    assert noted(outs[0]) == {**NOTES, "one/test/1": NOTES["one/train/1"]}
    assert {name: rows for name, rows in built.totals.noted.items() if "mended" in name} == {
        "mended": 3, "mended_encoding": 2, "mended_escaped_line_end": 1, "mended_html_entity": 2
    }  # fmt: skip
    assert built.recipe.to_dict()["mend"] == list(MENDS)
    assert read_manifest(outs[0]).recipe == built.recipe
    assert damaged.joinpath("one", "train.jsonl").read_text() == "".join(
        json.dumps(held) + "\n" for held in PAIRS
    )


def test_only_what_is_named_is_mended_and_nothing_without(tmp_path):
    source = write_source(tmp_path / "in", one_train=PAIRS)
    pairsmith.build(source, tmp_path / "one", mend=["html_entity"])
    pairsmith.build(source, tmp_path / "none")
    assert noted(tmp_path / "one")["one/train/1"] == ["mended", "mended_html_entity"]
    assert noted(tmp_path / "none")["one/train/1"] == []
    only = texts(tmp_path / "one")["one/train/1"]["prompt"][0]["content"]
    assert only == "What isâ€™s best, tea & milk?"
    assert "mend" not in json.loads((tmp_path / "none" / "manifest.json").read_text())["recipe"]


def test_messages_with_tools_are_mended_in_their_contents(tmp_path):
    asked = [
        {"role": "user", "content": "Itâ€™s tea?"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"type": "function", "function": {"name": "pot", "arguments": {"of": "teaâ€™s"}}}]},
        {"role": "tool", "name": "pot", "content": "hot &amp; ready"},
    ]  # fmt: skip
    held = {
        "prompt": asked,
        "chosen": [{"role": "assistant", "content": " Itâ€™s so "}],
        "rejected": [{"role": "assistant", "content": "No"}],
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(held) + "\n")
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out", mend=["all"])
    (made,) = kept(tmp_path / "out").values()
    assert [turn["content"] for turn in made["prompt"]] == ["It’s tea?", "", "hot & ready"]
    assert "teaâ€™s" in json.dumps(made["prompt"], ensure_ascii=False)
    assert made["chosen"][0]["content"] == " It’s so "


def test_dialogues_are_mended_and_so_are_their_transcripts(tmp_path):
    said = "\n\nHuman:  Itâ€™s tea?\n\nAssistant: Yes &amp; no. \n\nHuman: Ã©, \u200bso"
    place = tmp_path / "in" / "red-team-attempts"
    place.mkdir(parents=True)
    rows = [{"transcript": said}, {"transcript": "\n\nHuman: Tea?\n\nAssistant: Yes."}]
    (place / "red_team_attempts.jsonl").write_text(json.dumps(rows))
    pairsmith.build(tmp_path / "in", tmp_path / "out", mend=["all"])
    first, second = kept(tmp_path / "out").values()
    assert first["transcript"] == "\n\nHuman:  It’s tea?\n\nAssistant: Yes & no. \n\nHuman: é, so"
    assert [turn["content"] for turn in first["messages"]] == ["It’s tea?", "Yes & no.", "é, so"]
    assert first["notes"] == [
        "mended",
        "mended_encoding",
        "mended_html_entity",
        "mended_zero_width",
    ]
    assert (second["transcript"], second["notes"]) == (rows[1]["transcript"], [])


def test_what_is_dropped_for_others_is_judged_once_it_is_mended(tmp_path):
    pytest.importorskip("duckdb")
    rows = [row("Which tea?", "Itâ€™s green", "Black"), row("Which tea?", "It’s green", "Black")]
    source = write_source(tmp_path / "in", one_train=rows)
    pairsmith.build(source, tmp_path / "out", mend=["encoding"], drop=["duplicates"])
    assert refused(tmp_path / "out") == {
        "one/train/2": ("duplicate", "the same pair as one/train/1")
    }


def test_before_and_after_are_shown(tmp_path, run):
    source = write_source(tmp_path / "in", one_train=PAIRS)
    pairsmith.build(source, tmp_path / "before")
    code, out, _ = run(
        "build", source, tmp_path / "after", "--mend", "encoding, html_tag,zero_width"
    )
    assert (code, "mended_encoding 1" in out) == (0, True)
    code, out, _ = run("show", tmp_path / "after", "--diff", tmp_path / "before")
    assert code == 0
    assert "[-Greenâ€™-]s best" in out
    assert "{+Green’+}s best" in out
    code, out, _ = run("show", tmp_path / "after", "--note", "mended_encoding")
    assert "one/train/1" in out


@pytest.mark.parametrize(
    ("mend", "said"),
    [
        ("tea", "nothing to mend called 'tea'"),
        ("replacement", "is lost"),
        ("cut_length", "is lost"),
    ],
)
def test_what_cannot_be_mended_is_said_with_what_can(tmp_path, mend, said):
    with pytest.raises(RecipeError, match=said) as error:
        pairsmith.build("sample", tmp_path / "out", mend=[mend])
    assert "encoding, escaped_line_end" in error.value.hint
    assert not (tmp_path / "out").exists()


def test_workers_and_batches_decide_no_byte(tmp_path):
    rows = PAIRS * 30
    source = write_source(tmp_path / "in", one_train=rows)
    for name, options in {"a": {}, "b": {"batch_rows": 7}}.items():
        pairsmith.build(source, tmp_path / name, mend=["all"], **options)
    shards = [sorted((tmp_path / name).rglob("*.parquet")) for name in "ab"]
    assert [path.read_bytes() for path in shards[0]] == [path.read_bytes() for path in shards[1]]
    assert pq.read_table(shards[0][0]).num_rows
