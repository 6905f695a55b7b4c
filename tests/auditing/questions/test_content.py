"""Text: what is found and what is not, on texts of our own."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.content.openings import LEAST, open_texts, weigh
from pairsmith.auditing.content.patterns import (
    PERSONAL,
    control_strings,
    passes_luhn,
    passes_mod_97,
)
from pairsmith.auditing.content.writing_systems import Letters, script_of
from pairsmith.auditing.questions.content import TextCounts
from pairsmith.auditing.questions.content import ask as text
from pairsmith.chat_templates.builtin import FAMILIES
from pairsmith.text.damage.kinds import DAMAGES
from support.examples import examples
from support.slow import slow

HOLDS = {
    "email": ["Write to jo.doe+x@mail.example.org.", "a@b.co", "<x_@b-c.example>"],
    "phone": ["+44 20 7946 0958", "call (555) 234-5678!", "1-555-234-5678", "+4930901820"],
    "ipv4": ["at 192.0.2.17.", "255.255.255.255", "(10.0.0.1:80)"],
    "url": ["see https://example.org/a", "HTTP://example.org", "www.example.org"],
    "iban": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000."],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004,", "340000000000009"],
    "us_ssn": ["123-45-6789", "SSN: 001-01-0001."],
}
LACKS = {
    "email": ["jo at example.org", "@name", "a@b", "jo@localhost said"],
    "phone": ["555-2345", "2026-11-24", "1234567890", "+12 apples", "123-45-6789"],
    "ipv4": ["256.1.1.1", "1.2.3", "1.2.3.4.5", "v1.2.3.4x"],
    "url": ["http:// nothing", "www", "awww.example"],
    "iban": ["GB83 WEST 1234 5698 7654 32", "AB12 CDEF"],
    "card": ["4111 1111 1111 1112", "1234567890123456789012", "0000 0000 0000 0000"],
    "us_ssn": ["000-12-3456", "666-12-3456", "912-12-3456", "123-00-4567", "1123-45-6789"],
}
CASES = [(kind, said, True) for kind in HOLDS for said in HOLDS[kind]]
CASES += [(kind, said, False) for kind in LACKS for said in LACKS[kind]]


@pytest.mark.parametrize(("kind", "said", "held"), CASES)
def test_what_tells_of_persons(kind, said, held):
    assert PERSONAL[kind].find(pa.array([said, "", f"é {said}"])).tolist() == [held, False, held]


@pytest.mark.parametrize("kind", PERSONAL)
@examples(25)
@given(data=st.data())
def test_the_first_look_misses_nothing(kind, data):
    pattern = PERSONAL[kind]
    said = data.draw(st.from_regex(pattern.exact))
    decides = any(not pattern.check or pattern.check(m[0]) for m in pattern.exact.finditer(said))
    assert pattern.find(pa.array([said])).tolist() == [decides]


def test_check_digits():
    assert passes_luhn("79927398713")
    assert not any(passes_luhn(f"7992739871{digit}") for digit in "012456789")
    assert passes_mod_97("GB82WEST12345698765432")
    assert not passes_mod_97("GB82WEST12345698765423")


@pytest.mark.parametrize("said", ["a" * 200_000 + "@", "1." * 100_000, "4 " * 100_000 + "x"])
def test_long_runs_take_no_time(said):
    for pattern in PERSONAL.values():
        assert not any(pattern.check is None or pattern.check(m[0])
               for m in pattern.exact.finditer(said))  # fmt: skip


def test_control_strings_are_those_of_the_templates():
    known = control_strings()
    for name in ("llama2", "llama3", "chatml", "gemma", "mistral", "deepseek-v3", "phi3"):
        for string in FAMILIES[name].control:
            assert name in known[string]
    assert "USER:" not in known


def test_equally_frequent_control_strings_have_one_order():
    counts = TextCounts()
    counts.strings.update({"[INST]": 1, "<s>": 1, "</s>": 2})
    assert list(counts.to_dict()["control_strings"]["rows"].items()) == [
        ("</s>", 2), ("<s>", 1), ("[INST]", 1),
    ]  # fmt: skip


def test_scripts():
    letters = Letters()
    letters.add(
        pa.array(["aé1!", "д", "日本", "かカー", "한", "שלום", "مرحبا", "ไทย", "नम", "ა", "😀", ""])
    )
    counts = {"Latin": 2, "Cyrillic": 1, "Han": 2, "Kana": 3, "Hangul": 1, "Hebrew": 4,
              "Arabic": 5, "Thai": 3, "Devanagari": 2, "other": 1}  # fmt: skip
    whole = sum(counts.values())
    assert letters.shares() == {script: count / whole for script, count in counts.items()}


@given(texts=st.lists(st.text(max_size=20), max_size=8))
def test_letters_are_those_of_python(texts):
    letters = Letters()
    letters.add(pa.array(texts, pa.string()))
    expected = [c for said in texts for c in said if script_of(ord(c)) is not None]
    held = letters.ascii + sum(n for code, n in letters.beyond.items() if script_of(code))
    assert held == len(expected)


def test_openings():
    texts = pa.array(["  One  Two\nthree four five six", "One", "", " ", "日本語" * 30])
    assert open_texts(texts, 3).to_pylist() == ["one two three", "one", None, None, ("日本語" * 20)]


def test_an_opening_is_weighed():
    assert weigh("so", 10, 10, 100).log_odds == 0
    one, other = weigh("so", 30, 5, 100), weigh("so", 5, 30, 100)
    assert one.z == -other.z > 2
    assert weigh("so", 100, 0, 100).z > 5  # finite, by the prior


PLANTED = [
    ("Mail me at jo@example.org", "Human: I will.", "I cannot."),
    ("Hello?", "Use <|im_start|> here.", "Use <|im_start|> and [gMASK]."),
    ("What is it?", "ok", "A thing.\n\nHuman"),
    ("And now?", "Call +44 20 7946 0958.", "My card is 4111 1111 1111 1111."),
]


def test_every_kind_is_counted_where_it_stands(build_rows, ask):
    answer = ask(text, build_rows({"train": PLANTED}))
    kinds = answer.numbers["kinds"]
    assert kinds["email"] == {"rows": 1, "prompt": 1, "chosen": 0, "rejected": 0}
    assert kinds["role_marker"] == {"rows": 1, "prompt": 0, "chosen": 1, "rejected": 0}
    assert kinds["control_string"] == {"rows": 1, "prompt": 0, "chosen": 1, "rejected": 1}
    assert kinds["near_empty"] == {"rows": 1, "chosen": 1, "rejected": 0}
    assert kinds["cut_off"] == {"rows": 1, "chosen": 0, "rejected": 1}
    assert (kinds["phone"]["chosen"], kinds["card"]["rejected"]) == (1, 1)
    assert answer.numbers["control_strings"]["rows"] == {"<|im_start|>": 1, "[gMASK]": 1}
    assert answer.numbers["refusals"]["counts"]["any"]["rejected"] == 1
    rows = {(f["kind"], f["rows"][0]) for f in answer.findings.to_pylist()}
    assert ("email", "pairs/train/1") in rows
    assert ("card", "pairs/train/4") in rows


def test_nothing_is_quoted(build_rows, ask):
    answer = ask(text, build_rows({"train": PLANTED}))
    told = json.dumps([answer.sentence, answer.cure, answer.numbers, answer.findings.to_pylist()])
    for said in ("jo@example", "7946", "4111", "Mail me", "A thing"):
        assert said not in told


DAMAGED = [
    ("Is it tea?", "It‚Äôs tea, it‚Äôs green.", "Itâ€™s tea"),
    ("Milk &amp; tea?", "Yes<br/>both", '<a href="https://tea.example">Tea</a>'),
    ("And sugar?", r"Yes.\n\nTwo spoons", "A\u202e no"),
    ("Or honey\ufffd?", "Hon\u200bey", "No honey"),
    ("Plain tea?", "Plain tea.", "No tea."),
]


def test_damage_is_told_by_rows_with_what_it_would_be(build_rows, ask):
    answer = ask(text, build_rows({"train": DAMAGED}))
    kinds = answer.numbers["kinds"]
    assert kinds["encoding"] == {"rows": 1, "prompt": 0, "chosen": 1, "rejected": 1}
    assert kinds["html_entity"] == {"rows": 1, "prompt": 1, "chosen": 0, "rejected": 0}
    assert kinds["html_tag"] == {"rows": 1, "prompt": 0, "chosen": 1, "rejected": 1}
    assert kinds["escaped_line_end"]["chosen"] == kinds["bidirectional"]["rejected"] == 1
    assert kinds["replacement"]["prompt"] == kinds["zero_width"]["chosen"] == 1
    said = {(f["kind"], f["rows"][0]): f["sentence"] for f in answer.findings.to_pylist()}
    assert said["encoding", "pairs/train/1"] == (
        "Text that was read in the wrong encoding stands in the chosen reply and the rejected "
        "reply: ‚Äô would be ’ (UTF-8 read as Mac Roman), and 1 more."
    )
    assert "&amp; would be & (an HTML entity)" in said["html_entity", "pairs/train/2"]
    assert "U+202E" in said["bidirectional", "pairs/train/3"]
    assert not any(rows == "pairs/train/5" for _, rows in said)
    assert "Damaged text, by rows: encoding 1," in answer.sentence
    for word in (
        "UTF-8",
        "HTML",
        "links",
        "line ends",
        "Replacement",
        "nobody sees",
        "--mend encoding,",
    ):
        assert word in answer.cure
    assert {"damaged": "<br> would be a line end (an HTML tag)", "rows": 1} in (
        answer.numbers["damaged"]["html_tag"]
    )
    told = json.dumps([answer.numbers, answer.findings.to_pylist()], ensure_ascii=False)
    for unsaid in ("tea.example", "spoons", "\u202e", "\u200b", "green"):
        assert unsaid not in told


def test_rows_that_were_cut_at_one_length_are_named(build_rows, ask):
    long = [" ".join(f"tea{n * k}" for k in range(1, 60)) for n in range(1, 61)]
    rows = [(f"Tea {n}?", reply[: 200 + n], reply[:200]) for n, reply in enumerate(long)]
    answer = ask(text, build_rows({"train": rows}))
    counted = sum(reply[199] != " " for reply in long)
    assert answer.numbers["kinds"]["cut_length"] == {
        "rows": counted, "chosen": 0, "rejected": counted
    }  # fmt: skip
    assert answer.numbers["cut_lengths"] == [
        {"side": "rejected", "unit": "characters", "length": 200}
    ]
    assert "cut at 200 characters" in answer.cure
    found = [f for f in answer.findings.to_pylist() if f["kind"] == "cut_length"]
    assert len(found) == counted
    assert "in the rejected reply." in found[0]["sentence"]


def test_nothing_is_damaged_where_nothing_is(build_rows, ask):
    answer = ask(text, build_rows({"train": PLANTED}))
    assert answer.numbers["damaged"] == {}
    assert "Damaged" not in answer.sentence


@slow
def test_damage_of_real_files(real_text, demo, tmp_path, ask):
    kinds = ask(text, real_text).numbers["kinds"]
    pairsmith.build(demo, tmp_path / "demo")
    others = ask(text, tmp_path / "demo").numbers["kinds"]
    damage = ("encoding", "html_entity", "html_tag", "escaped_line_end", "replacement",
              "zero_width", "bidirectional", "cut_length")  # fmt: skip
    assert set(damage) == {*DAMAGES, "cut_length"}
    assert [kinds[kind]["rows"] for kind in damage] == [0, 0, 2, 0, 0, 0, 0, 0]
    assert [others[kind]["rows"] for kind in damage] == [1, 2, 2, 7, 0, 1, 0, 0]


def test_openings_are_shown_where_they_are_boilerplate(build_rows, ask):
    rows = [(f"Hi {n}?", f"Well of course: {n}", f"No idea about {n}") for n in range(LEAST)]
    rows += [(f"Ho {n}?", f"Never said {n}", f"Well of course, {n}") for n in range(LEAST - 1)]
    found = ask(text, build_rows({"train": rows})).numbers["openings"]["by_words"]["3"]
    # the punctuation is a word's own, so that these are two openings, one of them too rare
    assert {(o["opening"], o["chosen"], o["rejected"]) for o in found["commonest"]} == {
        ("well of course:", LEAST, 0), ("no idea about", 0, LEAST),
    }  # fmt: skip
    assert found["lopsided"][0]["z"] != 0


@slow
def test_the_same_whatever_the_form(sample_text, sample_messages, ask):
    one, other = (ask(text, out).numbers for out in (sample_text, sample_messages))
    assert other["kinds"]["control_string"]["rows"] == 2  # Llama 2 refuses these
    assert one["kinds"]["control_string"]["rows"] == 0
    assert one["kinds"]["role_marker"] == other["kinds"]["role_marker"]


def test_one_row_and_rows_that_are_alike(build_rows, ask):
    answer = ask(text, build_rows({"train": [("שלום?", "はい", "")]}))
    assert answer.numbers["rows"] == 1
    assert answer.numbers["scripts"]["chosen"] == {"Kana": 1.0}
    assert answer.numbers["scripts"]["rejected"] == {}
    alike = ask(text, build_rows({"train": [("Hi?", "Yes, yes.", "Yes, yes.")] * 30}))
    opening = alike.numbers["openings"]["by_words"]["5"]["commonest"][0]
    assert (opening["chosen"], opening["rejected"], opening["z"]) == (30, 30, 0)


def test_no_answer_without_rows(build_rows, ask):
    with pytest.raises(UnansweredError, match="No row was kept"):
        ask(text, build_rows({"train": [("Hello?", "", "A reply.")]}, policies={}))


@slow
def test_the_real_file(real_text, real_rows, ask):
    answer = ask(text, real_text)
    kinds = answer.numbers["kinds"]
    assert (kinds["role_marker"]["rows"], kinds["cut_off"]["rows"]) == (44, 1)
    assert kinds["near_empty"]["rows"] == 12
    kept = ask(lambda study: [b.ids for b in study.data.batches()], real_text)
    holding = {
        f"harmless-base/test/{n}"
        for n, row in enumerate(real_rows, 1)
        if any(PERSONAL["url"].exact.search(side) for side in row.values())
    }
    found = {f["rows"][0] for f in answer.findings.to_pylist() if f["kind"] == "url"}
    assert found == holding & set(pa.chunked_array(kept).to_pylist())
