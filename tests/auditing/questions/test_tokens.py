"""Tokens: the counts of preview at each limit, and the rows that they count."""

import pytest

import pairsmith
from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.questions.tokens import LIMITS
from pairsmith.auditing.questions.tokens import ask as tokens
from pairsmith.errors import TokenizerError
from support.slow import quick, slow
from support.tiny import llama_tokenizer

ROWS = [
    ("Is it late?", "No, it is on time.", "It is late."),
    ("word " * 1100, "Yes.", "No."),  # the prompt fills 1,024 tokens, not 2,048
    ("Hello?", "on " * 1100 + "time", "on " * 1100 + "foot"),  # the same once cut
    ("Thanks!", "You are welcome.", "You are welcome."),
    ("Hello again?", "on " * 1100, "It is late."),
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tokenizer")
    llama_tokenizer([" ".join(" ".join(row) for row in ROWS)]).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=quick(["llama2", None]))
def out(request, build_rows):
    return build_rows({"one/train": ROWS[:3], "two/train": ROWS[3:]}, template=request.param)


def test_what_limits_do(out, tokenizer, ask):
    answer = ask(tokens, out, tokenizer)
    whole = answer.numbers["all"]
    assert (whole["rows"], whole["identical"], whole["refused"]) == (5, 1, 0)
    limits = whole["by_limit"]
    assert [limits[str(limit)]["dropped"] for limit in LIMITS] == [1, 1, 0]
    assert [limits[str(limit)]["identical_once_cut"] for limit in LIMITS] == [1, 1, 0]
    assert [limits[str(limit)]["chosen"] for limit in LIMITS] == [2, 2, 0]
    assert [limits[str(limit)]["rejected"] for limit in LIMITS] == [1, 1, 0]
    found = {f["kind"]: f["rows"] for f in answer.findings.to_pylist()}
    assert found == {
        "dropped": ["one/train/2"],
        "identical_once_cut": ["one/train/3"],
        "identical": ["two/train/1"],
    }
    assert f"{whole['lengths']['whole']['max']:,}" in answer.cure


def test_they_are_the_counts_of_preview(out, tokenizer, ask):
    numbers = ask(tokens, out, tokenizer).numbers
    for limit in LIMITS[1:]:
        totals = pairsmith.preview(out, tokenizer, max_length=limit).totals.to_dict()
        found = numbers["all"]["by_limit"][str(limit)]
        assert numbers["all"]["lengths"] == totals["lengths"]
        assert numbers["all"]["identical"] == totals["identical"]
        assert (found["chosen"], found["rejected"]) == (
            totals["cut"]["chosen"], totals["cut"]["rejected"],
        )  # fmt: skip
        for name in ("dropped", "identical_once_cut"):
            assert found[name] == totals[name]
    subsets = numbers["by_subset"]
    assert [subsets[name]["rows"] for name in ("one", "two")] == [3, 2]


def whole_texts_alike(out, tokenizer, ask, monkeypatch):
    """Whether an answer is the same where whole texts are tokenized."""
    by_words = ask(tokens, out, tokenizer)
    monkeypatch.setattr("pairsmith.tokens.texts.find_edges", lambda tokenizer: None)
    whole = ask(tokens, out, tokenizer)
    return (by_words.numbers, by_words.findings) == (whole.numbers, whole.findings)


def test_words_and_whole_texts_give_one_answer(out, tokenizer, ask, monkeypatch):
    assert whole_texts_alike(out, tokenizer, ask, monkeypatch)


@slow
def test_words_and_whole_texts_give_one_answer_of_the_real_file(
    real_text, tokenizer, ask, monkeypatch
):
    assert whole_texts_alike(real_text, tokenizer, ask, monkeypatch)


def test_no_answer_without_a_tokenizer(sample_text, ask):
    with pytest.raises(UnansweredError, match="--tokenizer"):
        ask(tokens, sample_text)


def test_no_answer_without_rows(build_rows, tokenizer, ask):
    with pytest.raises(UnansweredError, match="No row was kept"):
        ask(tokens, build_rows({"train": [("Hi?", "", "A reply.")]}, policies={}), tokenizer)


def test_a_tokenizer_that_is_none(sample_text, tmp_path, ask):
    pytest.importorskip("transformers")
    with pytest.raises(TokenizerError):
        ask(tokens, sample_text, tmp_path)


def test_one_row_of_other_scripts(build_rows, tokenizer, ask):
    out = build_rows({"train": [("שלום?", "はい、そうです。", "")]})
    answer = ask(tokens, out, tokenizer)
    assert answer.numbers["all"]["rows"] == 1
    assert answer.cure == ""


def test_the_sample(sample_messages, tokenizer, ask):
    assert ask(tokens, sample_messages, tokenizer).numbers["all"]["rows"] == 47
