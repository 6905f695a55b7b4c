"""Pictures of answers: the same every time, in the page's colours, with what they show in words."""

import re
from xml.etree import ElementTree

import pytest

from pairsmith.auditing.answer import Answer
from pairsmith.auditing.questions import QUESTIONS
from pairsmith.auditing.report import plots
from pairsmith.reporting.svg import COLOURS

LENGTH = {
    "histogram": {"edges": [-2.0, -1.0, 0.0, 1.0, 2.0], "counts": {"a": [1, 2, 3, 4], "b": [5] * 4}}
}
LABELS = {
    "calibration": {
        "edges": [0, 0.5, 1], "predicted": [0.25, None], "observed": [0.2, None], "counts": [4, 0],
        "error": 0.05,
    },
    "histogram": {"edges": [-1.0, 0.0, 1.0], "counts": [1, 2, 3, 4]},
}  # fmt: skip


def answer(question, numbers, unanswered=""):
    return Answer(question, "Title", "Sentence.", numbers, unanswered=unanswered)


def plot(answer):
    return plots.plot(answer, getattr(QUESTIONS.get(answer.question), "plot", None))


@pytest.mark.parametrize(
    ("question", "numbers", "told"),
    [
        ("length", LENGTH, "shorter reply in 13 rows and the longer in 17"),
        ("labels", LABELS, "0.25 is 0.2. Margins: 3 rows below 0, 7 not below."),
        ("duplicates", {"kept": {"groups": 3, "cycles": 0}}, "Bars: groups 3; cycles 0."),
        ("leaks", {"train_rows": {"same_prompt": 7}}, "Bars: same prompt 7."),
        (
            "direction",
            {
                "kept_and_refused": {
                    "a": {"any_depth_from_chosen": 1, "any_depth_from_rejected": 20}
                }
            },
            "Bars: a from chosen 1, from rejected 20.",
        ),
        (
            "text",
            {"kinds": {"url": {"rows": 3, "chosen": 1, "rejected": 2}}},
            "Bars: url chosen 1, rejected 2.",
        ),
        (
            "languages",
            {
                "languages": {
                    "en": {"asked": {"hits": 3}, "chosen": {"hits": 2}, "rejected": {"hits": 1}}
                }
            },
            "Bars: en asked 3, chosen 2, rejected 1.",
        ),
        (
            "turns",
            {
                "by_turns_before_the_reply": {
                    name: {"longer": {"estimate": 1.0, "low": -2.0, "high": 4.0}}
                    for name in ("1 or 2", "3 or 4")
                }
            },
            "3 or 4 +1.0 (−2.0 to +4.0).",
        ),
        (
            "words",
            {
                "words_of_chosen": [
                    {"word": "moss", "points": {"estimate": 5.0, "low": 2.5, "high": 7.5}}
                ],
                "words_of_rejected": [],
            },
            "moss +5.0 (+2.5 to +7.5).",
        ),
        ("near", {"rows": 9, "near_flipped": 2, "near_leak": None}, "Bars: near flipped 2."),
        (
            "tokens",
            {"all": {"by_limit": {"512": {"dropped": 3}, "1024": {"dropped": 0}}}},
            "Bars: dropped at 512 3, at 1024 0.",
        ),
        ("other", {"by_kind": {"a": 5, "b": 0.5}}, "Bars: a 5."),
        (
            "bars",
            {"near_duplicates": 1_200, "rows": 2, "x": "y", "z": True},
            "near duplicates 1,200",
        ),
    ],
)
def test_a_picture(question, numbers, told):
    first, second = (plot(answer(question, numbers)) for _ in range(2))
    assert first == second
    assert told in first.alternative
    root = ElementTree.fromstring(first.svg)
    assert root.tag == "svg"
    assert set(root.attrib) == {"viewBox", "aria-hidden", "focusable"}
    assert {e.tag for e in root.iter()} <= {"svg", "g", "path", "defs", "use", "clipPath", "rect"}
    for element in root.iter():
        assert element.attrib.get("id", f"{question}-").startswith(f"{question}-")
    assert not any(placeholder in first.svg for placeholder in COLOURS)
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", first.svg))
    assert colours <= {"none", *COLOURS.values()}
    assert "var(--series-1)" in colours


def test_what_there_is_nothing_to_draw_of():
    assert plot(answer("bars", {"a": 0, "b": "c"})) is None
    assert plot(answer("bars", {})) is None
    assert plot(answer("length", {}, unanswered="There are no rows.")) is None
    assert plot(answer("length", {"histogram": {"edges": [0, 1], "counts": {"a": [0]}}})) is None


def test_names_of_bars_that_the_font_has_not():
    made = plot(answer("bars", {"日本\n$x$": 1, "x" * 500: 2, "\u202e": 3}))
    assert ElementTree.fromstring(made.svg) is not None


def test_the_users_own_style_makes_no_difference():
    import matplotlib as mpl

    before = plot(answer("bars", {"a": 1}))
    with mpl.rc_context({"svg.fonttype": "none", "text.usetex": True, "figure.facecolor": "red"}):
        assert plot(answer("bars", {"a": 1})) == before
        assert mpl.rcParams["svg.fonttype"] == "none"
