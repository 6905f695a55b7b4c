"""What is sought by bytes first is found as if every text were searched by the pattern."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from pairsmith.kernel.check import NEAR_EMPTY, find_role_marker, near_empty
from pairsmith.kernel.turns import holds_any, holds_byte

PIECES = ["[INST]", "[inst]", "[", "INST]", "</s>", "<S>", "Human:", "Assistant:", "Human", ":"]
PIECES += ["a", "Z", "7", " ", "\n", "é", "日", "٣", "-", "…", "\0", "K", "ſ"]
texts = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=8)
STRINGS = ("[INST]", "</s>", "<s>")


@given(texts, st.booleans(), st.sampled_from([STRINGS, (*STRINGS, "Za")]))
def test_holds_any(held, ignore_case, strings):
    column = pa.array(["x", *held, "y"], pa.string())[1:-1]  # with an offset
    fold = str.lower if ignore_case else str
    expected = [any(fold(string) in fold(text) for string in strings) for text in held]
    assert holds_any(column, strings, ignore_case).tolist() == expected


@given(texts)
def test_role_markers(held):
    expected = [bool(re.search("(Human|Assistant):", text)) for text in held]
    assert find_role_marker(pa.array(held, pa.string())).tolist() == expected


@given(texts)
@example(["", "日本語", "日本語x", "....", "...x", "٣٣٣٣", "-a--"])
def test_near_empty(held):
    expected = [
        len(text) <= NEAR_EMPTY or not any(c.isalpha() or c.isnumeric() for c in text)
        for text in held
    ]
    assert near_empty(pa.array(held, pa.string())).tolist() == expected


def test_a_byte_is_found_in_any_part(monkeypatch):
    monkeypatch.setattr("pairsmith.kernel.turns.SCANNED", 3)
    held = ["abc", "", "de:", ":", "fghij:k", "l"]
    found = holds_byte(pa.array(held), b":")
    assert np.flatnonzero(found).tolist() == [2, 3, 4]
    assert not holds_byte(pa.array([], pa.string()), b":").any()
