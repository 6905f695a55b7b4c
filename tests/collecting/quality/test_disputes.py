"""What people disagree on is decided once, for all, and goes into what is exported."""

import json

import pytest

import pairsmith
from pairsmith.collecting import actions
from pairsmith.collecting.adjudicating import adjudicate, read_case
from pairsmith.collecting.collection import create_collection
from pairsmith.collecting.export import export
from pairsmith.collecting.items import attempts_of_build
from pairsmith.collecting.pages import owner
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.quality.disputes import disputes
from pairsmith.collecting.quality.measure import measure
from pairsmith.collecting.quality.telling import tables
from pairsmith.collecting.tasks import Tasks, import_items
from pairsmith.collecting.verdicts import Side
from pairsmith.errors import CollectionError
from support import collected


@pytest.fixture(params=["helpful", "red-team"])
def judged(request, tmp_path):
    """Two comparisons of ann's; ben disagrees on the first."""
    settings = {"mode": request.param, "overlap": 1.0, "opinions": 1, "repeats": 0, "test": 0}
    with collected.begin(tmp_path / "c", **settings) as collection:
        about = "Teapots." if request.param == "red-team" else ""
        state = collected.started(collection, "ann", about)
        for text, verdict in (("Is tea hot?", -3), ("And ice?", 2)):
            state = collected.turn(collection, state, text, verdict, "Yes.", "Blue.")
        tasks = Tasks(collection)
        for agrees in (False, True):
            given = tasks.next("ben")
            on_a = (agrees != given.task.swapped) == (request.param == "helpful")
            answer = tasks.judge("ben", given.task.id, given.token, -1 if on_a else 1)
            assert answer.stored
        yield collection


def rows(collection):
    export(collection)
    subset = collection.project().pairs_subset
    lines = (collection.folder / subset / "train.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_what_is_decided_against_the_label_turns_the_pair(judged):
    [one] = disputes(judged)
    assert one.picks == (1, 1)
    before = rows(judged)
    assert "adjudicated" not in before[0]
    case = read_case(judged, one.item.id)
    assert (case.decided, case.item.id) == (None, before[0]["id"])
    adjudicate(judged, "owner", one.item.id, False, "Tea is not blue.", case.token)
    turned, other = rows(judged)
    assert other == before[1]
    assert turned["chosen"] == before[0]["rejected"]
    assert turned["rejected"] == before[0]["chosen"]
    assert turned["chosen_seed"] == before[0]["rejected_seed"]
    assert turned["chosen_side"] == Side(before[0]["chosen_side"]).other
    assert [one["strength"] for one in turned["opinions"]] == [1]
    assert (turned["adjudicated"], "strength" in turned) == (False, False)
    case = read_case(judged, one.item.id)
    assert one.item.on(case.decided, case.swapped) == turned["chosen"][0]["content"]
    assert case.said == "Tea is not blue."
    adjudicate(judged, "owner", one.item.id, True, "It is.", case.token)  # the last one counts
    assert rows(judged)[0] == {**before[0], "adjudicated": True}
    assert [one.is_decided for one in disputes(judged)] == [True]
    assert pairsmith.build(judged.folder, judged.folder.parent / "out").totals.kept >= 2


def test_a_decision_is_taken_once(judged):
    [one] = disputes(judged)
    token = read_case(judged, one.item.id).token
    decided = [
        adjudicate(judged, "owner", one.item.id, agrees, "", token)
        for agrees in (True, True, False)
    ]
    assert [one.stored for one in decided] == [True, False, False]
    assert [one.refused for one in decided] == ["", "", actions.ANSWERED]
    assert adjudicate(judged, "owner", one.item.id, True, "", "made up").refused == actions.STALE
    new = read_case(judged, one.item.id).token
    assert "20,000" in adjudicate(judged, "owner", one.item.id, True, "x" * 20_001, new).refused
    with pytest.raises(CollectionError, match="no item"):
        read_case(judged, "gold/1")


def test_reviews_end_to_end(tmp_path):
    built = tmp_path / "out"
    pairsmith.build("sample", built)
    settings = {"mode": "review", "title": "Tea", "tags": ["rude", "odd", "sly"], "opinions": 2}
    with create_collection(tmp_path / "c", settings) as collection:
        import_items(collection, attempts_of_build(built))
        items = Tasks(collection).read().order
        numbers = {who: collection.pseudonym(who) for who in ("ann", "ben", "cleo")}
        said = {}
        for who in numbers:
            tasks = Tasks(collection)
            while given := tasks.next(who):
                tags = ["rude"] if who == "ann" or len(said) % 2 else ["odd", "sly"]
                answer = tasks.review(who, given.task.id, given.token, tags, len(said) % 5)
                assert answer.stored, answer.refused
                said.setdefault(given.item.id, []).append((numbers[who], tags))
                if who == "cleo":
                    break
        found = measure(collection).reviews
        assert (found.transcripts, found.people) == (len(items), 2)
        rude = next(tag for tag in found.tags if tag.name == "rude")
        assert rude.transcripts == len(items)
        assert rude.given.units == len(items)
        assert -1 <= rude.given.estimate < 1
        told = tables(measure(collection))
        assert [table.title for table in told] == ["Reviews", "Tags"]
        assert ("Reviews", str(2 * len(items))) in told[0].rows
        seen = owner.screen(Served(collection, Tasks(collection)), "quality")
        assert [table.title for table in seen.context["tables"]] == ["Reviews", "Tags"]
        made = export(collection)
    assert made.kept == len(items)
    assert made.people == 2
    again = pairsmith.build(tmp_path / "c", tmp_path / "again")
    assert again.totals.kept == len(items)
    lines = (tmp_path / "c/red-team-attempts/red_team_attempts.jsonl").read_text().splitlines()
    before = {row["id"]: row for row in _rows_of(built)}
    for row, after in zip(map(json.loads, lines), _rows_of(tmp_path / "again"), strict=True):
        chosen = {tag for one in row["reviews"] for tag in one["tags"]}
        assert set(after["tags"]) == chosen.union(before[row["id"]]["tags"] or ())
        assert [(one["annotator"], one["tags"]) for one in row["reviews"]] == said[row["id"]]
        for name in ("transcript", "rating", "num_params", "red_team_member_id"):
            assert after[name] == before[row["id"]][name]


def _rows_of(build):
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.rows import kept_rows

    return [*kept_rows(build, read_manifest(build), "red-team-attempts")]
