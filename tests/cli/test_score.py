"""pairsmith score: what is printed of a build's scores, and of texts."""

import io
import json
import sys

import pytest

import pairsmith
from support.models.by_hand import ids_of_messages, scores_by_hand
from support.models.folders import write_causal, write_scorer

TALK = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "Yes, please."}]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    pytest.importorskip("torch")
    return write_scorer(tmp_path_factory.mktemp("scorer"))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    rows = [
        {
            "prompt": f"Is pot {n} of tea warm?",
            "chosen": "Yes, it is.",
            "rejected": "No, cold. " * (4 * n + 1),
        }
        for n in range(5)
    ]
    out = tmp_path_factory.mktemp("build") / "out"
    pairsmith.build(rows, out)
    return out


def expect(folder, messages):
    from transformers import AutoTokenizer

    ids = ids_of_messages(AutoTokenizer.from_pretrained(folder), messages)
    return scores_by_hand(folder, [ids])[0]


def test_a_build_is_scored(run, out, scorer):
    code, printed, errors = run("score", out, "--model", scorer)
    assert (code, errors) == (0, "")
    assert "5 of 5 rows scored\n" in printed
    assert "agreement with the labels: " in printed
    assert "prompts read once: yes (largest difference to the plain way, where tried: " in printed
    assert f"The annotation: {out / 'annotations' / 'scores'}" in printed


def test_the_numbers_as_json(run, out, scorer):
    code, printed, errors = run("score", out, "--model", scorer, "--name", "j", "--json")
    assert (code, errors) == (0, "")
    held = json.loads(printed)
    assert held["scored"] == held["rows"] == held["agreement"]["rows"] == 5
    assert held["fast"] == {"pairs": {"yes": 1}}
    assert held["tokens"] > 0


def test_rows_that_are_too_long_are_told(run, out, scorer):
    _, printed, _ = run("score", out, "--model", scorer, "--name", "few", "--max-length", 60)
    assert "of 5 rows scored; not: too_long " in printed


def test_a_conversation_is_scored(run, scorer):
    code, printed, errors = run("score", json.dumps(TALK), "--model", scorer)
    assert (code, errors) == (0, "")
    assert float(printed) == pytest.approx(expect(scorer, TALK), abs=1e-5)


def test_a_transcript_is_a_conversation(run, scorer):
    _, printed, _ = run("score", "\n\nHuman: Tea?\n\nAssistant: Yes, please.", "--model", scorer)
    assert float(printed) == pytest.approx(expect(scorer, TALK), abs=1e-5)


def test_conversations_come_in_lines(run, scorer, monkeypatch):
    given = [TALK, {"messages": TALK[:1]}]
    text = "".join(json.dumps(one) + "\n" for one in given)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, printed, errors = run("score", "-", "--model", scorer, "--json")
    assert (code, errors) == (0, "")
    scores = [json.loads(line)["score"] for line in printed.splitlines()]
    assert scores == pytest.approx([expect(scorer, TALK), expect(scorer, TALK[:1])], abs=1e-5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chatt", "There is no folder 'chatt'"),
        ('[{"role": "user"', "begins as JSON does"),
        ('[{"role": "user"}]', "The JSON is no conversation"),
        (" ", "There is no text"),
        ("tea " * 3000, "has 3,0"),
    ],
    ids=["word", "broken", "odd", "blank", "long"],
)
def test_what_is_no_text_is_told(run, scorer, text, said):
    code, printed, errors = run("score", text, "--model", scorer, "--max-length", 3000)
    assert (code, printed) == (2, "")
    assert said in errors


def test_a_causal_model_is_told_from_a_scorer(run, out, tmp_path):
    code, _, errors = run("score", out, "--model", write_causal(tmp_path), "--name", "causal")
    assert code == 2
    assert "gives no scores" in errors
    assert "pairsmith train reward makes one" in errors
