"""What questions claim of rows: levels by the ends of intervals, the command, the harm."""

import re
import shlex

import pytest
from typer.main import get_command

from pairsmith.auditing.claims.levels import level_of, of_rows
from pairsmith.auditing.claims.preferences import claim_direction, claim_labels, claim_length
from pairsmith.auditing.claims.same_rows import claim_duplicates, claim_leaks, claim_near
from pairsmith.auditing.claims.texts import claim_texts
from pairsmith.auditing.claims.tokens import claim_tokens
from pairsmith.auditing.questions import QUESTIONS
from pairsmith.auditing.questions.content import KINDS
from pairsmith.auditing.questions.direction import RejectedShare
from pairsmith.auditing.questions.length import LengthBaseline
from pairsmith.auditing.verdict import Level
from pairsmith.cli.application import app
from pairsmith.statistics.intervals import Difference, wilson

ACT, LOOK, FINE = Level


def duplicates(extra=0, flipped=0, cyclic=0, across=0, rows=1_000):
    kept = {
        "extra_rows": extra, "flipped_rows": flipped, "groups_across_splits": across,
        "cycles": int(cyclic > 0), "rows_in_cycles": cyclic,
    }  # fmt: skip
    return claim_duplicates(kept, rows)


def leaks(leaked=0, rows=0, weak=0):
    counts = {"same_prompt": rows, "begins": 0, "same_opening": weak}
    numbers = {"test_conversations": 100, "test_conversations_in_train": leaked}
    return claim_leaks({**numbers, "train_rows": counts}, ("same_prompt", "begins"))


def near(duplicate=0, flipped=0, leak=0):
    numbers = {"different_pairs": 1_000, "rows": 1_000, "near_duplicate": duplicate}
    return claim_near({**numbers, "near_flipped": flipped, "near_leak": leak})


def direction(**subsets):
    shares = {name: RejectedShare(*share) for name, share in subsets.items()}
    return claim_direction(shares, dict.fromkeys(shares, 40), {**dict.fromkeys(shares, 9), "x": 9})


def length(hits, rows=1_000):
    return claim_length(LengthBaseline("longer", "", wilson(hits, rows)))


def texts(refusals=(0.0, -0.01, 0.01), mendable=(), **found):
    kinds = {kind: {"rows": found.get(kind, 0)} for kind in KINDS}
    numbers = {"kinds": kinds, "mendable": dict.fromkeys(mendable, 1)}
    return claim_texts(numbers, 1_000, Difference(*refusals))


def tokens(dropped=0, cut=0, identical=0):
    counts = {"dropped": dropped, "identical_once_cut": 0, "chosen": cut, "rejected": 0}
    held = {"rows": 1_000, "by_limit": {"1024": counts}, "identical": identical}
    return claim_tokens({**held, "lengths": {"whole": {"max": 1_500}}}, 1_024)


CASES = {
    "nothing repeated": (duplicates(), [FINE]),
    "few repeated": (duplicates(extra=12), [LOOK]),
    "many repeated": (duplicates(extra=30), [ACT]),
    "repeated across splits": (duplicates(extra=1, across=1), [ACT]),
    "few contradict": (duplicates(flipped=2), [LOOK]),
    "many contradict": (duplicates(flipped=10), [ACT]),
    "a circle": (duplicates(cyclic=3), [LOOK]),
    "no leak": (leaks(weak=5), [FINE]),
    "a leak": (leaks(leaked=1, rows=1), [ACT]),
    "nothing near": (near(), [FINE]),
    "few near": (near(duplicate=100, flipped=400, leak=12), [LOOK, LOOK, LOOK]),
    "many near": (near(duplicate=200, leak=30), [ACT, ACT]),
    "from rejected": (direction(moss=(0.9, 0.6, 1.0)), [LOOK]),
    "from either": (direction(moss=(0.6, 0.4, 0.8), tea=(0.1, 0.0, 0.2)), [FINE]),
    "length tells nothing": (length(560), [FINE]),
    "length tells some": (length(600), [LOOK]),
    "length tells all": (length(700), [ACT]),
    "length tells all of few": (length(7, 10), [FINE]),
    "labels doubted": (claim_labels(wilson(600, 1_000), 30, 1_000), [LOOK]),
    "labels not doubted": (claim_labels(wilson(600, 1_000), 12, 1_000), [FINE]),
    "labels given away": (claim_labels(wilson(900, 1_000), 0, 1_000), [LOOK]),
    "labels of chance": (claim_labels(wilson(500, 1_000), 300, 1_000), [LOOK]),
    "clean text": (texts(url=900), [FINE]),
    "some damage": (texts(encoding=50), [LOOK]),
    "much damage": (texts(encoding=80), [ACT]),
    "persons": (texts(email=900), [LOOK]),
    "one side refuses": (texts(refusals=(0.05, 0.02, 0.08)), [LOOK]),
    "the other refuses": (texts(refusals=(-0.05, -0.08, -0.02)), [LOOK]),
    "both refuse": (texts(refusals=(0.05, 0.005, 0.1)), [FINE]),
    "all tokens fit": (tokens(), [FINE]),
    "few lost": (tokens(dropped=12, cut=5), [LOOK, LOOK]),
    "many lost": (tokens(dropped=30, identical=2), [ACT, LOOK]),
}  # fmt: skip


@pytest.mark.parametrize(("claims", "levels"), CASES.values(), ids=CASES)
def test_levels_are_those_of_the_ends_of_intervals(claims, levels):
    assert [claim.level for claim in claims] == levels
    for claim in claims:
        assert re.search(r"\d.*\(.*\d to [−+]?\d", claim.sentence), "number, interval"
        assert 0 <= claim.harm <= 1
        assert (claim.harm > 0) == (claim.level is not FINE) or "chance" in claim.sentence
        if claim.level is not FINE:
            assert_typable(claim.command)


def assert_typable(command):
    """The command and its options are ones of the program; a finding is one of a question."""
    name, asked, *rest = shlex.split(command)
    assert name == "pairsmith"
    known = vars(get_command(app))["commands"][asked]
    flags = {spelling for param in known.params for spelling in param.opts}
    assert {word for word in rest if word.startswith("--")} <= flags
    if "--finding" in rest:
        assert rest[rest.index("--finding") + 1].partition(":")[0] in [*QUESTIONS]


def test_what_can_be_mended_is_mended_and_else_shown():
    [claim] = texts(encoding=80, html_tag=3, replacement=9, mendable=("encoding", "html_tag"))
    assert claim.command == "pairsmith build SOURCE NEW --mend encoding,html_tag"
    assert claim.kinds == ("encoding", "replacement", "html_tag")
    assert "80 of 1,000 rows (8.0 %" in claim.sentence
    [claim] = texts(replacement=9)
    assert claim.command == "pairsmith show OUT --finding text:replacement"


def test_the_side_that_refuses_more_is_named():
    [more] = texts(refusals=(0.05, 0.02, 0.08))
    assert "chosen replies refuse more often than rejected ones, by 5.0 points (2.0 to 8.0)" in (
        more.sentence
    )
    [less] = texts(refusals=(-0.05, -0.08, -0.02))
    assert "rejected replies refuse more often than chosen ones, by 5.0 points (2.0 to 8.0)" in (
        less.sentence
    )


def test_two_directions_in_one_dataset_are_both_named():
    [claim] = direction(moss=(0.9, 0.6, 1.0), tea=(0.1, 0.0, 0.2))
    assert "moss in 90.0 % of 40 replies" in claim.sentence
    assert "but tea in 10.0 %" in claim.sentence
    assert claim.harm == 9 / 27


def test_small_shares_are_not_told_as_none():
    assert of_rows(wilson(1, 161_840)) == "1 of 161,840 rows (0.00062 %, 0.00011 to 0.00350)"
    assert level_of(wilson(0, 5), 0.0) is FINE
