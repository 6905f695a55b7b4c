"""The report's HTML: whole, closed to the outside, and not broken by what it is given."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pyarrow as pa
import pytest

import pairsmith
from pairsmith.auditing.answer import FINDINGS, Answer, Finding, as_table
from pairsmith.auditing.report import examples, ledger_chart
from pairsmith.auditing.report.examples import MAX_CHARS
from pairsmith.dataset.manifest import LedgerEntry
from pairsmith.dataset.reader import Dataset
from pairsmith.reporting.wording import number
from pairsmith.schema.reasons import Reason
from support.slow import slow
from support.standins import STANDINS

VOID = {"meta", "link", "br", "img", "rect", "path", "use"}


class Page(HTMLParser):
    """The elements of a page, checked to be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, *tags):
        return [attrs for tag, attrs in self.elements if tag in tags]


@pytest.fixture(scope="module")
def text(audited):
    return (audited / "audit" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_nothing_is_run_or_fetched(page, text):
    assert not page.all("script", "iframe", "object", "embed", "link", "img", "base", "form")
    policy = next(m for m in page.all("meta") if "http-equiv" in m)
    assert policy["content"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    for _, attrs in page.elements:
        assert not [name for name in attrs if name.startswith("on") or name == "src"]
        assert attrs.get("href", "#").startswith("#")
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_links_and_labels_lead_to_one_place(page):
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.elements:
        for name in ("href", "aria-labelledby"):
            if attrs.get(name):
                assert attrs[name].removeprefix("#") in ids


def test_headings_go_down_one_by_one(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_tables_and_pictures_have_names(page):
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "title")][:3] == [1, 1, 1]
    assert page.all("html") == [{"lang": "en"}]
    assert all("scope" in attrs for attrs in page.all("th"))
    assert all(attrs["aria-label"] for attrs in page.all("figure"))
    assert all("aria-label" in a or a.get("aria-hidden") == "true" for a in page.all("svg"))


def test_hostile_text_is_only_text(page, text):
    shown = "".join(page.words)
    assert "<script>alert(1)</script>" in shown
    assert "{{ 7 * 7 }}" in shown
    assert r"\u202etxet\u202c ␀␛[31m\u2028 &amp;" in shown
    assert not set(text) & set("\x00\x1b\u202e\u202c\u2028")


def test_what_an_answer_holds_is_there(page):
    shown = " ".join("".join(page.words).split())
    assert "Not answered. There is one subset, and this compares two." in shown
    assert "There is nothing to find." in shown
    assert "What to do. Leave one of each." in shown
    assert "longer 19 pairsmith show out --finding longest:longer" in shown
    words = [word.strip() for word in page.words if word.strip()]
    row = words.index("harmless-base/train")
    assert words[row : row + 3] == ["harmless-base/train", "12", "3.333"]


def test_texts_are_folded_away_and_warned_of(page, text):
    assert page.all("details")
    assert all("open" not in attrs for attrs in page.all("details"))
    assert "may be offensive or harmful" in text


def test_texts_are_cut_at_a_stated_length(tmp_path):
    source = tmp_path / "train.jsonl"
    long = "word " * 1_000
    source.write_text(f'{{"prompt": "{long}", "chosen": "{long}", "rejected": "no"}}\n' * 2)
    pairsmith.build(source, tmp_path / "out")
    pairsmith.audit(tmp_path / "out", questions=STANDINS)
    page = Page((tmp_path / "out/audit/report.html").read_text())
    shown = "".join(page.words)
    assert shown.count(f"… ({4_999 - MAX_CHARS:,} more characters)") == 8
    assert "word " * (MAX_CHARS // 5 + 1) not in shown


def test_a_build_of_one_row_and_none_refused(tmp_path):
    source = tmp_path / "train.jsonl"
    source.write_text('{"prompt": "a?", "chosen": "b", "rejected": "c"}\n')
    pairsmith.build(source, tmp_path / "out")
    pairsmith.audit(tmp_path / "out", questions=STANDINS)
    shown = "".join(Page((tmp_path / "out/audit/report.html").read_text()).words)
    assert "Every row read was kept." in shown
    assert "1 kept pair." in shown


def test_the_first_of_each_kind_are_listed_and_shown():
    found = [Finding("many", [f"a/train/{n}"], n / 7, "Many.") for n in range(1, 50)]
    found += [Finding("few", ["a/train/99"], None, "Few.")]
    answer = Answer("q", "Q", "Q.", findings=as_table(found))
    first = examples.pick_first(answer)
    assert first.kinds == {"many": 49, "few": 1}
    assert [f.rows[0] for f in first.findings] == [
        *(f"a/train/{n}" for n in range(1, 6)),
        "a/train/99",
    ]
    assert [f.kind for f in examples._pick_examples(first.findings)] == [
        "many",
        "few",
        "many",
        "many",
    ]


def test_ids_are_picked_from_kept_and_refused_rows(sample_messages, sample_text):
    wanted = ["harmless-base/train/2", "harmless-base/train/10", "helpful-base/test/1"]
    for out in (sample_messages, sample_text):
        batches = list(Dataset(out).pick(wanted))
        assert sorted(i for b in batches for i in b.ids.to_pylist()) == sorted(wanted)
        assert [b.kept for b in batches] == [True, True, False]
        assert all(len(b.chosen.counts) == len(b.ids) == len(b.rejected.counts) for b in batches)


def test_bars_are_in_proportion_and_none_is_too_thin():
    [held] = ledger_chart.bars([LedgerEntry("s", "train", 10_000, 9_999, {"malformed": 1}, {})])
    kept, refused = held.whole
    assert refused.width == ledger_chart.MIN_WIDTH
    assert kept.width + refused.width == ledger_chart.WIDTH
    assert held.refused == [ledger_chart.BarSegment("malformed", 1, 0.0, ledger_chart.WIDTH)]
    assert held.alternative == "Read 10,000, kept 9,999, quarantined 1: malformed 1."
    [half] = ledger_chart.bars(
        [LedgerEntry("s", "train", 4, 2, {"malformed": 1, "identical": 1}, {})]
    )
    assert [part.width for part in half.whole] == [500, 500]
    [none] = ledger_chart.bars([LedgerEntry("s", "train", 0, 0, {}, {})])
    assert none.whole == none.refused == []
    assert list(ledger_chart.reasons([half.entry, held.entry])) == [
        Reason.MALFORMED,
        Reason.IDENTICAL,
    ]


def test_no_finding_fits_the_schema():
    assert as_table([]).schema == FINDINGS
    assert Answer("q", "Q", "Q.").findings.num_rows == 0
    assert pa.types.is_list(FINDINGS.field("rows").type)


def test_words_for_what_is_shown():
    assert [number(v) for v in (None, True, 1234, -5, 0.123456, -12345.6)] == [
        "–", "yes", "1,234", "−5", "0.1235", "−12,346",
    ]  # fmt: skip


@slow
def test_the_real_file(real, tmp_path):
    pairsmith.build(real, tmp_path / "out", template="llama2")
    made = pairsmith.audit(tmp_path / "out", questions=STANDINS)
    assert (made.kept, made.quarantined, made.unread) == (2299, 13, 0)
    page = Page((tmp_path / "out/audit/report.html").read_text(encoding="utf-8"))
    shown = " ".join("".join(page.words).split())
    assert "read 2,312 = kept 2,299 + prompt_mismatch 5 + bad_roles 4 + empty_reply 4" in shown
    assert pairsmith.check(tmp_path / "out") == []
