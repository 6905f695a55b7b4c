"""The figures of a collection are those of its events: what was planted is found again."""

import json
import math
import random
from collections import Counter
from itertools import combinations

import krippendorff
import numpy as np
import pytest
from typer.testing import CliRunner

import pairsmith
from pairsmith.cli import app
from pairsmith.collecting.draws import chance as drawn
from pairsmith.collecting.project_file import make_project
from pairsmith.collecting.quality.measure import measure
from pairsmith.collecting.quality.telling import NONE, flags, own_table, tables
from pairsmith.collecting.tasks import Tasks
from pairsmith.collecting.verdicts import Side
from support import collected
from support.judged import judge_all, talk


def test_agreement_is_that_of_what_people_said(talks):
    collection = talks(opinions=2, repeats=0)
    chance = random.Random(4)
    own = {}
    for n in range(30):
        strength = chance.choice([-4, -2, 1, 3])
        state = talk(collection, f"author {n % 7}", strength)
        own[f"{state.id}/1.1"] = abs(strength)

    def say(given):
        return chance.choice([1, 1, 2, -3]) * (1 if given.task.swapped else -1)

    by_person = {who: judge_all(collection, who, say) for who in ("ann", "ben", "cleo")}
    assert sum(len(said) for said in by_person.values()) == 60
    found = measure(collection)

    rows = []
    for unit, strength in own.items():
        given = {who: said[unit][0] for who, said in by_person.items() if unit in said}
        rows.append([*given.values(), strength])
    pairs = [
        [(a > 0) == (b > 0) for a, b in combinations([v for v in row if v], 2)] for row in rows
    ]
    share = np.mean([np.mean(row) for row in pairs])
    assert found.agreed.pairwise.estimate == pytest.approx(share, abs=1e-9)
    assert found.agreed.pairwise.units == 30
    assert found.agreed.pairwise.low < share < found.agreed.pairwise.high
    assert found.whole.with_others.hits == sum(map(sum, pairs))
    assert found.whole.with_others.rows == 90
    # α does not depend on who is which rater, but on which reply the numbers above 0 are of
    turned = [
        [v if drawn(collection.secret, "frame", unit) < 0.5 else -v for v in row]
        for unit, row in zip(own, rows, strict=True)
    ]
    table = np.array(turned, float).T
    for alpha, level, held in (
        (found.agreed.side, "nominal", np.sign(table)),
        (found.agreed.strength, "ordinal", table),
    ):
        expected = krippendorff.alpha(reliability_data=held, level_of_measurement=level)
        assert alpha.estimate == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("mode", ["helpful", "red-team"])
def test_models_are_rated_by_who_wins(talks, mode):
    collection = talks(mode=mode, overlap=0, test=0)
    chance = random.Random(2)
    wins = Counter()

    def pick(attempt):
        name = "fern" if chance.random() < 0.7 else "moss"
        wins[name] += 1
        side = next(side for side in Side if attempt.on(side)["model"] == name)
        picked = side if mode == "helpful" else side.other  # what is picked is more harmful
        return -2 if picked == Side.A else 2

    for n in range(8):
        talk(collection, f"p{n}", pick, turns=3)
    found = measure(collection).ratings
    assert [one.name for one in found.models] == ["fern", "moss"]
    gap = found.models[1].below
    elo = 400 * math.log10(wins["fern"] / wins["moss"])
    assert gap.estimate == pytest.approx(elo, abs=1e-6)
    assert found.models[0].rating == pytest.approx(elo / 2, abs=1e-6)
    assert gap.low < elo < gap.high
    assert (found.by, found.groups, found.models[0].comparisons) == ("person", 8, 24)


def test_what_others_say_of_models_counts_too(talks):
    collection = talks(opinions=1, repeats=0)
    talk(collection, "ann", lambda a: -1 if a.on(Side.A)["model"] == "fern" else 1, turns=2)
    judge_all(collection, "ben", lambda given: 1 if not given.task.swapped else -1)  # disagrees
    found = measure(collection)
    assert [one.comparisons for one in found.ratings.models] == [4, 4]
    assert found.ratings.models[0].rating == pytest.approx(0)
    assert found.ratings.by == "conversation"
    assert found.agreed.pairwise.estimate == 0


def test_a_model_that_won_all_has_no_number(talks):
    collection = talks(overlap=0)
    for who in ("ann", "ben"):
        talk(collection, who, lambda a: -2 if a.on(Side.A)["model"] == "fern" else 2)
    found = measure(collection)
    assert [one.rating for one in found.ratings.models] == [None, None]
    [told] = [table for table in tables(found) if table.title == "Models"]
    assert any("won all" in remark for remark in told.remarks)
    assert "NaN" not in found.to_json()


def test_habits_of_people(talks, clock):
    gold = [{"prompt": f"Is tea no. {n} hot?", "better": "Yes.", "worse": "Blue."} for n in "123"]
    collection = talks(gold=gold, gold_share=0.3, repeats=0.5, opinions=2)
    for n in range(24):
        talk(collection, f"author {n}", 2, clock=clock)
    talk(collection, "author 0", "both_bad", clock=clock)
    lucky = []

    def pick_left(given):
        lucky.append(given.item.id.startswith("gold/") and not given.task.swapped)
        return -3

    judge_all(collection, "left", pick_left, clock)

    def by_content(given):
        return -1 if not given.task.swapped else 1

    judge_all(collection, "fair", by_content, clock)
    found = measure(collection)
    people = {person.who: person.figures for person in found.people}
    left, fair = people["left"], people["fair"]
    assert left.again.same.hits == 0
    assert left.again.left_twice == left.again.same.rows >= 6
    assert left.sides.left.share == 1
    assert fair.again.same.share == 1
    assert fair.known.share == 1
    assert fair.known.rows == left.known.rows == 3
    assert left.known.hits == sum(lucky)
    assert left.pace.median == fair.pace.median == 3
    assert people["author 3"].pace.median == 8
    assert "one side" in flags(left)
    assert found.whole.both_bad.hits == 1
    assert (left.choices, fair.choices, people["author 0"].choices) == (24, 24, 2)
    assert found.whole.choices == 25 + 48
    assert (found.concentration.busiest, found.concentration.half) == (24 / 73, 2)
    assert found.whole.people == 26


def test_who_is_too_fast_is_told(talks, clock):
    collection = talks(overlap=0)
    state = collected.started(collection, "ann")
    for n in range(12):
        said = collected.say(collection, state, f"{n}?")
        state = collected.reply(collection, said, f"{n} a " * 400, f"{n} b " * 400)
        clock.now += 2 if n else 60
        state = collected.choose(collection, state, 1 if n % 2 else -1)
    [person] = measure(collection).people
    assert person.figures.pace.median == 2
    assert person.figures.pace.fast.hits == 11
    assert flags(person.figures) == ["too fast"]


def test_rounds_stand_beside_each_other(talks):
    collection = talks(round="1", overlap=0)
    talk(collection, "ann", 1, turns=2)
    settings = {**collection.project().to_dict(), "round": "2"}
    collection.change(make_project(settings))
    talk(collection, "ann", 3)
    found = measure(collection)
    assert [(one.name, one.figures.choices) for one in found.rounds] == [("1", 2), ("2", 1)]
    assert [table.title for table in tables(found)][-2:] == ["Rounds", "People"]


def test_first_opinions_are_compared_alone(talks):
    collection = talks(opinions=1, repeats=0)
    talk(collection, "ann", 2)
    tasks = Tasks(collection)
    first = tasks.next("ben")
    second = tasks.next("cleo", first.task.since + 99_999)  # the lease is over
    for given, agrees in ((first, True), (second, False)):
        verdict = -1 if given.task.swapped != agrees else 1
        assert tasks.judge(given.task.who, given.task.id, given.token, verdict).stored
    found = measure(collection)
    assert found.agreed.pairwise.ratings == 2
    assert found.agreed.pairwise.estimate == 1
    assert found.whole.choices == 3


def test_nothing_yet_is_told_without_a_number(talks):
    collection = talks()
    found = measure(collection)
    assert tables(found) == []
    assert found.agreed.pairwise.estimate is None
    assert json.loads(found.to_json())["whole"]["choices"] == 0
    talk(collection, "ann", "skip")
    held = measure(collection)
    assert held.ratings is None
    assert ("Skipped", "100.0 % (20.7 % to 100.0 %), 1 of 1") in tables(held)[0].rows
    assert ("Krippendorff's α, which reply", NONE) in tables(held)[1].rows


def test_the_command_prints_what_was_measured(talks):
    collection = talks(repeats=0)
    for who in ("ann", "cleo"):
        talk(collection, who, 1)
    found = measure(collection)
    asked = ["collect", str(collection.folder), "--quality"]
    printed = CliRunner().invoke(app, asked)
    assert printed.exit_code == 0, printed.output
    assert "Agreement between people:" in printed.output
    assert str(collection.pseudonym("ann")) in printed.output
    as_json = CliRunner().invoke(app, [*asked, "--json"])
    assert json.loads(as_json.output) == found.to_dict()
    assert pairsmith.collection_quality(collection.folder) == found
    refused = CliRunner().invoke(app, [*asked[:2], "--json"])
    assert "--quality" in str(refused.exception)


def test_no_name_of_a_person_is_in_json_or_in_tables(talks):
    collection = talks(repeats=0)
    talk(collection, "ann.walker", 1)
    judge_all(collection, "ben.rider", 1)
    found = measure(collection)
    told = found.to_json() + repr(tables(found))
    assert "walker" not in told
    assert "rider" not in told
    assert str(collection.pseudonym("ben.rider")) in told
    own = own_table(found.people[0].figures)
    assert "fern" not in repr(own)
    assert ("Choices", "1") in own.rows
