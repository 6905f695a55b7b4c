"""docs/how-to/my-data.md: what the page says of data sets holds for rows with their fields."""

import re
import shlex
from pathlib import Path

import pytest

from pairsmith.sources.columns import parse_columns
from pairsmith.sources.describe import describe
from pairsmith.sources.detected import Asked
from pairsmith.sources.outcomes import Comparison, Refused
from pairsmith.sources.row_reading import read_row
from support.annotated_shapes import ANNOTATED
from support.public_shapes import ASKED, BAD, FAIR, GOOD, PUBLIC

PAGE = (Path(__file__).parents[2] / "docs/how-to/my-data.md").read_text(encoding="utf-8")
KNOWN = re.findall(r"^\| ([\w./ -]+?) \| .* \| `([\w-]+)`[^|]*\|$", PAGE, re.M)
COMMANDS = re.findall(r"^\| (.*?) \|.*? `pairsmith build DATA OUT (--[^`]*)` \|$", PAGE, re.M)
ALL = {**PUBLIC, **ANNOTATED}
TEXTS = {"chosen": GOOD, "rejected": BAD, "prompt": ASKED}
OTHERS = [
    {"headline": ASKED, "winning_text": GOOD, "losing_text": BAD},
    {"title": ASKED, "body": "It wilts.", "good": GOOD, "bad": BAD},
    {"data": {"q": ASKED, "first": BAD, "second": GOOD}, "pick": 2},
    {"q": ASKED, "drafts": [{"body": BAD, "stars": 1}, {"body": GOOD, "stars": 5}]},
    {"q": ASKED, "draft": GOOD, "thumb": 1},
    {**TEXTS, "context": "It was watered."},
    {**TEXTS, "context": "It was watered."},
]


def asked(options):
    words = dict(zip(*[iter(shlex.split(options))] * 2, strict=True))
    return Asked(
        columns=parse_columns(words.pop("--columns", None)),
        preference=words.pop("--preference", None),
        pairs=words.pop("--pairs", None),
        min_margin=float(words.pop("--min-margin", 0)),
    )


def test_the_page_names_every_data_set():
    named = {name for name, _ in KNOWN} | {name for name, _ in COMMANDS}
    assert named >= set(ALL)


@pytest.mark.parametrize(("name", "shape"), KNOWN)
def test_a_data_set_is_read_as_the_page_says(name, shape):
    assert describe(ALL[name].rows, Asked(), name).name == shape


def test_what_must_be_said():
    options = dict(COMMANDS)["PKU-SafeRLHF"]
    assert describe(PUBLIC["PKU-SafeRLHF"].rows, asked(options), "x").preference == "better"
    rows = PUBLIC["HelpSteer2 ratings"].rows
    options = dict(COMMANDS)["HelpSteer2's rows compared by correctness"]
    assert describe(rows, asked(options), "x").columns["score"] == "correctness"
    rows = PUBLIC["UltraFeedback"].rows
    options = dict(COMMANDS)["UltraFeedback's other score"]
    held = describe(rows, asked(options), "x")
    (outcome,) = read_row(rows[0], held.shape()).outcomes
    assert isinstance(outcome, Comparison)
    assert outcome.chosen[-1]["content"] == BAD


CASES = list(zip(OTHERS, [options for _, options in COMMANDS][-7:], strict=True))


@pytest.mark.parametrize(("row", "options"), CASES)
def test_fields_of_other_names(row, options):
    held = describe([row], asked(options), "x").shape()
    (outcome,) = read_row({"rows": [row]} if held.is_grouped else row, held).outcomes
    if held.is_grouped:
        assert isinstance(outcome, Refused)
        assert outcome.reason == "unpaired"
        return
    assert isinstance(outcome, Comparison), outcome
    assert outcome.chosen[0]["content"].startswith(ASKED)
    assert outcome.chosen[-1]["content"] == GOOD
    assert outcome.rejected[-1]["content"] == BAD
    assert FAIR not in str(outcome)
