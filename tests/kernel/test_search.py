"""What is sought by bytes first is found as if every text were searched by the pattern."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from pairsmith.kernel.checks import NEAR_EMPTY, cut_off, find_role_marker, near_empty
from pairsmith.text.spans import Run, Spans, spans_of

PIECES = ["[INST]", "[inst]", "[", "INST]", "</s>", "<S>", "Human:", "Assistant:", "Human", ":"]
PIECES += ["a", "Z", "7", " ", "\n", "é", "日", "٣", "-", "…", "\0", "K", "ſ"]
texts = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=8)
STRINGS = ("[INST]", "</s>", "<s>")


def within(held):
    """Texts with an offset, and with others between them that are not looked at."""
    column = pa.array(["x", *(t for text in held for t in (text, ":</s>[INST]")), "y"], pa.string())
    return spans_of(column[1:-1]).select(slice(None, None, 2))


@given(texts, st.booleans(), st.sampled_from([STRINGS, (*STRINGS, "Za")]))
def test_holds_any(held, ignore_case, strings):
    fold = str.lower if ignore_case else str
    expected = [any(fold(string) in fold(text) for string in strings) for text in held]
    assert within(held).holds_any(strings, ignore_case).tolist() == expected


@given(texts)
def test_role_markers(held):
    expected = [bool(re.search("(Human|Assistant):", text)) for text in held]
    assert find_role_marker(within(held)).tolist() == expected


@given(texts)
@example(["", "日本語", "日本語x", "....", "...x", "٣٣٣٣", "-a--"])
def test_near_empty(held):
    expected = [
        len(text) <= NEAR_EMPTY or not any(c.isalpha() or c.isnumeric() for c in text)
        for text in held
    ]
    assert near_empty(within(held)).tolist() == expected


@given(texts)
@example(["\n\nHuman", "Human", "\n\nAssistant", "\n\nAssistant:", "\nHuman", "", "é\n\nHuman"])
def test_cut_off(held):
    expected = [text.endswith(("\n\nHuman", "\n\nAssistant")) for text in held]
    assert cut_off(within(held)).tolist() == expected


SPACES = [
    " ",
    "\n",
    "\t",
    "\x1c",
    "\u00a0",
    "\u2003",
    "\x85",
    "\u200b",
    "a",
    "é",
    "日",
    "  \n \t \n ",
]


@given(st.lists(st.lists(st.sampled_from(SPACES), max_size=6).map("".join), max_size=8))
@example(["", " ", "\u2003", " a", "a ", " \u2003a\u2003 ", "      a      ", "\u2003 \u2003"])
def test_strip(held):
    stripped = within(held).strip()
    assert stripped.texts().to_pylist() == [text.strip() for text in held]
    assert stripped.strip() is stripped


@given(texts, st.data())
def test_texts_and_pieces(held, data):
    spans = within(held)
    assert spans.texts().to_pylist() == held
    assert spans.pieces().to_pylist()[::2] == held
    mask = data.draw(st.lists(st.booleans(), min_size=len(held), max_size=len(held)))
    some = [text for text, flag in zip(held, mask, strict=True) if flag]
    assert spans.select(np.array(mask, bool)).texts().to_pylist() == some


def test_a_byte_is_found_in_any_part(monkeypatch):
    monkeypatch.setattr("pairsmith.text.spans.SCANNED", 3)
    run = Run(np.frombuffer(b"abcde::fghij:k", np.uint8))
    assert run.at(ord(":")).tolist() == [5, 6, 12]
    assert run.at(ord("x")).tolist() == []
    assert Run(np.empty(0, np.uint8)).at(ord(":")).tolist() == []


@given(st.text("ab:", max_size=40), st.text("ab", max_size=18), st.text("ab", max_size=3))
def test_find(held, before, behind):
    sought = f"{before}:{behind}"
    run = Run(np.frombuffer(held.encode(), np.uint8))
    places = [i for i in range(len(held)) if held.startswith(sought, i)]
    assert run.find(sought.encode(), ord(":")).tolist() == places


def test_nothing():
    nothing = Spans(Run(np.empty(0, np.uint8)), *np.zeros((2, 0), np.int64))
    assert nothing.texts().to_pylist() == nothing.pieces().to_pylist() == []
    assert nothing.strip() is nothing
    assert nothing.holds_any(["<"]).tolist() == nothing.ends_with("a").tolist() == []
