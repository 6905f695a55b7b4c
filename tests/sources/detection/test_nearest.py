"""Rows of no shape: what they look like, what they lack, and a line to type."""

import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith.errors import SourceError

ODD = {"speaker": "user", "utterance": "Is mint dry?"}


@pytest.mark.parametrize(
    ("row", "said", "line"),
    [
        (
            {"frage": "Ist Minze trocken?", "besser": "Kaum.", "schlechter": "Ja."},
            "no two fields are known as replies",
            "prompt=frage,chosen=besser,rejected=schlechter",
        ),
        (
            {"id": 1, "example": {"prompt": "Dry?", "chosen": "Hardly.", "rejected": "Yes."}},
            "a better and a worse reply inside of example",
            "prompt=example.prompt,chosen=example.chosen,rejected=example.rejected",
        ),
        (
            {"m": {"a": 1, "b": 2}, "data": {"frage": "Dry?", "gut": "Kaum.", "schlecht": "Ja."}},
            "inside of data",
            "prompt=data.frage,chosen=data.gut,rejected=data.schlecht",
        ),
        (
            {"prompt": "Dry?", "data": {"gut": "Hardly.", "schlecht": "Yes."}},
            "inside of data",
            "prompt=prompt,chosen=data.gut,rejected=data.schlecht",
        ),
        (
            {"task": "Name a herb.", "left": {"model": "m", "output": "Mint."},
             "right": {"model": "n", "output": "Tea."}, "vote": "left"},
            "two replies",
            "prompt=task,a=left.output,b=right.output,winner=vote",
        ),
    ],
    ids=["other-language", "wrapped", "two-objects", "prompt-outside", "marked-objects"],
)  # fmt: skip
def test_the_line_that_is_told_would_do(row, said, line, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(SourceError) as caught:
        pairsmith.build(path, tmp_path / "out")
    assert said in caught.value.message
    assert f"--columns {line}\n" in caught.value.hint
    columns = dict(part.split("=") for part in line.split(","))
    assert pairsmith.build(path, tmp_path / "out", columns=columns).totals.kept == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "Two and two?", "chosen": 4, "rejected": "5"}, "chosen holds a number, not"),
        ({"prompt": "Dry?", "chosen": True, "rejected": "5"}, "chosen holds a truth value, not"),
        ({"chosen": [ODD], "rejected": [ODD]}, "rejected holds objects of speaker, utterance, not"),
    ],
    ids=["number", "flag", "objects"],
)
def test_what_is_no_reply_is_named(row, said, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(SourceError) as caught:
        pairsmith.build(path, tmp_path / "out")
    assert said in caught.value.message
    assert "Write them so" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"No.", "chosen holds bytes, not text"),
        (Decimal("1.5"), "chosen holds a number, not text"),
        (date(2026, 1, 31), "chosen holds a date, not text"),
    ],
    ids=["bytes", "decimal", "date"],
)
def test_a_column_that_json_does_not_know_is_called_what_it_is(value, said, tmp_path):
    rows = pa.table({"prompt": ["Dry?"], "chosen": [value], "rejected": ["Yes."]})
    pq.write_table(rows, tmp_path / "rows.parquet")
    with pytest.raises(SourceError) as caught:
        pairsmith.build(tmp_path / "rows.parquet", tmp_path / "out")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            {"Was tun?": "Minze gießen?", "Antwort Modell 1": "Ja.", "Antwort Modell 2": "Nein."},
            "'prompt=Was tun?,a=Antwort Modell 1,b=Antwort Modell 2,winner=FIELD'",
        ),
        (
            {"lang": "en", "drafts": [{"stars": 3, "body": "A bit."}, {"stars": 1, "body": "No."}]},
            "prompt=FIELD,replies=drafts,text=body,score=FIELD",
        ),
        (
            {"ticket": "My basil wilts.", "reply": "Water it.", "grade": "good"},
            "prompt=ticket,reply=reply,label=FIELD",
        ),
    ],
    ids=["spaces", "objects", "one"],
)
def test_what_is_not_known_is_left_to_be_filled_in(row, line, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(SourceError) as caught:
        pairsmith.build(path, tmp_path / "out")
    assert f"--columns {line}\n" in caught.value.hint


def test_objects_in_objects_are_looked_into_to_some_depth_alone(tmp_path):
    row = {"id": 1}
    for _ in range(400):
        row = {"id": 1, "inner": row}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    with pytest.raises(SourceError, match="no shape that is known; their fields: id, inner"):
        pairsmith.build(path, tmp_path / "out")


def test_red_team_dialogues_under_another_name_are_told(tmp_path):
    """What the message says to type builds them."""
    source = tmp_path / "mine.jsonl"
    source.write_text(json.dumps({"transcript": "\n\nHuman: Hi.\n\nAssistant: Hm.", "rating": 2}))
    with pytest.raises(SourceError, match="as red-team dialogues") as failed:
        pairsmith.build(source, tmp_path / "out")
    assert failed.value.hint.endswith("--subset red-team-attempts")
    built = pairsmith.build(source, tmp_path / "out", subset="red-team-attempts")
    assert built.totals.kept == 1
