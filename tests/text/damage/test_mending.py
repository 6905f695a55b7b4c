"""Damaged text put right where that is certain, and left as it is where it is not."""

import html
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.schema.reasons import MENDS
from pairsmith.text.damage.kinds import DAMAGES
from pairsmith.text.damage.mending import mend_sides
from pairsmith.text.messages import read_messages
from support.examples import examples
from support.slow import slow


def mend(text, *kinds):
    """A content, mended by some kinds, or by all."""
    messages = pa.array([[{"role": "user", "content": text}]])
    [mended] = mend_sides([read_messages(messages)], kinds or tuple(MENDS))
    return mended.turns.content.texts()[0].as_py()


def misread(text, codec):
    return "".join(
        bytes([code]).decode(codec, errors="ignore") or chr(code) for code in text.encode()
    )


CERTAIN = {
    "encoding": [
        (misread("It’s a “naïve” café, à la carte", "cp1252"), "It’s a “naïve” café, à la carte"),
        (misread("La “crème brûlée” — 5 €", "mac_roman"), "La “crème brûlée” — 5 €"),
        (misread(misread("It’s tea", "cp1252"), "cp1252"), "It’s tea"),
        ("Itâ€™s 😀, “CAFÉ”", "It’s 😀, “CAFÉ”"),
        (misread("5 €a day", "mac_roman"), "5 €a day"),
    ],
    "html_entity": [
        ("Tea &amp; milk, &quot;hot&quot; &lt;3", 'Tea & milk, "hot" <3'),
        ("It&#39;s tea", "It's tea"),
        ("caf&eacute;&nbsp;au&nbsp;lait", "café\xa0au\xa0lait"), ("&#x2019;tis", "’tis"),
        ("&#128; 5", "€ 5"),
        ("&#x1F375; tea&#10;milk", "🍵 tea\nmilk"),
    ],
    "html_tag": [
        ("<p>Green <b>tea</b>.</p><p>Milk.</p>", "Green tea.\nMilk."),
        ("Tea<br/>milk<BR>", "Tea\nmilk"),
        ("<ul><li>Tea</li><li><em>Milk</em></li></ul>", "Tea\nMilk"),
        ("<h2>Tea</h2>hot", "Tea\nhot"),
    ],
    "escaped_line_end": [
        (r"Tea.\nMilk.", "Tea.\nMilk."), (r"Tea:\r\n- green\r\n- black", "Tea:\n- green\n- black"),
        (r'She said \"tea\".\n\nThen she went.', 'She said "tea".\n\nThen she went.'),
        (r"Like so:\n\n```python\nprint(\"a\\n\")\n```\nDone.",
         'Like so:\n\n```python\nprint("a\\n")\n```\nDone.'),
        (r"Un caf\u00e9.\nDu th\u00E9 \ud83c\udf75.", "Un café.\nDu thé 🍵."),
        (r'It was "tea".\nMilk too.\nAnd sugar.', 'It was "tea".\nMilk too.\nAnd sugar.'),
    ],
    "zero_width": [("\ufefftea\u200bpot \u00ad", "teapot"),
                   ("👩\u200d🌾 te\u200da", "👩\u200d🌾 tea")],
    "bidirectional": [("tea\u202epot\u202c", "teapot"), ("\u200etea", "tea")],
}  # fmt: skip
UNSURE = {
    "encoding": ["“CAFÉ”, she said", "2×½ cups, √π, √∞", "Itâ tea", "caf\ufffd", "naïve café"],
    "html_entity": [
        "Write &lt; and &gt; in HTML", "&lt;p&gt; is a tag", "R&D &amp; tea", "a < b &amp; c",
        "Use `x` &amp; tea", "&copy; and & alone", "An ampersand is &amp; there", "tea&#0;",
        "tea &#xD800; &amp; milk", "tea&#7;",
        "&lt;b&gt;tea&lt;/b&gt;",
    ],
    "html_tag": [
        "<p>One opens <b>and never ends</p>", '<a href="https://tea.example">tea</a>',
        "x<sup>2</sup>",
        "<table><tr><td>tea</td></tr></table>", "<b>tea</i>", "<p>Use the p tag</p>",
        "<p>So: <b>`x`</b></p>", "<script>tea()</script><p>tea</p>",
        "<html><body><p>tea</p></body></html>",
    ],
    "escaped_line_end": [
        r"Use \n or \n\n here.", "Tea.\nMilk: " + r"A.\nB.\nC.", r"A newline is\nwritten so.\nB",
        r"$\nabla$.\nB.\nThen \neq", "`a\\nb`.\\nC.\\nD", r"Split it at '\n' and '\n' too",
        r"Half a sign \ud83c.\nMilk.", r"Caf\u00e.\nMilk.", r"\underline{x}.\nMilk.",
    ],
    "zero_width": ["می\u200cخواهم", "ชา\u200bเขียว"],
    "bidirectional": ["שלום\u200f!"],
}  # fmt: skip
MENDED = [(kind, *case) for kind, cases in CERTAIN.items() for case in cases]
LEFT = [(kind, text) for kind, texts in UNSURE.items() for text in texts]


@pytest.mark.parametrize(("kind", "text", "whole"), MENDED, ids=range(len(MENDED)))
def test_what_is_certain_is_mended_and_then_there_is_no_more_of_it(kind, text, whole):
    assert mend(text, kind) == whole
    assert mend(whole, kind) == whole


@pytest.mark.parametrize(("kind", "text"), LEFT, ids=range(len(LEFT)))
def test_what_is_not_certain_stays_as_it_is(kind, text):
    assert mend(text, kind) == text


def test_what_surely_is_damage_is_mended_beside_what_may_be_meant():
    """`É”` is two bytes of UTF-8, and what somebody wrote: other signs show that it may be."""
    assert mend("Itâ€™s a “CAFÉ”", "encoding") == "It’s a “CAFÉ”"
    assert mend("Itâ€™s GLACÃ‰", "encoding") == "It’s GLACÉ"


def test_kinds_are_mended_one_after_another():
    text = "<p>Itâ€™s &amp;\u200b so</p>"
    assert mend(text) == "It’s & so"
    assert mend(text, "encoding") == "<p>It’s &amp;\u200b so</p>"


def test_what_a_conversation_is_about_stays_on_either_side():
    """So that both sides go on having one prompt."""
    talk = [{"role": "user", "content": "Tea &amp; milk?"}]
    plain, about = (
        read_messages(pa.array([[*talk, {"role": "assistant", "content": reply}]]))
        for reply in ("Tea &amp; sugar.", "It is HTML: &amp;.")
    )
    for sides, asked in (([plain, about], "Tea &amp; milk?"), ([plain, plain], "Tea & milk?")):
        for side in mend_sides(sides, tuple(MENDS)):
            assert side.turns.content.texts()[0].as_py() == asked


def test_no_mark_of_a_turn_is_made():
    for text in (r"Tea.\n\nHuman: milk?\n\nAssistant: Yes.", "Tea.\n\nHu\u200bman: milk?"):
        assert mend(text) == text


def test_white_space_around_a_text_stays_where_it_was():
    assert mend(" <p>tea</p> ", "html_tag") == " tea\n "
    assert mend("<p>tea</p>", "html_tag") == "tea"


PROSE = st.text(st.sampled_from("abc dé’“”—ü€ñ 日Я.,!?"), min_size=1, max_size=40)


@pytest.mark.parametrize("text", ["ñ———", "El baño———", "borð———", "Él “——”", "ó™™™"])
def test_dashes_behind_a_letter_are_mended_once(text):
    assert mend(text, "encoding") == text
    assert mend(misread(text, "cp1252"), "encoding") == text


@examples(50)
@given(text=PROSE, codec=st.sampled_from(["cp1252", "latin-1", "mac_roman"]))
def test_a_text_that_was_misread_is_mended_as_a_whole_or_not_at_all(text, codec):
    damaged = misread(text.strip(), codec)
    assert mend(damaged, "encoding") in (text.strip(), damaged.strip())


@examples(100)
@given(text=st.text(max_size=60))
def test_any_text_is_mended_alone_as_it_is_among_others(text):
    alone = mend(text)
    assert mend(alone) is not None
    messages = pa.array([[{"role": "user", "content": one} for one in ("tea", text, "")]])
    both = mend_sides([read_messages(messages)], tuple(MENDS))[0]
    assert both.turns.content.texts().to_pylist() == ["tea", alone, ""]
    assert both.changed.tolist() == [False, alone != text, False]


PAGE = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"
DAMAGE = {
    "encoding": lambda text: misread(text, "cp1252"),
    "html_entity": html.escape,
    "html_tag": lambda text: "".join(f"<p>{line}</p>" for line in text.split("\n")),
    "escaped_line_end": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "zero_width": lambda text: "\u200b".join(text[at : at + 9] for at in range(0, len(text), 9)),
    "bidirectional": lambda text: f"\u202e{text}\u202c",
}
"""What is done to a text that it may be mended."""


def mend_all(texts, kind):
    rows = pa.array([[{"role": "user", "content": text}] for text in texts])
    [mended] = mend_sides([read_messages(rows)], [kind] if kind else tuple(MENDS))
    return mended.turns.content.texts().to_pylist()


def read_replies(real_rows, demo):
    """The replies of real files, no two alike, without white space around them."""
    rows = json.loads(demo.read_text(encoding="utf-8"))
    held = {
        "HH-RLHF": [
            side.rpartition("\n\nAssistant:")[2] for row in real_rows for side in row.values()
        ],
        "dpo_en_demo": [row[side]["value"] for row in rows for side in ("chosen", "rejected")],
    }
    return {name: sorted({text.strip() for text in texts}) for name, texts in held.items()}


@slow
def test_real_replies_that_were_damaged_on_purpose(real_rows, demo):
    page = PAGE.read_text(encoding="utf-8")
    for name, replies in read_replies(real_rows, demo).items():
        sound = [text for text in replies if not any(map_read(text))]
        assert mend_all(sound, None) == sound
        for kind, damage in DAMAGE.items():
            harmed = [(damage(text), text) for text in sound if damage(text) != text]
            mended = mend_all([text for text, _ in harmed], kind)
            exact = sum(got == whole for got, (_, whole) in zip(mended, harmed, strict=True))
            left = sum(got == text for got, (text, _) in zip(mended, harmed, strict=True))
            counts = (len(harmed), exact, left, len(harmed) - exact - left)
            told = " | ".join([f"| {name} | `{kind}`", *(f"{count:,}" for count in counts), ""])
            assert told.strip() in page, told


def map_read(text):
    return (DAMAGES[kind].read(text) for kind in MENDS)
