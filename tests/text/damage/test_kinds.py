"""Damaged text: what is found, what it would be, and what people write that only looks like it."""

import html
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.text.damage.edits import apply_edits
from pairsmith.text.damage.encodings import read_encoding
from pairsmith.text.damage.kinds import DAMAGES, describe_damage
from support.examples import examples
from support.slow import slow

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"

WORDS = (
    "It’s a “naïve” café — 20 °C for 5 €, mañana, kůň, gęś, Привет мир, 日本語, שלום, ελιά, 😀 ✓"
)


def misread(text, codec):
    """Text whose UTF-8 is read in another encoding; Windows-1252 has no character for 5 bytes."""
    return "".join(
        bytes([code]).decode(codec, errors="ignore") or chr(code) for code in text.encode()
    )


def mend(text):
    """A text with what is certain put right."""
    return apply_edits(text, read_encoding(text))


def find_damaged(text):
    return {edit.damaged for edit in read_encoding(text)}


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "mac_roman"])
@pytest.mark.parametrize(
    "word", ["It’s tea", "“tea”", "café", "crème brûlée", "Привет", "日本語", "😀"]
)
def test_what_was_read_in_the_wrong_encoding_is_found_and_would_be_what_it_was(word, codec):
    damaged = misread(word, codec)
    assert mend(damaged) == word
    assert not find_damaged(word)


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "mac_roman"])
def test_one_sure_sequence_makes_the_others_of_a_text_sure(codec):
    assert mend(misread(WORDS, codec)) == WORDS


def test_what_was_damaged_twice_is_put_together():
    once = misread("It’s", "cp1252")
    (what,) = find_damaged(misread(once, "cp1252"))
    assert (what.stands, what.would_be) == (misread(misread("’", "cp1252"), "cp1252"), "’")


WRITTEN = (
    "“CAFÉ”, she said. É… que não sei. É—disse. AMANHÃ… IRMÃ, CORAÇÃO",
    "„Spaß“ und „Ärger“ – „Über…“, ‚Öl‘ und ‚Ärger‘, ÜBER“ Ü” Ö”",
    "était “café”… à\xa0« Paris », Île…, ÉTÉ – ÉTÉ…”, Œuvre",
    "LÍŠKA KÁŽE NÍŽ, žluťoučký kůň, zażółć gęślą jaźń",
    "AÑO, ¿Qué… “Ñandú”, ¡Olé! «olé», ÓSCAR™",
    "2×½ cups, √π, √∞, √(2) ≈ 1.41, ƒ(x) ≥ 3, ¬p ∧ q",
    "–über—Ärger, Åland, smörgåsbord, BJÖRK™ É® É©",
    "Привет, мир! 日本語です。 שלום مرحبا ελληνικά ไทย 😀 ✓ …",
)


@pytest.mark.parametrize("text", WRITTEN, ids=range(len(WRITTEN)))
def test_what_people_write_is_not_damage(text):
    assert not find_damaged(text)


@examples(50)
@given(text=st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from("“”’—…é "), max_size=30))
def test_what_is_found_is_utf_8_in_that_encoding(text):
    for what in find_damaged(text):
        assert what.stands in text
        assert len(what.would_be) == 1
        assert len(what.stands) > 1


def read_texts(real_rows, demo):
    """Texts of real files: whole transcripts of one, messages of the other."""
    rows = json.loads(demo.read_text(encoding="utf-8"))
    said = [[*row["conversations"], row["chosen"], row["rejected"]] for row in rows]
    return {
        "HH-RLHF": [side for row in real_rows for side in row.values()],
        "dpo_en_demo": [message["value"] for messages in said for message in messages],
    }


@slow
def test_real_texts_that_were_misread_on_purpose(real_rows, demo):
    page = PAGE.read_text(encoding="utf-8")
    for name, texts in read_texts(real_rows, demo).items():
        sound = [text for text in texts if not find_damaged(text)]
        assert len(texts) - len(sound) == {"HH-RLHF": 0, "dpo_en_demo": 1}[name]
        beyond = [text for text in sound if not text.isascii()]
        for codec in ("cp1252", "latin-1", "mac_roman"):
            damaged = [misread(text, codec) for text in beyond]
            found = sum(bool(find_damaged(text)) for text in damaged)
            put_right = sum(
                mend(text) == whole for text, whole in zip(damaged, beyond, strict=True)
            )
            assert found / len(beyond) > 0.9
            told = f"| {name} | {codec} | {len(beyond):,} | {found:,} | {put_right:,} |"
            assert told in page, told


HOLDS: dict[str, list[tuple[str, str, str | None]]] = {
    "encoding": [("Itâ€™s tea", "â€™", "’"), ("It‚Äôs tea", "‚Äô", "’")],
    "html_entity": [
        ("tea &amp; milk", "&amp;", "&"), ("it&#39;s", "&#39;", "'"), ("&#x2019;", "&#x2019;", "’"),
    ],
    "html_tag": [
        ("tea<br/>milk", "<br>", "\n"), ('<A href="https://tea.example">', "<a>", ""),
        ("<b>tea", "<b>", ""), ("tea</p>", "</p>", "\n"),
    ],
    "escaped_line_end": [
        (r"Tea.\nMilk.", r"\n", "\n"), (r"Tea.\n\nmilk", r"\n", "\n"),
        (r"tea.\nmilk.\nsugar", r"\n", "\n"), (r"Tea:\r\n- green\r\n- black", r"\r\n", "\n"),
    ],
    "replacement": [("tea\ufffdpot", "\ufffd", None)],
    "zero_width": [("tea\u200bpot", "\u200b", ""), ("\ufefftea", "\ufeff", ""),
                   ("te\u200dapot", "\u200d", ""), ("tea\u00adpot", "\u00ad", "")],
    "bidirectional": [("tea\u202epot", "\u202e", ""), ("tea \u200epot", "\u200e", ""),
                      ("שלום \u202e tea", "\u202e", "")],
}  # fmt: skip
LACKS = {
    "encoding": ["It’s tea", "CAFÉ”"],
    "html_entity": ["R&D; tea & milk", "&nonsense;", "Write `&amp;` for it", "```\n&lt;\n```"],
    "html_tag": ["2 < 3 > 1", "a <b and c> d", "I <3 tea", "<tea>", "`<br>` ends a line"],
    "escaped_line_end": [r"\nu and \nabla", "Tea.\nMilk.", r"C:\new\names", r'print("tea\n")',
                         r"Write \n for a line end.",
                         r"Here (\nabla) and \neq", "```\nprint('a\\nB\\nC')\n```"],
    "replacement": ["tea?"],
    "zero_width": ["می\u200cخواهم", "👩\u200d🌾", "क्\u200dष", "ชา\u200bเขียว"],
    "bidirectional": ["שלום\u200f!", "\u2067مرحبا\u2069"],
}  # fmt: skip
FOUND = [(kind, *case) for kind, cases in HOLDS.items() for case in cases]
ABSENT = [(kind, text) for kind, texts in LACKS.items() for text in texts]


@pytest.mark.parametrize(("kind", "text", "stands", "would_be"), FOUND, ids=range(len(FOUND)))
def test_damage_is_found_and_told(kind, text, stands, would_be):
    flags, found = DAMAGES[kind].find(pa.array(["tea", text, ""]))
    assert flags.tolist() == [False, True, False]
    (counts,) = found
    assert [(what.stands, what.would_be) for what in counts] == [(stands, would_be)]


@pytest.mark.parametrize(("kind", "text"), ABSENT, ids=range(len(ABSENT)))
def test_what_is_meant_is_not_taken_for_damage(kind, text):
    flags, found = DAMAGES[kind].find(pa.array([text]))
    assert (flags.tolist(), found) == ([False], [])


@pytest.mark.parametrize("kind", DAMAGES)
def test_the_first_look_misses_nothing(kind):
    """What is read of a text alone is read of a column too."""
    for text, *_ in HOLDS[kind]:
        for around in (f"{text} {WORDS}", f"one\ntwo {text}"):
            read = Counter(edit.damaged for edit in DAMAGES[kind].read(around))
            flags, found = DAMAGES[kind].find(pa.array([around]))
            assert flags.tolist() == [bool(read)]
            assert found == ([read] if read else [])


def test_what_cannot_be_seen_is_told_by_number():
    (counts,) = DAMAGES["bidirectional"].find(pa.array(["tea\u202epot"]))[1]
    assert describe_damage(next(iter(counts))) == ("U+202E would be left out (a mark of direction)")
    (counts,) = DAMAGES["replacement"].find(pa.array(["tea\ufffd"]))[1]
    assert "stands for what is lost" in describe_damage(next(iter(counts)))


def test_attributes_of_tags_are_not_quoted():
    (counts,) = DAMAGES["html_tag"].find(pa.array(['<img alt="a teapot" src="pot.png">']))[1]
    assert describe_damage(next(iter(counts))) == "<img> would be left out (an HTML tag)"


@pytest.mark.parametrize(
    "text",
    ["â€™" * 50_000, "É" * 300_000, "&#" * 300_000, "<b " * 100_000, r"\n" * 50_000,
     "\u200b" * 50_000, "`" * 300_000, "```a" * 100_001, html.escape("<<<>>>&") * 10_000],
    ids=range(9),
)  # fmt: skip
def test_long_runs_are_read_to_the_end(text):
    """Patterns that went back over what they had read would not end here."""
    for damage in DAMAGES.values():
        flags, found = damage.find(pa.array([text, "plain"]))
        assert len(found) == flags.sum()
        assert not flags[1]
