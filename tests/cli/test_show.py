"""pairsmith show --annotation and --id: the rows that are named, and what is said of them."""

import json
import shutil

import pytest

import pairsmith
from support.annotated import FIRST, ME

REFUSED, ATTEMPT = "harmless-base/train/6", "red-team-attempts/train/2"
SAID = [
    {"id": REFUSED, "label": "odd", "score": 0.123456789, "detail": "It steers: \x1b[2J.", "n": 1},
    {"id": FIRST, "label": None, "score": None, "detail": None, "n": 2},
    {"id": ATTEMPT, "label": "odd", "score": -2.0, "detail": None, "n": 3},
    {"id": REFUSED, "label": "good", "score": None, "detail": "Or not.", "n": 4},
]


@pytest.fixture(scope="module")
def out(sample_text, tmp_path_factory):
    """The sample with an annotation; not to be changed."""
    out = shutil.copytree(sample_text, tmp_path_factory.mktemp("said") / "out")
    pairsmith.annotate(out, "mine", SAID, ME)
    return out


def headings(printed):
    return [line.split()[0] for line in printed.splitlines() if line.endswith("───")]


def test_rows_that_are_spoken_of_come_in_the_annotations_order(run, out):
    code, printed, errors = run("show", out, "--annotation", "mine")
    assert (code, errors) == (0, "")
    assert headings(printed) == [REFUSED, FIRST, ATTEMPT]
    said = [line.rstrip() for line in printed.splitlines() if line.startswith("said")]
    assert said[0].startswith("said   odd  0.123457  It steers: ")
    assert "\x1b" not in printed
    assert said[1:] == ["said   good  Or not.", "said", "said   odd  -2"]
    assert "why    the sides differ from turn 1 on" in printed


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--annotation", "mine:odd"], [REFUSED, ATTEMPT]),
        (["--annotation", "mine:good"], [REFUSED]),
        (["--annotation", "mine", "-n", 1], [REFUSED]),
        (["--annotation", "mine", "--subset", "red-team-attempts"], [ATTEMPT]),
        (["--annotation", "mine:odd", "--id", FIRST, "--id", ATTEMPT], [FIRST, ATTEMPT]),
        (
            ["--id", ATTEMPT, "--id", FIRST, "--id", REFUSED, "--id", FIRST],
            [ATTEMPT, FIRST, REFUSED],
        ),
    ],
)
def test_rows_are_picked_as_asked(run, out, options, ids):
    code, printed, errors = run("show", out, "--json", *options)
    assert (code, errors) == (0, "")
    rows = [json.loads(line) for line in printed.splitlines()]
    assert [row["id"] for row in rows] == ids
    asked = "--annotation" in options
    assert all(("said" in row) == asked for row in rows)
    if asked:
        label = options[1].partition(":")[2]
        for row in rows:
            mine = [s for s in SAID if s["id"] == row["id"] and label in ("", s["label"])]
            assert row["said"] == [{k: v for k, v in s.items() if k != "id"} for s in mine]


def test_a_row_of_each_sort_is_shown_by_its_id(run, out):
    code, printed, _ = run("show", out, "--id", FIRST, "--id", REFUSED, "--id", ATTEMPT)
    assert code == 0
    assert headings(printed) == [FIRST, REFUSED, ATTEMPT]
    assert "said" not in printed
    assert "where  harmless-base/train.jsonl, line 6" in printed
    assert '"rating": ' in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--annotation", "yours"], "There are: mine."),
        (["--annotation", "mine:worse"], "has no label 'worse'"),
        (["--annotation", "mine:"], "names no annotation"),
        (["--annotation", ":odd"], "names no annotation"),
        (["--annotation", "../mine"], "cannot name an annotation"),
        (["--annotation", "mine", "--subset", "x"], "It has harmless-base"),
        (["--annotation", "mine", "--note", "identical"], "Leave --note and --reason"),
        (["--id", FIRST, "--reason", "any"], "Leave --note and --reason"),
        (["--id", "harmless-base/train/999"], "has no row 'harmless-base/train/999'"),
        (["--id", "x"], "has no row 'x'"),
        (["--id", FIRST, "--annotation", "mine", "--split", "train"], "Leave --split out"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(run, out, options, said):
    code, printed, errors = run("show", out, *options)
    assert (code, printed) == (2, "")
    assert said in errors


def test_nothing_said_of_a_subset(run, out):
    code, _, errors = run("show", out, "--annotation", "mine", "--subset", "helpful-online")
    assert code == 0
    assert "has no such rows" in errors
