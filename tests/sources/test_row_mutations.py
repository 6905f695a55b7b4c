"""Rows of all shapes, broken in every place: each gives an outcome, and nothing is raised."""

import copy
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.errors import PairsmithError
from pairsmith.schema.messages import encode_extras
from pairsmith.schema.reasons import Reason
from pairsmith.sources.detection.describe import describe
from pairsmith.sources.fields import is_covered, paths_of
from pairsmith.sources.outcomes import Comparison, Refused
from pairsmith.sources.rows.detected import Asked
from pairsmith.sources.rows.grouping import group_rows
from pairsmith.sources.rows.reading import read_row
from support.annotated_shapes import ANNOTATED
from support.public_shapes import PUBLIC
from support.slow import slow

ALL = {**PUBLIC, **ANNOTATED}
DEEP = json.loads("[" * 400 + "]" * 400)
ODD = [
    None, True, False, 0, 1, -1, 2.5, 10**400, float("nan"), float("inf"), "", " ", "tie", "x\0y",
    "\ud800", "7", "[1, 2]", '{"role": "user"}', [], {}, [None], [[]], [{}], {"a": None}, ["a", 1],
    [["q", "a"], ["q"]], {"role": "user", "content": [{"type": "image_url"}]}, DEEP,
    [{"role": "pirate", "content": "Arr."}], {"value": "response_9", "rank": "first"}, "n" * 70_000,
    [["q"]] * 200, {"messages": 5}, {"type": "text"}, 2**63,
]  # fmt: skip


def asked_of(name):
    return Asked(**dict(ALL[name].asked))


def places(value, at=()):
    """All places in a row, as ways of keys and indexes."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in inner:
        yield (*at, key)
        if isinstance(held, dict | list):
            yield from places(held, (*at, key))


def mutate(row, way, odd):
    broken = copy.deepcopy(row)
    held = broken
    for key in way[:-1]:
        held = held[key]
    if odd == "gone" and isinstance(held, dict):
        del held[way[-1]]
    else:
        held[way[-1]] = copy.deepcopy(odd)
    return broken


def texts_of(row):
    return {text for text in map(str.strip, find_texts(row)) if len(text) > 3}


def find_texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from find_texts(inner)


def check(held, rows):
    """Reads rows, and checks what can be said of any outcome."""
    shape = held.shape()
    numbers = []
    for group, row in group_rows(enumerate(rows), shape):
        numbers += group
        reading = read_row(row, shape)
        assert reading.outcomes
        for outcome in reading.outcomes:
            if isinstance(outcome, Refused):
                assert outcome.reason in set(Reason)
                assert len(outcome.detail) < 400
                continue
            assert isinstance(outcome, Comparison)
            for message in [*outcome.chosen, *outcome.rejected]:
                (message["content"] + message["role"] + (encode_extras(message) or "")).encode()
                assert "\0" not in message["content"]
            if outcome.scores:
                json.dumps(outcome.scores, allow_nan=False)
        for path in reading.used:
            assert isinstance(path, str)
    assert sorted(numbers) == list(range(len(rows)))


@pytest.mark.parametrize("name", ALL)
def test_rows_that_are_broken_somewhere(name):
    dice = random.Random(name)
    rows = ALL[name].rows
    held = describe(rows, asked_of(name), name)
    for _ in range(40):
        broken = list(rows)
        place = dice.randrange(len(rows))
        way = dice.choice(list(places(rows[place])))
        broken[place] = mutate(rows[place], way, dice.choice([*ODD, "gone"]))
        check(held, broken)


@slow
@pytest.mark.parametrize("name", ALL)
def test_rows_that_are_broken_everywhere(name):
    rows = ALL[name].rows
    held = describe(rows, asked_of(name), name)
    for place, row in enumerate(rows[:2]):
        for way in places(row):
            for odd in [*ODD, "gone"]:
                check(held, [*rows[:place], mutate(row, way, odd), *rows[place + 1 :]])


@pytest.mark.parametrize("name", ALL)
def test_broken_rows_are_told_or_are_a_fault_with_words(name):
    dice = random.Random(name)
    rows = ALL[name].rows
    for _ in range(40):
        broken = rows[0]
        for _ in range(dice.randrange(1, 4)):
            ways = list(places(broken))
            broken = mutate(broken, dice.choice(ways), dice.choice(ODD)) if ways else broken
        try:
            held = describe([broken], asked_of(name), "x.jsonl")
        except PairsmithError as fault:
            assert fault.message  # noqa: PT017 (any of these is as good)
            assert fault.hint  # noqa: PT017
        else:
            if held is not None:
                check(held, [broken, rows[0]])


@pytest.mark.parametrize("name", ALL)
def test_a_detail_quotes_nothing(name):
    rows = ALL[name].rows
    held = describe(rows, asked_of(name), name)
    dice = random.Random(name)
    for _ in range(30):
        way = dice.choice(list(places(rows[0])))
        broken = mutate(rows[0], way, dice.choice(["Zebrawood wilts.", ["Zebrawood wilts."], 7]))
        for _, row in group_rows([(1, broken)], held.shape()):
            for outcome in read_row(row, held.shape()).outcomes:
                if isinstance(outcome, Refused):
                    assert "zebra" not in outcome.detail.lower()
                    assert not any(
                        text in outcome.detail for text in texts_of(rows[0]) if " " in text
                    )


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "from", "value", "messages", "text", "rank", "type"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    row=st.dictionaries(
        st.sampled_from(
            ["prompt", "chosen", "rejected", "system", "history", "tools", "input", "context",
             "a", "b", "winner", "answers", "score_chosen", "score_rejected", "completion", "label"]
        ),
        JSON,
    )
)  # fmt: skip
def test_rows_of_anything(row):
    for name in ("Nectar", "orca_dpo_pairs", "kto-mix-14k", "chatbot_arena_conversations"):
        check(describe(ALL[name].rows, asked_of(name), name), [row])
    try:
        held = describe([row], Asked(), "x")
    except PairsmithError:
        return
    if held:
        check(held, [row])


LINES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=9)
BESIDE = {"system": LINES, "history": st.lists(st.tuples(LINES, LINES).map(list), max_size=2)}
REPLIES = st.sampled_from(
    [lambda t: t, lambda t: {"role": "assistant", "content": t},
     lambda t: [{"role": "assistant", "content": t}], lambda t: {"from": "gpt", "value": t}]
)  # fmt: skip


@given(prompt=LINES, texts=st.lists(LINES, min_size=2, max_size=2), write=REPLIES,
       beside=st.fixed_dictionaries({}, optional=BESIDE), meta=LINES,
       flip=st.booleans())  # fmt: skip
def test_every_field_is_used_or_left_out_and_every_content_is_there(
    prompt, texts, write, beside, meta, flip
):
    row = {"question": prompt, "response_a": write(texts[0]), "response_b": write(texts[1]),
           "winner": "b" if flip else "a", "annotator": meta, **beside}  # fmt: skip
    held = describe([row] * 3, Asked(), "x")
    reading = read_row(row, held.shape())
    left = {path for path in paths_of(row) if not is_covered(path, reading.used)}
    assert left == {"annotator"}
    assert all(any(is_covered(p, {path}) for p in paths_of(row)) for path in reading.used)
    (outcome,) = reading.outcomes
    assert isinstance(outcome, Comparison)
    better, worse = texts[::-1] if flip else texts
    history = [text for pair in beside.get("history", []) for text in pair]
    front = [beside["system"]] if "system" in beside else []
    for side, reply in ((outcome.chosen, better), (outcome.rejected, worse)):
        assert [m["content"] for m in side] == [*front, *history, prompt, reply]
