"""Best-of-n from a server of chat completions, also from one that misbehaves."""

import json

import pytest

import pairsmith
from pairsmith.errors import ModelError
from pairsmith.generating.manifest import iter_samples, read_samples
from pairsmith.io import wire
from support.annotated import tree
from support.chat_server import chatting, choices, in_message, named, retry_after
from support.faulty_server import cut, hangs_up, says
from support.slow import quick

HOW = {"best_of": 3, "max_tokens": 12}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(wire, "PAUSE", 0.001)
    monkeypatch.delenv(wire.TOKEN, raising=False)


@pytest.fixture
def server():
    with chatting() as server:
        yield server


def make(builds, out, server, scorer, form="messages", **options):
    given = {**HOW, **options}
    return pairsmith.generate(builds / form, out, endpoint=server.address, score=scorer, **given)


def rows_in(folder):
    return list(iter_samples(folder, read_samples(folder)))


@pytest.mark.parametrize("form", quick(["messages", "text"], "text"))
def test_prompts_of_either_form_are_asked_as_messages(builds, server, scorer, tmp_path, form):
    made = make(builds, tmp_path / "out", server, scorer, form)
    told = made.manifest
    assert (told.model, told.endpoint["model"]) == (None, "ferns")
    assert told.endpoint["address"] == f"{server.address}/v1/chat/completions"
    assert sum(account["read"] for account in told.ledger.values()) == 14
    rows = {row["id"]: row for row in rows_in(made.folder)}
    asked = {(json.dumps(q["messages"]), q["seed"]) for q in server.asked}
    assert asked == {
        (json.dumps(row["prompt"]), one["seed"]) for row in rows.values() for one in row["samples"]
    }
    assert len(asked) == len(server.asked) == 42
    longer = [row for row in rows.values() if len(row["prompt"]) == 3]
    assert [m["content"] for m in longer[0]["prompt"]][:2] == ["Hello.", "Good morning."]
    for row in rows.values():
        assert row["model"] == "ferns"
        if "chosen" in row:
            scores = [one["score"] for one in row["samples"]]
            assert (row["chosen_score"], row["rejected_score"]) == (max(scores), min(scores))
    assert told.summary["kl"]["measured"] is None


def test_what_goes_wrong_with_a_sample_is_recorded_with_it(builds, server, scorer, tmp_path):
    server.faults = [
        cut, hangs_up, retry_after("0"), says(503), choices(0), in_message(content=None),
        in_message(content="word " * 100_000), in_message(content=" "), says(400),
    ]  # fmt: skip
    made = make(builds, tmp_path / "out", server, scorer, at_once=1)
    assert (made.manifest.samples["failed"], made.manifest.samples["empty"]) == (4, 1)
    held = [one for row in rows_in(made.folder) for one in row["samples"]]
    faults = [one["fault"] for one in held if "fault" in one]
    assert sorted(faults) == ["empty", "no_choice", "no_content", "too_large", "unfit"]
    assert made.manifest.faults == dict.fromkeys(sorted({*faults} - {"empty"}), 1)
    assert all((one["text"] or None) is None for one in held if "fault" in one)
    assert sum(account.get("failed", 0) for account in made.manifest.ledger.values()) == 2
    assert pairsmith.build(made.folder, tmp_path / "built").totals.kept == made.manifest.kept


SAID = {
    "other": (named("moss"), "answers for another model: 'moss', not 'ferns'"),
    "no_model": (says(404), "refuses to answer: 404"),
    "token": (says(401), "refuses to answer: 401"),
    "gone": (says(503), r"answers 503 .*asked 6 times"),
    "greedy": (in_message(content="Tea."), "the same reply to every seed, for each of 8 prompts"),
    "useless": (choices(0), "gave no sample: .* gives 0 choices"),
}


@pytest.mark.parametrize("name", SAID)
def test_a_server_that_is_of_no_use_ends_it_with_a_sentence(builds, server, scorer, tmp_path, name):
    server.always, said = SAID[name]
    with pytest.raises(ModelError, match=said):
        make(builds, tmp_path / "out", server, scorer)
    assert len(server.asked) < 42 * 6
    assert not (tmp_path / "out").exists()


def test_faults_of_a_server_that_is_not_proved_are_not_kept(builds, server, tmp_path):
    """What is put right there is not held against the first prompts for ever."""
    server.faults = [choices(0)] * 8
    asked = {"best_of": 1, "at_once": 1}
    with pytest.raises(ModelError, match="gave no sample"):
        make(builds, tmp_path / "out", server, None, **asked)
    assert make(builds, tmp_path / "out", server, None, **asked).manifest.samples["failed"] == 0


def test_white_space_around_a_reply_stands_beside_it(builds, server, tmp_path):
    server.always = in_message(content=" \n Tea.\t")
    made = make(builds, tmp_path / "out", server, None, best_of=1)
    assert made.manifest.samples["trimmed"] == 14
    [held] = rows_in(made.folder)[0]["samples"]
    assert (held["text"], held["around"]) == ("Tea.", [" \n ", "\t"])


def test_what_was_answered_is_not_asked_again(builds, server, scorer, tmp_path):
    whole = make(builds, tmp_path / "whole", server, scorer)
    server.asked.clear()
    server.faults = [None] * 20
    server.always = says(503)
    with pytest.raises(ModelError, match="503"):
        make(builds, tmp_path / "out", server, scorer, at_once=2)
    finished = (tmp_path / "out" / "unfinished" / "journal.jsonl").read_bytes().count(b"\n")
    assert 4 <= finished <= 6
    server.always = None
    server.asked.clear()
    make(builds, tmp_path / "out", server, scorer, at_once=5)
    assert len(server.asked) == 42 - 3 * finished
    assert tree(tmp_path / "out") == tree(whole.folder)


def test_without_models_at_hand_no_torch_is_needed(builds, server, tmp_path, monkeypatch):
    monkeypatch.setattr("pairsmith.generating.generate.require", None)
    made = pairsmith.generate(
        builds / "messages", tmp_path / "out", endpoint=server.address, best_of=1, round="0"
    )
    assert made.manifest.ledger["helpful-base/test"] == {"read": 4, "kept": 0, "unscored": 4}
    assert {row["round"] for row in rows_in(made.folder)} == {"0"}
