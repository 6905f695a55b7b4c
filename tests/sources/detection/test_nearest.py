"""Rows of no shape: what they look like, what they lack, and a line to type."""

import json

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
    ],
    ids=["other-language", "wrapped", "two-objects", "prompt-outside"],
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
