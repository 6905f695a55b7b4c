"""Live models: replies with seeds of their own; whatever a server does, a conversation goes on."""

from dataclasses import replace

import pytest

from pairsmith.collecting import asking
from pairsmith.collecting.conversation import Phase
from pairsmith.collecting.verdicts import Side
from pairsmith.io.wire import Patience
from support import chat_server, collected
from support.chat_server import chatting
from support.faulty_server import cut, hangs_up, says

QUICK = replace(Patience.usual(), attempts=1, seconds=5.0, whole_seconds=5.0)


def begin(folder, *servers, **settings):
    """A collection with these servers."""
    models = [
        {"name": f"model {n}", "endpoint": server.address, "served_model": server.name}
        for n, server in enumerate(servers)
    ]
    return collected.begin(folder, models=models, **settings)


def waiting(collection, text="Is tea hot?"):
    """A conversation that waits for replies."""
    return collected.say(collection, collected.started(collection), text)


def test_each_reply_is_asked_for_by_itself_and_all_is_on_record(tmp_path):
    with chatting() as server, begin(tmp_path / "c", server, best_of=4) as collection:
        state = waiting(collection)
        answer = asking.answer(collection, state.id, patience=QUICK)
        assert answer.state.phase == Phase.CHOOSING
        assert not asking.answer(collection, state.id, patience=QUICK).stored
    assert len({question["seed"] for question in server.asked}) == len(server.asked) == 4
    assert not any("n" in question for question in server.asked)
    samples = answer.state.turn.attempt.samples
    assert [sample["seed"] for sample in samples] == sorted(
        (question["seed"] for question in server.asked),
        key=[sample["seed"] for sample in samples].index,
    )
    assert {sample["finish_reason"] for sample in samples} == {"stop"}
    assert all(sample["seconds"] >= 0 and sample["tokens"] for sample in samples)
    assert {sample["served"] for sample in samples} == {"ferns"}


def test_two_models_are_asked_and_each_shows_one_reply(tmp_path):
    with (
        chatting("ferns") as one,
        chatting("moss", lambda question: f"Moss {question['seed']}.") as other,
        begin(tmp_path / "c", one, other, pairing="different") as collection,
    ):
        state = asking.answer(collection, waiting(collection).id, patience=QUICK).state
    assert {state.turn.attempt.on(side)["served"] for side in Side} == {"ferns", "moss"}


def test_the_best_of_several_and_another_are_shown(tmp_path):
    def score(messages, texts):
        assert messages[-1]["content"] == "Is tea hot?"
        return [float(text) for text in texts]

    def reply(question):
        return str(question["seed"] % 1009)

    settings = {"tranche": "rejection-sampled", "score": "a model", "best_of": 8}
    with (
        chatting("ferns", reply) as server,
        begin(tmp_path / "c", server, **settings, shown="two-best") as collection,
    ):
        state = asking.answer(collection, waiting(collection).id, score, QUICK).state
    attempt = state.turn.attempt
    shown = sorted(attempt.on(side)["score"] for side in Side)
    assert shown == sorted(sample["score"] for sample in attempt.samples)[-2:]
    assert state.subset == "helpful-rejection-sampled"


FAULTS = [
    says(500), cut, hangs_up, chat_server.in_message(content=None),
    chat_server.in_message(tool_calls=[{"id": "a"}]), chat_server.choices(0),
    chat_server.named("another"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
def test_a_server_that_does_wrong_costs_no_conversation(tmp_path, fault):
    with chatting() as server, begin(tmp_path / "c", server) as collection:
        state = waiting(collection)
        server.always = fault
        failed = asking.answer(collection, state.id, patience=QUICK).state
        assert failed.phase == Phase.WAITING
        assert failed.turn.attempt.fault
        assert "ferns" not in failed.turn.attempt.fault
        assert str(server.server_address[1]) not in failed.turn.attempt.fault
        assert all(s["fault"] and s["said"] for s in failed.turn.attempt.samples)
        server.always = None
        assert asking.answer(collection, state.id, patience=QUICK).state.phase == Phase.CHOOSING


def test_a_model_that_always_says_the_same_is_told_so(tmp_path):
    with (
        chatting("ferns", lambda question: "Yes.") as server,
        begin(tmp_path / "c", server) as collection,
    ):
        state = asking.answer(collection, waiting(collection).id, patience=QUICK).state
    assert state.phase == Phase.WAITING
    assert "the same" in state.turn.attempt.fault
    assert len(state.turn.attempt.samples) == len(server.asked) == 8


def test_a_server_that_is_down_is_no_crash(tmp_path):
    with chatting() as server:
        pass
    with begin(tmp_path / "c", server) as collection:
        state = asking.answer(collection, waiting(collection).id, patience=QUICK).state
    assert state.turn.attempt.fault == "The model cannot be reached."
