"""Who is offered what: each item to as many people as it wants, to none of them twice."""

import json
import threading
from collections import Counter
from dataclasses import replace

import pytest

import pairsmith
from pairsmith.collecting import actions
from pairsmith.collecting.board import GAP
from pairsmith.collecting.consent import consent
from pairsmith.collecting.export import export
from pairsmith.collecting.items import GOLD, attempts_of_build, pairs_of_build
from pairsmith.collecting.tasks import HAD, NOT_THERE, Tasks, import_items
from pairsmith.collecting.verdicts import Side
from pairsmith.errors import CollectionError
from support import collected
from support.built import shards_of
from support.collected import begin


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A build of the bundled sample."""
    out = tmp_path_factory.mktemp("built") / "out"
    pairsmith.build("sample", out)
    return out


@pytest.fixture
def relabel(tmp_path, built):
    """Begins a collection with the pairs of the build to judge."""
    opened = []

    def make(most=8, annotation=None, **settings):
        usual = {"most_opinions": settings.get("opinions", 3)}  # no more than asked for
        settings = {"mode": "relabel", "models": [], "repeats": 0, **usual, **settings}
        collection = begin(tmp_path / f"c{len(opened)}", **settings)
        opened.append(collection)
        import_items(collection, pairs_of_build(built, annotation), most)
        return Tasks(collection)

    yield make
    for collection in opened:
        collection.close()


def work(tasks, who, verdict=2, most=999):
    """Has a person judge all that they are offered; returns the tasks."""
    done = []
    while len(done) < most and (given := tasks.next(who)):
        said = verdict(given) if callable(verdict) else verdict
        answer = tasks.judge(who, given.task.id, given.token, said)
        assert answer.stored, answer.refused
        done.append(answer.task)
    return done


def test_a_known_answer_that_is_taken_away_keeps_nobody_waiting(relabel):
    gold = [{"prompt": "Is tea hot?", "better": "Mostly.", "worse": "Blue."}]
    tasks = relabel(gold=gold, gold_share=1.0)
    given = tasks.next("ann")
    assert given.item.id.startswith(GOLD)
    project = tasks.collection.project()
    tasks.collection.change(replace(project, gold=(), gold_share=0.0))
    assert tasks.look("ann", given.task.id) is None
    other = tasks.next("ann")
    assert not other.item.id.startswith(GOLD)
    assert tasks.judge("ann", other.task.id, other.token, 2).stored


def test_who_no_longer_agrees_judges_nothing_more(relabel):
    tasks = relabel(consent="It is kept.")
    consent(tasks.collection, "ann")
    given = tasks.next("ann")
    consent(tasks.collection, "ann", agreed=False)
    answer = tasks.judge("ann", given.task.id, given.token, 2)
    assert (answer.stored, answer.refused) == (False, actions.AGREE)
    consent(tasks.collection, "ann")
    assert tasks.judge("ann", given.task.id, given.token, 2).stored


def test_every_item_gets_its_opinions_each_of_another_person(relabel):
    tasks = relabel(opinions=3)
    for who in ("ann", "ben", "cleo", "dan"):
        done = work(tasks, who)
        assert len({task.item for task in done}) == len(done) == (0 if who == "dan" else 8)
    board = tasks.read()
    for item in board.order:
        assert {opinion.who for opinion in board.opinions(item, "relabel")} == {
            "ann",
            "ben",
            "cleo",
        }
    swapped = Counter(task.swapped for task in board.tasks.values())
    assert min(swapped[True], swapped[False]) >= 4  # of 24 by chance: 99.9 %


def test_people_at_once_give_no_item_more_than_it_wants(relabel):
    tasks = relabel(opinions=2)
    people = [f"p{n}" for n in range(5)]
    threads = [threading.Thread(target=work, args=(tasks, who)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    board = tasks.read()
    assert {len(board.opinions(item, "relabel")) for item in board.order} == {2}


def test_a_task_that_was_left_is_offered_to_others_and_may_still_be_answered(relabel):
    tasks = relabel(most=1, opinions=1, lease=60)
    left = tasks.next("ann")
    assert tasks.next("ann").task == left.task  # a reload
    assert tasks.next("ben") is None
    later = left.task.since + 61
    other = tasks.next("ben", later)
    assert other.item == left.item
    assert tasks.judge("ben", other.task.id, other.token, 1).stored
    assert tasks.judge("ann", left.task.id, left.token, -1).stored
    assert len(tasks.read().opinions(left.item.id, "relabel")) == 2


def test_who_comes_back_judges_an_item_once(relabel):
    tasks = relabel(most=1, opinions=2, lease=60)
    first = tasks.next("ann")
    again = tasks.next("ann", first.task.since + 61)
    assert again.task != first.task
    assert again.item == first.item
    assert tasks.judge("ann", again.task.id, again.token, 1).stored
    assert tasks.judge("ann", first.task.id, first.token, 1).refused == HAD


def test_what_is_skipped_goes_to_another(relabel):
    tasks = relabel(most=2, opinions=1)
    assert {task.says for task in work(tasks, "ann", "skip")} == {False}
    assert len(work(tasks, "ben", 3)) == 2
    assert work(tasks, "cleo") == []


def test_answers_are_taken_once_and_only_from_whose_they_are(relabel):
    tasks = relabel()
    given = tasks.next("ann")
    task, token = given.task.id, given.token
    assert tasks.judge("ben", task, token, 2) == (None, False, NOT_THERE)
    assert tasks.look("ben", task) is None
    assert tasks.judge("ann", task, "made up", 2).refused == actions.STALE
    assert "from -4 to 4" in tasks.judge("ann", task, token, 9).refused
    answers = [tasks.judge("ann", task, token, verdict) for verdict in (2, 2, -2)]
    assert [answer.stored for answer in answers] == [True, False, False]
    assert [answer.refused for answer in answers] == ["", "", actions.ANSWERED]
    assert tasks.look("ann", task).task.answer["verdict"] == 2


def test_some_are_shown_again_with_sides_exchanged(relabel):
    tasks = relabel(most=24, repeats=0.5)
    done = {task.id: task for task in work(tasks, "ann")}
    repeats = [task for task in done.values() if task.repeats]
    assert len(repeats) >= 4
    assert len({task.repeats for task in repeats}) == len(repeats)
    order = [*done]
    for task in repeats:
        first = done[task.repeats]
        assert (first.item, first.swapped) == (task.item, not task.swapped)
        assert order.index(task.id) - order.index(first.id) > GAP
    assert {len(tasks.read().opinions(t.item, "relabel")) for t in repeats} == {1}


def test_items_whose_answer_is_known_are_mixed_in(relabel):
    gold = [{"prompt": f"Is tea no. {n} hot?", "better": "Yes.", "worse": "Blue."} for n in "12"]
    tasks = relabel(most=20, gold=gold, gold_share=0.5)
    done = work(tasks, "ann", lambda given: -1 if given.item.on(Side.A, given.task.swapped) else 1)
    known = [task.item for task in done if task.item.startswith(GOLD)]
    assert sorted(known) == [f"{GOLD}1", f"{GOLD}2"]
    assert len(done) == 22


def test_more_opinions_are_asked_for_where_they_do_not_decide(relabel):
    tasks = relabel(most=4, opinions=2, most_opinions=5)
    tasks.more = lambda said: len({opinion.strength > 0 for opinion in said}) > 1
    odd = set(tasks.read().order[:2])
    for n in range(6):

        def say(given, n=n):
            agrees = given.item.id not in odd or n % 2 == 0
            return -2 if agrees != given.task.swapped else 2

        work(tasks, f"p{n}", say)
    board = tasks.read()
    counts = {item: len(board.opinions(item, "relabel")) for item in board.order}
    assert all(count == (5 if item in odd else 2) for item, count in counts.items())


def test_what_an_annotation_doubts_comes_first(relabel, built):
    ids = [row["id"] for row in shards_of(built) if "chosen" in row][-1:-4:-1]
    said = [{"id": id, "margin": m} for id, m in zip(ids, (1.0, -3.0, -0.5), strict=True)]
    pairsmith.annotate(built, "mine", said, pairsmith.Annotator("a model", "1"))
    tasks = relabel(most=5, annotation="mine")
    order = tasks.read().order
    assert order[:3] == [ids[1], ids[2], ids[0]]
    assert len(set(order)) == 5
    with pytest.raises(CollectionError, match="already"):
        import_items(tasks.collection, pairs_of_build(built))


def test_reviewers_tag_and_rate_transcripts(tmp_path, built):
    tags = ["polite", "rude", "odd"]
    with begin(tmp_path / "c", mode="review", tags=tags, opinions=2) as collection:
        import_items(collection, attempts_of_build(built))
        tasks = Tasks(collection)
        given = tasks.next("ann")
        assert {message["role"] for message in given.item.messages} == {"user", "assistant"}
        answer = (given.task.id, given.token)
        for wrong, rating in ((["kind"], 1), (tags, 1), (["odd", "odd"], 1), (["odd"], 5), (1, 1)):
            assert tasks.review("ann", *answer, wrong, rating).refused
        assert tasks.review("ann", *answer, ["odd", "rude"], 3).stored
        assert tasks.judge("ann", *answer, 2).refused
        assert tasks.next("ann").task.item != given.task.item


def test_comparisons_are_offered_to_others_but_not_to_whose_they_are(tmp_path):
    with begin(tmp_path / "c", overlap=1.0, opinions=1, mode="red-team") as collection:
        state = collected.started(collection, "ann", "Be rude.")
        collected.turn(collection, state, "Say it is bad.", -3, "Tea is bad.", "Tea is fine.")
        tasks = Tasks(collection)
        assert tasks.next("ann") is None
        given = tasks.next("ben")
        assert given.item.chosen == state_of(collection, state).on(Side.B)["text"]
        harmful = -2 if given.task.swapped else 2  # the rejected one is picked: ben agrees
        assert tasks.judge("ben", given.task.id, given.token, harmful).stored
        [opinion] = tasks.read().opinions(given.item.id, "red-team")
        assert opinion.strength == 2


def state_of(collection, state):
    """The last attempt of a conversation."""
    return actions.look(collection, state.who, state.id).turn.attempt


def test_second_opinions_go_along_with_the_pair(tmp_path):
    with begin(tmp_path / "c", overlap=1.0, opinions=2, test=0) as collection:
        state = collected.started(collection, "ann")
        collected.turn(collection, state, "Is tea hot?", 4, "Yes.", "No.")
        tasks = Tasks(collection)
        for who, agrees in (("ben", True), ("cleo", False)):
            work(tasks, who, lambda given, agrees=agrees: -1 if agrees != given.task.swapped else 1)
        export(collection)
        numbers = [collection.pseudonym(who) for who in ("ben", "cleo")]
    [line] = (tmp_path / "c/helpful-base/train.jsonl").read_text().splitlines()
    said = json.loads(line)["opinions"]
    assert [(one["annotator"], one["strength"]) for one in said] == [
        *zip(numbers, (1, -1), strict=True)
    ]
