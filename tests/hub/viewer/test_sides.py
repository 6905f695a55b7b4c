"""Rows as people read them."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.viewer.query import read_page
from pairsmith.hub.viewer.sides import are_pairs, render_row
from pairsmith.hub.viewer.sources import Source
from support.examples import examples
from support.hub.parquets import parquet

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


def rows(folder, columns):
    (folder / "rows").write_bytes(parquet(columns))
    found = read_page([Source("rows.parquet", folder / "rows")], 1)
    return found.columns, [render_row(found.columns, row) for row in found.rows]


def said(*turns: str):
    return [
        {"role": role, "content": content}
        for role, content in (turn.split(":", 1) for turn in turns)
    ]


def texts(side):
    return [(turn.role, str(turn.text)) for turn in side.turns]


def test_texts_are_put_side_by_side(tmp_path):
    columns, (row,) = rows(
        tmp_path,
        {"id": ["i"], "prompt": ["p"], "chosen": ["a <b> c"], "rejected": ["a <b> d"], "n": [1]},
    )
    assert are_pairs(columns)
    assert texts(row.pair.prompt) == [("", "p")]
    assert texts(row.pair.chosen) == [("", "a &lt;b&gt;<ins> c</ins>")]
    assert texts(row.pair.rejected) == [("", "a &lt;b&gt;<del> d</del>")]
    assert [(fact.name, fact.side.turns[0].text) for fact in row.facts] == [("id", "i"), ("n", "1")]


def test_messages_are_put_side_by_side(tmp_path):
    prompt = said("user:hi")
    _, (row,) = rows(
        tmp_path,
        {
            "prompt": pa.array([prompt], MESSAGES),
            "chosen": pa.array([said("assistant:yes, do", "user:thanks")], MESSAGES),
            "rejected": pa.array([said("assistant:yes, no")], MESSAGES),
        },
    )
    assert texts(row.pair.prompt) == [("user", "hi")]
    assert texts(row.pair.chosen) == [
        ("assistant", "yes,<ins> do</ins>"),
        ("user", "<ins>thanks</ins>"),
    ]
    assert texts(row.pair.rejected) == [("assistant", "yes,<del> no</del>")]


def test_messages_that_both_sides_begin_with_are_the_prompt(tmp_path):
    begin = ["system:s", "user:hi"]
    _, (row, same) = rows(
        tmp_path,
        {
            "chosen": pa.array(
                [said(*begin, "assistant:a"), said(*begin, "assistant:a")], MESSAGES
            ),
            "rejected": pa.array(
                [said(*begin, "assistant:b"), said(*begin, "assistant:a")], MESSAGES
            ),
        },
    )
    assert texts(row.pair.prompt) == [("system", "s"), ("user", "hi")]
    assert texts(row.pair.chosen) == [("assistant", "<ins>a</ins>")]
    assert texts(same.pair.prompt) == [("system", "s"), ("user", "hi")]
    assert texts(same.pair.chosen) == texts(same.pair.rejected) == [("assistant", "a")]


def test_what_is_missing_is_told_apart_from_what_is_empty(tmp_path):
    _, (row,) = rows(
        tmp_path, {"chosen": [""], "rejected": pa.array([None], pa.string()), "x": ["y"]}
    )
    assert row.pair.prompt is None
    assert row.pair.chosen.turns[0].text == ""
    assert row.pair.rejected.turns[0].text is None


def test_a_chosen_and_a_rejected_of_two_kinds_are_no_pair(tmp_path):
    columns, (row,) = rows(
        tmp_path, {"chosen": pa.array([said("user:hi")], MESSAGES), "rejected": ["a"]}
    )
    assert not are_pairs(columns)
    assert row.pair is None
    assert [fact.name for fact in row.facts] == ["chosen", "rejected"]
    assert not rows(tmp_path, {"chosen": ["a"]})[1][0].pair


def test_what_is_left_out_is_counted(tmp_path):
    _, (row,) = rows(
        tmp_path,
        {
            "chosen": pa.array([said(*["user:" + "x" * 4_001] * 21)], MESSAGES),
            "rejected": pa.array([said("user:b")], MESSAGES),
        },
    )
    assert row.pair.chosen.left_out == 1
    assert {turn.left_out for turn in row.pair.chosen.turns} == {1}


@examples(20)
@given(
    st.lists(
        st.tuples(
            *[
                st.none()
                | st.lists(
                    st.none()
                    | st.fixed_dictionaries(
                        {
                            "role": st.none() | st.sampled_from(["user", ""]),
                            "content": st.none() | st.sampled_from(["a", "b", ""]),
                        }
                    ),
                    max_size=3,
                )
            ]
            * 2
        ),
        min_size=1,
        max_size=25,
    )
)
def test_any_messages_can_be_shown(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("rows")
    chosen, rejected = (pa.array(side, MESSAGES) for side in zip(*pairs, strict=True))
    _, found = rows(folder, {"chosen": chosen, "rejected": rejected})
    for row, (one, other) in zip(found, pairs, strict=True):
        shared = len(row.pair.prompt.turns) if row.pair.prompt else 0
        assert shared + len(row.pair.chosen.turns) == (1 if one is None else len(one))
        assert shared + len(row.pair.rejected.turns) == (1 if other is None else len(other))
