"""The topics of a build: in its annotation, which takes no row away, and in equal bytes."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith.dataset.annotations import open_annotation
from support.planted_attempts import plant, write_build
from support.planted_words import TOPICS
from support.slow import slow

WORDS = {word for words in TOPICS.values() for word in words.split()}


@pytest.fixture(scope="module")
def planted():
    return plant(300, seed=7, copies=0.05)


@pytest.fixture(scope="module")
def out(tmp_path_factory, planted):
    return write_build(tmp_path_factory.mktemp("build"), planted)


def read_labels(out):
    [part] = (out / "annotations" / "explore").glob("*.parquet")
    return pq.read_table(part).to_pylist()


@slow
def test_each_row_of_a_topic_is_labelled_with_it(out, planted):
    made = pairsmith.explore(out, only=["topics"])
    [answer] = made.answers
    told = {effect.numbers["topic"]: effect for effect in answer.effects[0].effects}
    said = [row for row in read_labels(out) if row["label"].startswith("topic-")]
    assert len({row["id"] for row in said}) == len(said)
    for row in said:
        topic = told[int(row["label"].removeprefix("topic-"))]
        assert row["detail"] == topic.of
        assert 0 < row["score"] <= 1.000001
    assert sum(effect.numbers["attacks"] for effect in told.values()) == len(said)
    leaving = open_annotation(out / "annotations" / "explore").annotator.actions
    assert {row["label"] for row in read_labels(out)} == set(leaving)
    assert set(leaving.values()) == {"leave"}  # so that applying it drops nothing


@slow
def test_a_report_without_texts_holds_no_word_of_them(out):
    made = pairsmith.explore(out, only=["topics"], no_text=True)
    held = [made.to_json(), json.dumps(read_labels(out))]
    for text in held:
        assert not {word for word in WORDS if len(word) > 5 and word in text}


@slow
def test_equal_builds_give_equal_bytes(out):
    first, second = (pairsmith.explore(out, only=["topics"], seed=3).to_json() for _ in range(2))
    assert first == second
