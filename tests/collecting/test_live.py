"""What models do wrong is told in a sentence, and costs nobody their conversation."""

import threading
import time

import pytest

from pairsmith.collecting import actions, asking
from pairsmith.collecting.conversation import Phase
from pairsmith.collecting.live import Live, Manner, score_by
from pairsmith.scoring.texts import score_texts
from support import collected
from support.chat_server import choices, in_message, named
from support.collecting_browser import Person, models_of, serving
from support.faulty_server import cut, send
from support.models.folders import write_scorer
from support.slow import slow
from support.tiny import llama_tokenizer

NONE = "The model gave no reply that can be shown."
FAULTS = {
    "cut": (cut, "The reply broke off on its way."),
    "tool": (in_message(tool_calls=[{"id": "1"}]), NONE),
    "function": (in_message(content="", function_call={"name": "f"}), NONE),
    "null": (in_message(content=None), NONE),
    "blank": (in_message(content=" \n"), "The reply was blank."),
    "endless": (in_message(content="tea " * 100_000), "The reply was too long."),
    "nothing": (choices(0), NONE),
    "other": (named("moss"), NONE),
    "wrong": (lambda handler, *_: send(handler, 200, b"[1"), NONE),
}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr("pairsmith.io.wire.PAUSE", 0.001)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_told_and_tried_again(begun, server, kind):
    server.always, sentence = FAULTS[kind]
    with serving(begun()) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.screen == "failed"
        assert ann.fault == f"{sentence} Your message is kept."
        assert "ferns" not in ann.html
        assert server.address not in ann.html
        assert ann.go(ann.path).screen == "failed"  # nothing is asked until the person says so
        server.always = None
        assert ann.press("again").wait().screen == "choosing"
        assert ann.texts[0] == "Tea?"


def test_a_server_that_is_down(begun, server):
    models = models_of(server)
    models[0]["endpoint"] = "http://127.0.0.1:9"
    with serving(begun(models=models)) as (served, told):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.fault == "The model cannot be reached. Your message is kept."
        assert any("127.0.0.1:9" in line for line in told)


def test_of_two_models_one_is_down(begun, server):
    """The other is asked no more than once, and the page does not say which of them it is."""
    other = {**models_of(server)[0], "name": "old", "endpoint": "http://127.0.0.1:9"}
    with serving(begun(models=[*models_of(server), other], pairing="different")) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.fault == "Only one reply came. Your message is kept."
    assert len(server.asked) == 1


def test_who_looked_before_an_attempt_ended_has_nothing_asked_again(begun, server):
    """A page reads, the attempt ends, and only then does the page have replies asked for."""
    server.always = choices(0)
    collection = begun()
    seen = collected.say(collection, collected.started(collection), "Tea?")
    made = Live(collection, Manner(tell=print))
    counts = []
    for before in (True, True, False):  # at last as who presses "Try again" has it
        made.wake(seen if before else actions.look(collection, "ann", seen.id))
        _until(lambda: not made.is_asking(seen.id))
        counts.append(actions.look(collection, "ann", seen.id).attempts)
    made.close()
    collection.close()
    assert counts == [1, 1, 2]


def test_the_same_reply_for_ever_is_sampled_again_and_logged(begun, server):
    server.reply = lambda question: "Tea."
    with serving(begun()) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.fault.startswith("The replies that came were all the same.")
        [state] = actions.conversations_of(served.collection, "me")
        samples = state.turns[0].attempts[0].samples
        assert len(samples) == 8
        assert len({sample["seed"] for sample in samples}) == 8
        assert {sample["said"] for sample in samples} == {""}


def test_a_model_that_the_project_has_no_more(begun, server):
    collection = begun()
    state = collected.say(collection, collected.started(collection, "me"), "Tea?")
    renamed = {**collected.PROJECT, "models": [{**models_of(server)[0], "name": "other"}]}
    collection.change(live_project(renamed))
    with serving(collection) as (served, _):
        ann = Person.at(served).enter().go(f"/talk/{state.id}").wait()
        assert "no longer part of the project" in ann.fault


def live_project(settings):
    from pairsmith.collecting.project_file import make_project

    return make_project(settings)


def test_what_waits_is_answered_after_a_restart(begun, server):
    collection = begun()
    state = collected.say(collection, collected.started(collection), "Tea?")
    made = Live(collection, Manner(tell=print))
    assert made.recover() == 1
    _until(lambda: actions.look(collection, "ann", state.id).phase == Phase.CHOOSING)
    assert made.recover() == 0
    made.close()
    assert len(server.asked) == 2
    collection.close()


def test_nobody_waits_for_who_left_and_closing_is_quick(begun, server):
    held = threading.Event()

    def slow(question):
        held.wait(20)
        return "Tea."

    server.reply = slow
    collection = begun()
    states = [collected.say(collection, collected.started(collection), "Tea?") for _ in range(3)]
    made = Live(collection, Manner(tell=print, at_once=2))
    for state in states:
        made.wake(state)
        made.wake(state)
    _until(lambda: len(server.asked) == 4)
    made.stop(states[0].id)
    _until(lambda: not made.is_asking(states[0].id))
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 5
    held.set()
    left = [actions.look(collection, "ann", state.id) for state in states]
    assert [one.phase for one in left] == [Phase.WAITING] * 3
    assert [one.turns[0].attempts for one in left] == [()] * 3
    collection.close()


def test_samples_are_scored_and_the_best_is_shown(begun, server):
    def score(messages, texts):
        assert messages == [{"role": "user", "content": "Tea?"}]
        return [float(len(text)) for text in texts]

    settings = {"tranche": "rejection-sampled", "best_of": 5, "score": "rm", "shown": "two-best"}
    with serving(begun(**settings), score=score) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        [state] = actions.conversations_of(served.collection, "me")
        samples = state.turns[0].attempts[0].samples
        best = sorted(len(text) for text in {sample["text"] for sample in samples})[-2:]
        assert sorted(map(len, ann.texts[1:])) == best
        assert all(sample["score"] == len(sample["text"]) for sample in samples)


def test_what_cannot_be_scored_is_not_shown(begun, server):
    settings = {"tranche": "rejection-sampled", "best_of": 2, "score": "rm"}
    with serving(begun(**settings)) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.fault.startswith("The replies could not be scored.")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_none(begun, server, number):
    settings = {"tranche": "rejection-sampled", "best_of": 2, "score": "rm"}
    scores = [number, 1.0, 2.0, 3.0]
    with serving(begun(**settings), score=lambda *_: [scores.pop(0)]) as (served, told):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.screen == "choosing"
        [state] = actions.conversations_of(served.collection, "me")
        samples = state.turns[0].attempts[0].samples
    assert [sample["fault"] for sample in samples] == ["unscored", "", "", ""]
    assert told == [f"The preference model gives {number}."]


def test_what_cannot_be_stored_is_no_model_that_is_gone(begun, server, monkeypatch):
    collection = begun()
    monkeypatch.setattr("pairsmith.collecting.store.BODY_BYTES", 1_000)
    server.reply = lambda question: f"{question['seed']} " * 200
    with serving(collection) as (served, told):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.fault.startswith("Something is wrong on this side.")
    assert "bytes long; at most 1,000 are taken" in told[0]


def test_a_fault_of_ours_is_told_too(begun, server, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(asking, "parse_address", broken)
    with serving(begun()) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.fault.startswith("Something is wrong on this side.")
        monkeypatch.undo()
        assert ann.press("again").wait().screen == "choosing"


def _until(holds, seconds=10):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


@slow
def test_scores_are_those_of_the_preference_model(begun, server, tmp_path):
    """By the ids that it was trained on: as `pairsmith score` gives them to the conversation."""
    model = str(write_scorer(tmp_path / "rm", tokenizer=llama_tokenizer(["Tea?"])))
    settings = {"tranche": "rejection-sampled", "best_of": 4, "score": model, "shown": "two-best"}
    with serving(begun(**settings), score=score_by(model)) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait(60)
        [state] = actions.conversations_of(served.collection, "me")
        samples = state.turns[0].attempts[0].samples
        said = {"role": "user", "content": "Tea?"}
        talks = [[said, {"role": "assistant", "content": one["text"]}] for one in samples]
        scores = [scored.score for scored in score_texts(talks, model)]
        assert [one["score"] for one in samples] == pytest.approx(scores, abs=1e-5)
        best = sorted(range(4), key=lambda place: scores[place])[-2:]
        assert {samples[place]["text"] for place in best} == set(ann.texts[1:])


def test_replies_that_cannot_be_shown_are_told_to_who_runs_it(begun, server):
    server.reply = lambda question: f"Tea\0{question['seed']}"
    with serving(begun()) as (served, told):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.fault.startswith("The model gave no reply that can be shown.")
        server.reply = lambda question: " "
        ann.press("again").wait()
    assert told == [
        "None of 8 replies of new can be shown: NUL character.",
        "None of 8 replies of new can be shown: blank.",
    ]


def test_a_server_that_draws_no_samples_is_told_to_who_runs_it(begun, server):
    server.reply = lambda question: "Tea."
    with serving(begun()) as (served, told):
        Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert told == [
            "new said the same 8 times, with as many seeds: it may not draw samples at all"
            " (transformers serve does so where a model's settings say do_sample)."
        ]
