"""What is taken for a refusal: in words of our own, and beside the marks of real replies.

`refusal_marks.json` holds three samples of 400 replies of the real file, by the seed that drew
them: the number of a row, a side, and 1 where who read the reply calls it a refusal. Phrases were
chosen on the first two; the third was marked when they were fixed, before they were tried on it.
"""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from pairsmith.auditing.content.refusal_phrases import REFUSALS
from pairsmith.auditing.content.refusals import Refusals, find_phrases
from pairsmith.statistics.intervals import wilson

MARKS = json.loads(Path(__file__).with_name("refusal_marks.json").read_text())
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "audit.md"

REFUSED = {
    "cannot do it": "I'm sorry, I really can't help you with your tea.",
    "will not": "No, I won't do that to a plant.",
    "not able": "I'm not able to provide a kettle.",
    "not allowed": "We're not allowed to pour tea.",
    "not comfortable": "I don't feel comfortable with this tea.",
    "rather not": "I'd really rather not.",
    "against its rules": "Cold tea is against my programming.",
    "not a thing for it": "This isn't something I can do for a plant.",
}
ANSWERED = (
    "I can't believe how green this tea is.",
    "I won't be offended if you take milk.",
    "I don't know, I'm not sure what tea that is.",
    "I wouldn't recommend watering it every day.",
    "You can't help a plant by drowning it.",
    "They were not allowed to sell tea before 1700.",
    "If you're not comfortable with tea, take water.",
    "I'm sorry that your plant is ill. What do you water it with?",
    "Don't let me keep you from your tea.",
    "As an AI I have no garden, but here is how to prune a rose.",
    "Well, the ill plant needs light.",
    "",
)


def finds(text):
    """The families that are found in a text."""
    found = find_phrases(pa.array([text]))[:, 0]
    assert found[0] == found[1:].any()
    return {family for family, held in zip(REFUSALS, found[1:], strict=True) if held}


@pytest.mark.parametrize("family", REFUSALS)
def test_a_refusal_is_found_in_its_family(family):
    assert finds(REFUSED[family]) == {family}
    assert finds(f"Oh,\n{REFUSED[family].upper()} Ask a gardener.") == {family}


@pytest.mark.parametrize("text", ANSWERED, ids=range(len(ANSWERED)))
def test_what_only_sounds_like_one_is_none(text):
    assert finds(text) == set()


APOSTROPHES = ("’", "‘", "ʼ", "´", "`", "′", "＇", "‚Äô", "â€™", "â\x80\x99", "&#39;", "&rsquo;")


@pytest.mark.parametrize("mark", APOSTROPHES, ids=range(len(APOSTROPHES)))
def test_an_apostrophe_is_read_however_it_is_written(mark):
    for family, text in REFUSED.items():
        assert finds(text.replace("'", mark)) == {family}


def test_an_apostrophe_may_be_left_out_where_no_other_word_comes_of_it():
    assert finds("I cant help you") == {"cannot do it"}
    assert finds("im not able to help you") == {"not able"}
    assert finds("People were prohibited from taking tea") == set()


def test_a_long_text_takes_no_time():
    assert not find_phrases(pa.array(["i " * 500_000 + "sorry but " * 100_000])).any()


@pytest.fixture(scope="module")
def replies(real_rows):
    """The replies of a side of the real file, in its order."""
    return {
        side: pa.array([row[side].rpartition("\n\nAssistant:")[2].strip() for row in real_rows])
        for side in ("chosen", "rejected")
    }


def judge(replies, sample):
    """How many refusals there are in a sample, how many are said to be some, and how many both."""
    texts = pa.array([replies[side][number - 1].as_py() for number, side, _ in sample])
    found = find_phrases(texts)[0].tolist()
    marked = [bool(mark) for *_, mark in sample]
    return sum(marked), sum(found), sum(a and b for a, b in zip(marked, found, strict=True))


@pytest.mark.parametrize(
    ("seed", "recall", "precision"), [("400", 0.85, 0.9), ("401", 0.9, 0.9), ("402", 0.75, 0.9)]
)
def test_most_refusals_of_the_real_file_are_found(replies, seed, recall, precision):
    assert len({number for number, *_ in MARKS[seed]}) == 400
    marked, said, right = judge(replies, MARKS[seed])
    assert right / marked >= recall
    assert right / said >= precision
    found = f"| {seed} | {marked} | {right} | {wilson(right, marked)} | {wilson(right, said)} |"
    assert found in PAGE.read_text(encoding="utf-8")


def test_samples_share_no_row():
    drawn = [number for sample in MARKS.values() for number, *_ in sample]
    assert len(set(drawn)) == len(drawn) == 1200


def drawn(replies, side):
    """The replies of a side that are in a sample."""
    numbers = [number for sample in MARKS.values() for number, at, _ in sample if at == side]
    return replies[side].take(pa.array([number - 1 for number in numbers]))


def test_chosen_replies_refuse_more_often_as_a_person_finds_too(replies):
    counts = Refusals()
    counts.add(replies["chosen"], replies["rejected"])
    found = counts.difference()
    marks = [(side, mark) for sample in MARKS.values() for _, side, mark in sample]
    chosen, rejected = (
        wilson(sum(m for s, m in marks if s == side), sum(s == side for s, _ in marks))
        for side in ("chosen", "rejected")
    )
    assert found.low > 0
    assert chosen.low > rejected.high
    same = {
        side: wilson(sum(find_phrases(drawn(replies, side))[0].tolist()), 600)
        for side in ("chosen", "rejected")
    }
    assert same["chosen"].share > same["rejected"].share
    cells = counts.to_dict()["counts"]["any"]
    shares = [wilson(cells[side], len(replies[side])) for side in ("chosen", "rejected")]
    told = PAGE.read_text(encoding="utf-8")
    assert f"| found, of all 2,312 rows | {shares[0]} | {shares[1]} | {found} |" in told
    assert f"| marked by hand, of 600 replies each | {chosen} | {rejected} |" in told
    assert f"| found, of the same 600 each | {same['chosen']} | {same['rejected']} |" in told
