"""Replies from a server of chat completions, and whatever it does wrong: values, never a crash."""

import json
import re
import socket
import threading
import time
from dataclasses import replace

import pytest

from pairsmith.errors import ModelError, RecipeError
from pairsmith.io import wire
from pairsmith.models.generation.endpoint import FAULTS, open_endpoint, parse_address
from pairsmith.models.generation.sample import Failed, Sample, Sampling
from support.chat_server import (
    chatting,
    choices,
    in_choice,
    in_message,
    named,
    retry_after,
    say,
)
from support.faulty_server import changed, cut, drips, hangs_up, says, send

ASKED = [{"role": "user", "content": "How do I water the fern?"}]
HOW = Sampling(max_tokens=40)
QUICK = replace(wire.Patience.usual(), attempts=1)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Nobody waits long for a server that is at hand."""
    monkeypatch.setattr(wire, "PAUSE", 0.001)
    monkeypatch.delenv(wire.TOKEN, raising=False)


@pytest.fixture
def server():
    with chatting() as server:
        yield server


def write(server, seeds=(7,), **patience):
    held = replace(wire.Patience.usual(), attempts=3, **patience)
    return open_endpoint(server.address, "ferns").write(ASKED, seeds, HOW, held)


def test_every_sample_is_a_request_with_its_own_seed(server):
    asked = open_endpoint(server.address).write(ASKED, [1, 2, 3], HOW)
    found = [one for one in asked if isinstance(one, Sample)]
    assert [one.text for one in found] == [say({"messages": ASKED, "seed": n}) for n in (1, 2, 3)]
    assert [(one.seed, one.finish_reason) for one in found] == [(n, "stop") for n in (1, 2, 3)]
    assert [one.tokens for one in found] == [len(one.text.split()) for one in found]
    assert sorted(question["seed"] for question in server.asked) == [1, 2, 3]
    for question in server.asked:
        assert {**question, "seed": 0} == {
            "model": "ferns", "messages": ASKED, "seed": 0, "temperature": 1.0, "top_p": 1.0,
            "max_tokens": 40, "stream": False,
        }  # fmt: skip


PASSING = {
    "429": says(429), "503": says(503), "500": says(500), "cut": cut, "hangs_up": hangs_up,
    "retry_after": retry_after("0"), "date": retry_after("Sun, 29 Nov 2020 10:00:00 GMT"),
}  # fmt: skip


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_waited_out(server, name):
    server.faults = [PASSING[name], PASSING[name]]
    [found] = write(server)
    assert found.text == say({"messages": ASKED, "seed": 7})
    assert len(server.asked) == 3


def test_a_server_is_left_alone_as_long_as_it_says(server):
    server.faults = [retry_after("1")]
    began = time.monotonic()
    assert isinstance(write(server)[0], Sample)
    assert time.monotonic() - began >= 1
    server.faults = [retry_after("9" * 30)]
    began = time.monotonic()
    [found] = write(server, until=time.monotonic() + 0.3)
    assert (found.kind, time.monotonic() - began < 5) == ("too_slow", True)


SAID = {
    "busy": (says(503), "busy", r"answers 503 .* \(asked 3 times\)"),
    "gone": (hangs_up, "unreachable", "does not answer"),
    "cut": (cut, "cut_short", r"was cut short \(asked 3 times\)"),
    "no_model": (says(404), "refused", "refuses to answer: 404 Not Found: no"),
    "too_long": (says(400), "unfit", "refuses to answer: 400 Bad Request: no"),
    "elsewhere": (
        lambda handler, *_: send(handler, 307, b"{}", Location="http://192.0.2.1/"),
        "refused",
        "307 .*, which leads elsewhere, where nothing is sent",
    ),
    "words": (changed(lambda _: b"<html>"), "no_json", "is no JSON"),
    "number": (changed(lambda _: 7), "malformed", "without choices"),
    "no_choices": (changed(lambda held: {"model": "ferns"}), "malformed", "without choices"),
    "empty": (choices(0), "no_choice", "gives 0 choices, and one was asked for"),
    "two": (choices(2), "other_count", "gives 2 choices"),
    "choice": (changed(lambda held: {"choices": [7]}), "malformed", "without a message"),
    "tool": (in_message(content=None, tool_calls=[{"id": "1"}]), "tool_call", "calls a tool"),
    "null": (in_message(content=None), "no_content", "without content"),
    "parts": (in_message(content=[{"type": "text"}]), "malformed", "content is no text"),
    "half": (in_message(content="\ud800"), "malformed", "no Unicode"),
    "other": (named("moss"), "other_model", "answers for another model: 'moss', not 'ferns'"),
    "endless": (in_message(content="word " * 100_000), "too_large", "more than 68,096 bytes"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_server_does_wrong_is_a_value(server, name):
    server.always, kind, said = SAID[name]
    [found] = write(server)
    assert isinstance(found, Failed)
    assert found.kind == kind
    assert kind in FAULTS
    assert re.search(said, found.said), found.said
    assert len(found.said) < 400
    assert found.said.isprintable()


def test_one_sample_that_fails_does_not_cost_the_others(server):
    server.faults = [choices(0)]
    found = write(server, seeds=range(4))
    assert [one.seed for one in found] == [0, 1, 2, 3]
    assert sorted(type(one).__name__ for one in found) == ["Failed", "Sample", "Sample", "Sample"]


def test_what_is_not_needed_may_be_missing_or_wrong(server):
    server.faults = [
        changed(lambda held: {"choices": held["choices"]}),
        changed(lambda held: {**held, "usage": {"completion_tokens": "9"}, "model": "ferns@main"}),
        in_choice(finish_reason=None),
        in_choice(finish_reason="a\nb" * 100),
    ]
    found = [write(server)[0] for _ in range(4)]
    assert {one.text for one in found} == {say({"messages": ASKED, "seed": 7})}
    assert [one.tokens for one in found[:2]] == [None, None]
    assert found[2].finish_reason == "unknown"
    assert found[3].finish_reason.isprintable()
    assert len(found[3].finish_reason) <= 120


@pytest.mark.parametrize("length", ["\u00b2", "9" * 5000])
def test_a_length_that_is_no_number_is_not_heeded(server, length):
    server.always = lambda handler, status, held: send(
        handler, status, json.dumps(held).encode(), length
    )
    [found] = write(server, seconds=5)
    assert isinstance(found, Sample)


def test_a_number_of_tokens_that_cannot_be_is_not_kept(server):
    server.always = changed(lambda held: {**held, "usage": {"completion_tokens": 10**300}})
    assert write(server)[0].tokens is None


def test_a_host_that_can_be_none_is_told():
    with pytest.raises(ModelError, match="does not answer"):
        open_endpoint(f"http://{'a' * 70}.example:1", patience=QUICK)


def test_a_slow_server_is_waited_for_as_long_as_told(server):
    server.always = drips
    began = time.monotonic()
    [found] = write(server, whole_seconds=0.3)
    assert (found.kind, time.monotonic() - began < 3) == ("too_slow", True)
    server.always = lambda handler, *_: time.sleep(1)
    [found] = write(server, seconds=0.1, until=time.monotonic() + 0.4)
    assert found.kind in ("too_slow", "unreachable")
    assert time.monotonic() - began < 5


def test_it_can_be_stopped_from_elsewhere(server):
    server.always = drips
    stop = wire.Stop()
    threading.Timer(0.2, stop).start()
    began = time.monotonic()
    found = write(server, seeds=range(20), stop=stop)
    assert {one.kind for one in found} == {"stopped"}
    assert time.monotonic() - began < 5
    assert len(server.asked) <= 8


def test_a_token_is_sent_and_never_told(server, monkeypatch):
    monkeypatch.setenv(wire.TOKEN, "secret")
    server.faults = [None, says(401)]
    sample, failed = write(server) + write(server)
    assert {held["Authorization"] for held in server.headers} == {"Bearer secret"}
    assert "secret" not in repr((sample, failed))
    monkeypatch.setenv(wire.TOKEN, "secret\n")
    assert isinstance(write(server)[0], Sample)
    assert server.headers[-1]["Authorization"] == "Bearer secret"
    for wrong in ("secret\nx: y", "secr\u00e9t", "secret\u2013"):
        monkeypatch.setenv(wire.TOKEN, wrong)
        with pytest.raises(RecipeError, match=wire.TOKEN) as caught:
            write(server)
        assert "secr" not in str(caught.value)


def test_the_models_name_is_learnt_where_there_is_one(server):
    assert open_endpoint(server.address).model == "ferns"
    server.listed = ["a", "b", "c"]
    with pytest.raises(ModelError, match="serves 3 models: a, b, c") as caught:
        open_endpoint(server.address)
    assert "--served-model" in caught.value.hint
    server.listed = [7, "", "a\x1b[2Jb", "\ud800", "a\u202eb"]
    with pytest.raises(ModelError, match="serves 0 models"):
        open_endpoint(server.address)
    with pytest.raises(ModelError, match="does not tell its models: 404"):
        open_endpoint(f"{server.address}/v2")
    for held in (7, "ferns", {"id": "ferns"}, None):
        server.listed = held
        with pytest.raises(ModelError, match="lists no models"):
            open_endpoint(server.address)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("http://h:1", "/v1/chat/completions"),
        ("http://h:1/v1/", "/v1/chat/completions"),
        ("https://h/openai/v1/chat/completions", "/openai/v1/chat/completions"),
        ("ftp://h", None),
        ("h:1", None),
        ("http://h:1/a b", None),
        ("http://h:99999", None),
    ],
)
def test_addresses(given, path):
    if path is None:
        with pytest.raises(RecipeError, match="no address"):
            parse_address(given)
    else:
        assert parse_address(given).path == path


def test_a_server_that_cannot_be_reached_holds_nobody_up(monkeypatch):
    """Nothing stops an attempt to connect, so it is short, however long an answer may take."""
    monkeypatch.setattr(wire, "CONNECTING", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]  # in its queue, which has no room left
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        with pytest.raises(ModelError, match="does not answer: timed out"):
            open_endpoint(f"http://127.0.0.1:{port}", patience=QUICK)
        assert time.monotonic() - began < 10
        for one in waiting:
            one.close()
