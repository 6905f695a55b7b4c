"""pairsmith show --conversation: what goes on from a row, and what it goes on from."""

import json

import pytest

import pairsmith
from pairsmith import extras
from support.defects import row, write_source
from support.slow import slow

GARDEN = "Is my mint dry?"
BEGUN = f"{GARDEN}\n\nAssistant: It is.\n\nHuman: What now?"
REJECTED = f"{GARDEN}\n\nAssistant: No.\n\nHuman: Sure?"
LATER = f"{BEGUN}\n\nAssistant: Water it.\n\nHuman: How much?"
ROWS = [
    row("Is my sage wet?", "It is.", "No."),
    row(LATER, "A cup.", "A lake."),
    row(GARDEN, "It is.", "No."),
    row(BEGUN, "Water it.", "Leave it."),
    row(BEGUN, "Rain will do.", "Who knows?"),
    row(REJECTED, "I looked.", "Hm."),
    row(GARDEN, "Not yet.", "Maybe."),
    {"chosen": "", "rejected": ""},
    row(LATER, "A sip.", "A sip."),
]


@pytest.fixture(scope="module", params=["messages", pytest.param("text", marks=slow)])
def out(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("talk")
    write_source(folder / "in", one_train=ROWS)
    template = "llama2" if request.param == "text" else None
    pairsmith.build(folder / "in", folder / "out", template=template)
    return folder / "out"


def related(run, out, number, *options):
    code, printed, errors = run(
        "show", out, "--json", "--conversation", f"one/train/{number}", "-n", 20, *options
    )
    assert code == 0, errors
    rows = [json.loads(line) for line in printed.splitlines()]
    return [(int(held["id"].rpartition("/")[2]), held["said"][0]["label"]) for held in rows]


def test_the_rows_of_a_conversation_as_it_runs(run, out):
    assert related(run, out, 3) == [
        (3, "this"),
        (7, "same_prompt"),
        (4, "goes_on"),
        (5, "goes_on"),
        (6, "goes_on_from_rejected"),
        (2, "goes_on"),
        (9, "goes_on"),
    ]


def test_what_a_row_goes_on_from(run, out):
    assert related(run, out, 2) == [
        (3, "before"),
        (7, "linked"),
        (4, "before"),
        (5, "same_beginning"),
        (6, "linked"),
        (2, "this"),
        (9, "same_prompt"),
    ]
    assert related(run, out, 6)[0] == (3, "rejected_before")


def test_a_row_of_its_own(run, out):
    assert related(run, out, 1) == [(1, "this")]


def test_it_is_cut_and_sieved(run, out):
    assert related(run, out, 3, "--search", "lake") == [(2, "goes_on")]
    assert related(run, out, 3, "--from", 6) == [(2, "goes_on"), (9, "goes_on")]
    code, printed, _ = run("show", out, "--conversation", "one/train/6", "-n", 1)
    assert code == 0
    assert (
        "said   rejected_before  its rejected transcript is the beginning of one/train/6" in printed
    )


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("one/train/88", "The nearest is one/train/9."),
        ("one/train/8", "is no pair with turns on both sides"),
        ("x", "An id is subset/split/number."),
    ],
    ids=["nearest", "empty", "none"],
)
def test_what_is_of_no_conversation_is_a_sentence(run, out, id, said):
    code, printed, errors = run("show", out, "--conversation", id)
    assert (code, printed) == (2, "")
    assert said in errors


def test_without_the_libraries_the_extra_is_named(run, out, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    code, _, errors = run("show", out, "--conversation", "one/train/3")
    assert code == 2
    assert "'.[audit]'" in errors


def test_dialogues_are_no_pairs(run, sample_messages):
    code, _, errors = run("show", sample_messages, "--conversation", "red-team-attempts/train/2")
    assert code == 2
    assert "is no pair" in errors
