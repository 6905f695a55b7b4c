"""Words and phrases of texts, counted."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pairsmith.auditing.content import words
from pairsmith.auditing.content.words import count_words


def table(texts, **asked):
    found = count_words(pa.array(texts, pa.string()), least=1, **asked)
    dense = found.counts.toarray()
    return [{name: int(n) for name, n in zip(found.names, row, strict=True) if n} for row in dense]


def test_words_are_counted_whatever_their_case_and_form():
    [row] = table(["Café CAFE\u0301 café's tea, TEA!"], phrases=False)
    assert row == {"café": 2, "café's": 1, "tea": 2}


def test_apostrophes_belong_to_words_and_quotes_do_not():
    [row] = table(["don’t 'don't' tea'"], phrases=False)
    assert row == {"don't": 2, "tea": 1}


def test_phrases_do_not_go_across_punctuation_lines_or_texts():
    rows = table(["red tea, green\nleaf", "pot"])
    assert [name for row in rows for name in row if " " in name] == ["red tea"]


def test_scripts_without_spaces_are_taken_by_characters():
    rows = table(["红茶", "ชา", "שלום עולם", "كوب شاي"])
    assert set(rows[0]) == {"红", "茶", "红茶"}
    assert "שלום עולם" in rows[2]
    assert "شاي" in rows[3]


def test_nothing_is_counted_in_texts_without_words():
    assert table(["", None, "\x00\x1b[31m", "<>&"], phrases=False) == [{}, {}, {"31m": 1}, {}]
    assert count_words(pa.array([], pa.string())).names == ()


def test_it_is_what_a_counter_says():
    chance = np.random.default_rng(3)
    stock = [f"w{n}" for n in range(60)]
    texts = [" ".join(chance.choice(stock, chance.integers(0, 30))) for _ in range(5_000)]
    found = count_words(pa.array(texts), least=1, most=100_000)
    for place in (0, 17, 4_095, 4_096, 4_999):  # texts are taken in blocks
        said = texts[place].split()
        wanted = Counter(said) + Counter(" ".join(two) for two in pairwise(said))
        start, stop = found.counts.indptr[place : place + 2]
        columns = found.counts.indices[start:stop]
        counts = found.counts.data[start:stop]
        assert {found.names[c]: n for c, n in zip(columns, counts, strict=True)} == wanted


def test_a_word_has_to_be_in_enough_texts_of_enough_groups():
    texts = pa.array(["moss", "moss", "moss tea", "tea", "fern"])
    found = count_words(texts, least=2, groups=np.array([1, 1, 1, 2, 3]), least_groups=2)
    assert found.names == ("tea",)
    assert count_words(texts, least=2).names == ("moss", "tea")
    assert count_words(texts, least=1, most=1).names == ("moss",)


def test_of_a_long_text_the_beginning_is_looked_at(monkeypatch):
    monkeypatch.setattr(words, "LONGEST", 8)
    assert table(["tea leaf pot"], phrases=False) == [{"tea": 1, "leaf": 1}]


def test_what_no_list_could_show_is_no_word():
    texts = pa.array([f"tea {'x' * 100} pot", f"tea {'x' * 101} pot"] * 3)
    assert set(count_words(texts, least=1).names) == {"tea", "pot", "x" * 100}
