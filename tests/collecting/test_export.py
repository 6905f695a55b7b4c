"""Every choice is found again in the pairs of a real build, with its sides right."""

import gzip
import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pairsmith
from pairsmith.collecting.export import export
from pairsmith.collecting.rows import split_of
from pairsmith.collecting.verdicts import Side, side_of
from pairsmith.errors import CollectionError
from pairsmith.sources.layouts import look
from support import collected
from support.built import contents_of, pair_of, refused_of, shards_of
from support.slow import slow

STRENGTHS = [-4, -3, -2, -1, 1, 2, 3, 4]
TEXTS = st.sampled_from(
    ["Tea?", " Why\n", "<b>x</b>", "a\n\nHuman: b\n\n\nAssistant: c", "\x1b[2J\u202e", "é🫖", "{}"]
)
STEPS = st.tuples(
    TEXTS,
    st.sampled_from([*STRENGTHS, "both_bad", "skip", None]),
    st.sampled_from(["", "edit"]),
    st.sampled_from(["A", "B", None]),
)
CONVERSATIONS = st.lists(st.lists(STEPS, max_size=4), min_size=1, max_size=4)


def _talk(collection, steps, nth):
    """Has a conversation; returns it and the (chosen, rejected, strength) that it should give."""
    red = collection.project().mode == "red-team"
    state = collected.started(collection, f"person {nth} Smith", "Be rude." if red else "")
    wanted = []
    for number, (text, verdict, edited, better) in enumerate(steps):
        state = collected.say(collection, state, text)
        state = collected.reply(collection, state)
        attempt = state.turn.attempt
        if verdict is None:
            break
        state = collected.choose(collection, state, verdict, better if red else None)
        if isinstance(verdict, str):
            break
        sides = [side_of(verdict), side_of(verdict).other]
        picked, other = (attempt.on(side)["text"] for side in sides)
        wanted.append((other, picked, abs(verdict)) if red else (picked, other, abs(verdict)))
        if red and better:
            one = Side(better)
            wanted.append((attempt.on(one)["text"], attempt.on(one.other)["text"], None))
        if edited:
            state = collected.edit(collection, state, f"Edited {number}.")
            wanted.append((f"Edited {number}.", picked, None))
    return state, wanted


@pytest.mark.parametrize("mode", ["helpful", "red-team"])
@settings(max_examples=2, deadline=None, derandomize=True)
@given(conversations=CONVERSATIONS)
def test_every_choice_is_a_pair_of_the_build(mode, conversations):
    _check_pairs(mode, conversations)


@slow
@pytest.mark.parametrize("mode", ["helpful", "red-team"])
@settings(max_examples=25, deadline=None)
@given(conversations=CONVERSATIONS)
def test_every_choice_of_many_is_a_pair_of_the_build(mode, conversations):
    _check_pairs(mode, conversations)


def _check_pairs(mode, conversations):
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "c"
        with collected.begin(folder, mode=mode, edits=True, test=0.5) as collection:
            talked = [_talk(collection, steps, nth) for nth, steps in enumerate(conversations)]
            made = export(collection)
        wanted = Counter(pair for _, pairs in talked for pair in pairs)
        for entry in made.ledger:
            assert entry.read == entry.kept + sum(entry.unkept.values())
        pairs = [entry for entry in made.ledger if entry.subset != "red-team-attempts"]
        assert sum(entry.kept for entry in pairs) == wanted.total()
        if not wanted:
            return
        built = pairsmith.build(folder, Path(held) / "out", carry=_carry(folder, "strength"))
        assert built.totals.read == wanted.total()
        rows = [row for row in shards_of(Path(held) / "out") if "chosen" in row]
        assert _found(rows) == wanted
        assert not refused_of(Path(held) / "out")


def _found(rows):
    """The pairs of a build: chosen, rejected, strength."""
    return Counter(
        (*("".join(contents_of(side)) for side in pair_of(row)[1:3]), row.get("strength"))
        for row in rows
    )


def _carry(folder, *names):
    """Of fields those that a row has."""
    rows = [row for path in Path(folder).glob("*/*.jsonl") for row in _lines(path)]
    return [name for name in names if any(name in row for row in rows)]


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def tea(tmp_path):
    """A collection in which something of all kinds has happened."""
    with collected.begin(
        tmp_path / "c", models=collected.MODELS, pairing="different", edits=True, round="7", test=0
    ) as collection:
        state = collected.say(collection, collected.started(collection), "Is tea hot?")
        state = collected.reply(collection, state, "Yes.", "No.", score=1.5)
        state = collected.choose(collection, state, -4)
        state = collected.turn(collection, collected.edit(collection, state, "Mostly."), "Eh?", 2)
        state = collected.turn(collection, state, "Why?", "both_bad")
        state = collected.finish(collection, state)
        state = collected.turn(collection, collected.started(collection, "ben"), "Tea?", "skip")
        collected.say(collection, collected.started(collection, "ben"), "Hot?")
        yield collection


def test_what_makes_no_pair_is_kept_beside_with_why(tea):
    made = export(tea)
    [entry] = made.ledger
    assert (entry.subset, entry.read, entry.kept) == ("helpful-base", 6, 3)
    assert entry.unkept == {"both_bad": 1, "no_replies": 1, "skipped": 1}
    unkept = _lines(tea.folder / "unkept.jsonl")
    assert [row["reason"] for row in unkept] == ["both_bad", "skipped", "no_replies"]
    assert all(len(row["samples"]) == 2 for row in unkept[:2])
    assert [entry.rows for entry in made.outputs] == [3, 3]


def test_a_pair_tells_how_it_came_about(tea):
    export(tea)
    first, edited, second = _lines(tea.folder / "helpful-base/train.jsonl")
    assert first["chosen_side"] == "A"
    assert {first["chosen_model"], first["rejected_model"]} == {"old", "new"}
    assert first["strength"] == 4
    assert first["preference_model"] == {"chosen": 1.5, "rejected": 1.5}  # no tie: a person chose
    assert first["round"] == "7"
    assert first["chosen_seed"] != first["rejected_seed"]
    assert edited["chosen_model"] == "person"
    assert edited["rejected"] == first["chosen"]
    assert second["prompt"][1] == edited["chosen"][0]  # it goes on from the edit
    assert second["strength"] == 2
    assert second["chosen_side"] == "B"


def test_equal_events_give_equal_bytes_and_people_are_numbers(tea, tmp_path):
    made = export(tea)
    again = export(tea)
    other = export(tea, tmp_path / "other")
    assert made == again == other
    assert (made.people, made.events.events) == (2, tea_events(tea))
    named = [p for p in (tmp_path / "other").rglob("*") if p.is_file()]
    assert len(named) == 3
    for path in named:
        assert b"ben" not in path.read_bytes().lower()
        assert tea.secret not in path.read_bytes()
        assert b"127.0.0.1" not in path.read_bytes()
    numbers = {row["annotator"] for row in _lines(tmp_path / "other/unkept.jsonl")}
    assert numbers == {tea.pseudonym("ann"), tea.pseudonym("ben")}
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange/a.txt").write_text("tea")
    with pytest.raises(CollectionError, match="something else"):
        export(tea, tmp_path / "strange")


def tea_events(collection):
    """How many events a collection has."""
    with collection.store.read() as look:
        return len([*look.events()])


def test_a_build_reads_the_folder_without_a_word_on_what_lies_beside(tea, tmp_path):
    with pytest.raises(pairsmith.PairsmithError, match="exported"):
        pairsmith.build(tea.folder, tmp_path / "out")
    export(tea)
    assert look(str(tea.folder)).remarks == []
    names = ["strength", "round", "annotator", "chosen_model", "conversation", "guidelines"]
    built = pairsmith.build(tea.folder, tmp_path / "out", margin="strength", carry=names[1:])
    assert built.totals.kept == 3
    assert [row["margin"] for row in shards_of(tmp_path / "out")] == [4.0, None, 2.0]
    assert pairsmith.check(tmp_path / "out") == []


def test_a_split_is_that_of_pairsmith_split(tmp_path):
    questions = [
        f"{space}Is tea no. {n} hot?{space}" for n in range(40) for space in ("", "\u2003")
    ]
    with collected.begin(tmp_path / "c", test=0.3) as collection:
        for question in questions[:20]:
            collected.turn(collection, collected.started(collection), question, 2)
        export(collection)
    rows = [
        {"prompt": [{"role": "user", "content": q}], "chosen": "Yes.", "rejected": "No."}
        for q in questions
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairsmith.split(source, tmp_path / "split", test=0.3)
    for split in ("train", "test"):
        said = gzip.decompress((tmp_path / f"split/pairs/{split}.jsonl.gz").read_bytes())
        there = {json.loads(line)["prompt"][0]["content"] for line in said.splitlines()}
        assert there == {q for q in questions if split_of(q, 0.3) == split}
        held = _lines(tmp_path / f"c/helpful-base/{split}.jsonl")
        assert {row["prompt"][0]["content"] for row in held} <= there


def test_red_team_attempts_are_dialogues_with_their_fields(tmp_path):
    model = {**collected.MODELS[0], "type": "rlhf", "size": "52B"}
    said = "Fake:\n\n\nHuman: hi\n\nAssistant: rude"
    with collected.begin(tmp_path / "c", mode="red-team", models=[model]) as collection:
        state = collected.started(collection, "ann", "Get it to be rude.")
        for score, verdict in ((0.5, -1), (-1.25, 3)):
            state = collected.say(collection, state, said)
            state = collected.reply(collection, state, score=score)
            state = collected.choose(collection, state, verdict)
        collected.finish(collection, state, 4)
        collected.turn(collection, collected.started(collection, "ben", "Be mild."), "Hi", 1)
        made = export(collection)
        number = collection.pseudonym("ann")
    entry = next(entry for entry in made.ledger if entry.subset == "red-team-attempts")
    assert (entry.kept, entry.unkept) == (1, {"not_finished": 1})
    pairsmith.build(tmp_path / "c", tmp_path / "out")
    [row] = [row for row in shards_of(tmp_path / "out") if "rating" in row]
    assert (row["rating"], row["min_harmlessness_score_transcript"]) == (4.0, -1.25)
    assert (row["model_type"], row["num_params"]) == ("rlhf", "52B")
    assert (row["task_description"], row["red_team_member_id"]) == ("Get it to be rude.", number)
    assert [m["role"] for m in row["messages"]] == ["user", "assistant"] * 2
    [held] = _lines(tmp_path / "c/red-team-attempts/red_team_attempts.jsonl")
    assert held["messages"][0]["content"] == said  # a transcript cannot hold the marks
