"""score --endpoint: what a server says, proved against the model, and whatever it does wrong."""

import json
import math
from urllib.parse import urlsplit

import pytest

import pairsmith
from pairsmith.errors import ModelError, RecipeError
from pairsmith.io import wire
from pairsmith.scoring.endpoint import parse_endpoint
from pairsmith.scoring.options import ScoreOptions
from pairsmith.scoring.score import score_build
from pairsmith.scoring.texts import score_texts
from support.annotated import tree
from support.faulty_server import changed, cut, drips, hangs_up, says, send
from support.models.folders import write_scorer
from support.score_server import serving
from support.slow import quick, slow

CLOSE = 1e-5
KINDS = ["vllm", "sglang", "openrlhf"]
ROUTES = {"openrlhf": "/get_reward"}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Nobody waits long for a server that is at hand."""
    monkeypatch.setattr(wire, "PAUSE", 0.001)


@pytest.fixture
def server(scorer):
    with serving(scorer) as server:
        yield server


def read(annotation):
    return {row["id"]: row for batch in annotation.batches() for row in batch.to_pylist()}


def score(builds, scorer, server, name="remote", **options):
    asked = {"subset": "helpful-base", "batch_tokens": 400, **options}
    return pairsmith.score(builds / "messages", scorer, name=name, endpoint=server.address, **asked)


@pytest.fixture(scope="module")
def local(builds, scorer):
    """What the model itself gives all rows, by the form of the build."""
    return {
        form: read(pairsmith.score(builds / form, scorer, name="local"))
        for form in ("messages", "text")
    }


def are_close(said, wanted):
    assert said.keys() == wanted.keys()
    for id, row in said.items():
        for name in ("score", "chosen_score", "rejected_score", "mean_score", "task_score"):
            assert row[name] == pytest.approx(wanted[id][name], abs=CLOSE), (id, name)
        assert row["turn_scores"] == pytest.approx(wanted[id]["turn_scores"], abs=CLOSE)
        assert row["chosen_tokens"] == wanted[id]["chosen_tokens"]


# What is said


@pytest.mark.parametrize("kind", quick(KINDS))
def test_a_server_gives_the_scores_of_the_model(builds, scorer, local, kind):
    with serving(scorer, kind) as server:
        url = server.address + ROUTES.get(kind, "")
        options = ScoreOptions(endpoint=url, batch_tokens=2_000)
        made = score_build(builds / "messages", str(scorer), f"by-{kind}", options)
    are_close(read(made.annotation), local["messages"])
    assert (
        made.annotation.annotator.recipe["backend"] == f"endpoint {ROUTES.get(kind, '/classify')}"
    )
    assert server.address not in json.dumps(made.annotation.annotator.recipe)
    [remark] = [remark for remark in made.remarks if "endpoint" in remark]
    assert " texts differ from the model's by" in remark


@slow
def test_a_build_as_text_is_scored_by_ids(builds, scorer, local, server):
    made = pairsmith.score(builds / "text", scorer, name="remote", endpoint=server.address)
    are_close(read(made), local["text"])
    begun = {asked[0] for question in server.asked for asked in question["input"]}
    assert len(begun) == 1  # BOS, which no server had to add


def test_a_text_is_scored_too(scorer, server):
    text = ["Give the fern a cup of tea."]
    options = ScoreOptions(endpoint=server.address)
    [remote], [here] = score_texts(text, str(scorer), options), score_texts(text, str(scorer))
    assert remote.score == pytest.approx(here.score, abs=CLOSE)


@slow
def test_rows_come_in_order_and_few_at_a_time(builds, scorer, local, server):
    made = score(builds, scorer, server, served_model="ferns", batch_tokens=60)
    wanted = {id: row for id, row in local["messages"].items() if id.startswith("helpful-base/")}
    assert {id: row["score"] for id, row in read(made).items()} == pytest.approx(
        {id: row["score"] for id, row in wanted.items()}, abs=CLOSE
    )
    assert len(server.asked) > 6
    assert all(question["model"] == "ferns" for question in server.asked)


@slow
def test_a_token_is_sent_where_there_is_one(builds, scorer, server, monkeypatch):
    monkeypatch.setenv(wire.TOKEN, "secret")
    made = score(builds, scorer, server)
    assert {held["Authorization"] for held in server.headers} == {"Bearer secret"}
    assert all(
        "secret" not in path.read_bytes().decode("latin-1") for path in made.folder.iterdir()
    )


# What passes

PASSING = {"429": says(429), "503": says(503), "cut": cut, "hangs_up": hangs_up}


@pytest.mark.parametrize("name", quick(PASSING, "cut"))
def test_a_fault_that_passes_is_waited_out(builds, scorer, server, name):
    fault = PASSING[name]
    plain = read(score(builds, scorer, server))
    server.faults = [fault, fault, None, fault]
    assert read(score(builds, scorer, server, name="again")) == plain
    assert server.faults == []


@slow
def test_a_server_that_goes_away_loses_nothing(builds, scorer, server, monkeypatch):
    from pairsmith.scoring import pieces

    monkeypatch.setattr(pieces, "PIECE_ROWS", 2)
    whole = read(score(builds, scorer, server, name="whole"))
    asked = len(server.asked)
    server.asked.clear()
    server.faults = [None] * (asked // 2)
    server.always = says(503)
    with pytest.raises(ModelError, match=r"answers 503 .* \(asked 6 times\)"):
        score(builds, scorer, server)
    left = builds / "messages" / "annotations" / "remote" / "unfinished"
    assert [*left.glob("piece-*")]
    server.always = None
    server.asked.clear()
    assert read(score(builds, scorer, server)) == whole
    assert len(server.asked) < asked


# What is refused


def put_in(name, value):
    """An answer in whose first entry something else stands."""

    def change(held):
        held["data"][0][name] = value
        return held

    return changed(change)


def without_the_last(held):
    held["data"].pop()
    return held


FAULTS = {
    "another_length": (changed(without_the_last), r"gives \d scores of \d texts"),
    "another_model": (changed(lambda held: held | {"model": "oaks"}), "answers for another model"),
    "infinite": (put_in("probs", [math.inf]), "is not finite"),
    "large": (put_in("probs", [1e300]), "is not finite"),
    "whole": (put_in("probs", [10**400]), "is not finite"),
    "text": (put_in("probs", ["1"]), "is no number"),
    "truth": (put_in("probs", [True]), "is no number"),
    "two_classes": (put_in("probs", [0.5, 0.5]), "gives 2 numbers of a text"),
    "no_probs": (put_in("probs", None), "is no number"),
    "twice": (put_in("index", 3), "holds no scores"),
    "list": (changed(lambda _: []), "holds no scores"),
    "html": (changed(lambda _: b"<html>"), "is no JSON"),
    "deep": (changed(lambda _: b"[" * 50_000), "is no JSON"),
    "another_score": (put_in("probs", [3.0]), "does not give the scores of .* differs by"),
    "unauthorized": (says(401), f"refuses to score: 401.*\n.*{wire.TOKEN}"),
    "redirection": (says(307), "refuses to score: 307"),
    "unknown": (says(404), r"refuses to score: 404.*\n.*--served-model"),
    "always_busy": (says(503), r"answers 503 .*\(asked 6 times\)"),
}


@pytest.mark.parametrize("name", quick(FAULTS, "another_length", "another_model", "another_score"))
def test_what_a_server_does_wrong_is_told(builds, scorer, server, name):
    fault, said = FAULTS[name]
    server.always = fault
    before = tree(builds)
    with pytest.raises(ModelError, match=said) as caught:
        score(builds, scorer, server, name="wrong", served_model="ferns")
    assert tree(builds) == before
    assert server.address in caught.value.message
    assert len(caught.value.message) < 400


def test_nan_is_told(builds, scorer, server):
    server.always = put_in("probs", [math.nan])
    with pytest.raises(ModelError, match="is not finite"):
        score(builds, scorer, server, name="wrong")


@slow
def test_a_score_that_goes_astray_later_is_told(builds, scorer, server):
    server.faults = [None]  # the proof holds
    server.always = put_in("probs", [math.nan])
    with pytest.raises(ModelError, match="is not finite"):
        score(builds, scorer, server, name="wrong")


def test_no_more_is_read_of_an_answer_than_scores_take(scorer, server):
    server.always = changed(lambda _: b" " * 100_000)
    with pytest.raises(ModelError, match="answers with more than 69,632 bytes") as caught:
        score_texts(["Which tea?"], str(scorer), ScoreOptions(endpoint=server.address))
    assert "one number for each of 1 texts" in caught.value.hint


def test_an_answer_that_drips_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(wire, "WHOLE_SECONDS", 0.3)
    with serving(None) as server:
        server.always = drips
        with pytest.raises(ModelError, match=r"takes more than 0\.3 seconds"):
            wire.ask(urlsplit(server.address + "/classify"), {})
    assert len(server.asked) == 1  # to ask again would be to wait again


def test_an_answer_in_time_is_not_broken_off(monkeypatch):
    monkeypatch.setattr(wire, "WHOLE_SECONDS", 5.0)
    with serving(None) as server:
        server.always = lambda handler, *_: send(handler, 200, b"[1]")
        held = [wire.ask(urlsplit(server.address + "/classify"), {}) for _ in range(3)]
    assert held == [[1]] * 3


@slow
def test_another_model_behind_the_server_is_found_out(builds, scorer, tmp_path):

    with serving(scorer) as server, pytest.raises(ModelError, match="does not give the scores"):
        server.folder = write_scorer(tmp_path / "wide", hidden=32)
        score(builds, scorer, server, name="wrong")


def test_shares_in_place_of_scores_are_found_out(builds, scorer):
    with serving(scorer, "sglang_v1") as server:
        url = f"{server.address}/v1"
        with pytest.raises(ModelError, match="a score of 1: it answers with shares"):
            pairsmith.score(builds / "messages", scorer, name="wrong", endpoint=url)


@slow
def test_coarser_numbers_may_be_let_pass(builds, scorer, server):
    def coarse(held):
        for one in held["data"]:
            one["probs"][0] += 0.02
        return held

    server.always = changed(coarse)
    with pytest.raises(ModelError, match="differs by 0.02, more than 0.01"):
        score(builds, scorer, server, name="wrong")
    made = score(builds, scorer, server, tolerance=0.05)
    assert made.said == 6


@slow
def test_no_server_is_told(builds, scorer, server):
    server.shutdown()
    server.server_close()
    with pytest.raises(ModelError, match=r"does not answer: .*\(asked 6 times\)"):
        score(builds, scorer, server, name="wrong")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("localhost:8000", "no address"),
        ("ftp://host/classify", "no address"),
        ("http://", "no address"),
        ("http://host:99999", "no address"),
        ("http://host:8000/a b", "no address"),
        ("http://host:8000/\nX: y", "no address"),
        ("http://host:8000/v1/score", "route /v1/score .* not known"),
    ],
    ids=["bare", "ftp", "empty", "port", "space", "line", "route"],
)
def test_addresses_that_are_none(builds, scorer, url, said):
    with pytest.raises(RecipeError, match=said):
        pairsmith.score(builds / "messages", scorer, name="wrong", endpoint=url)


def test_a_password_in_an_address_is_not_told():
    parts = parse_endpoint("http://me:hidden@host:8000")
    assert wire.shown(parts) == "http://host:8000/classify"


@pytest.mark.parametrize(
    "options",
    [{"tolerance": 0.0}, {"tolerance": math.nan}, {"served_model": "ferns"}],
    ids=["zero", "nan", "no_endpoint"],
)
def test_options_out_of_range(builds, scorer, options):
    with pytest.raises(RecipeError):
        pairsmith.score(builds / "messages", scorer, name="wrong", **options)
