"""Duplicates, leaks and direction: all that was planted is found, and nothing else."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from brute import count, read
from conftest import REAL_FILE
from pairsmith.audits import direction, duplicates, leaks
from pairsmith.audits.answer import FINDINGS, Study, UnansweredError
from pairsmith.audits.conversations import components
from pairsmith.audits.dataset import Dataset
from pairsmith.audits.keys import open_keys
from planted import plant, talk


@contextlib.contextmanager
def study_of(out):
    data = Dataset(out)
    with open_keys(data) as keys:
        yield Study(data, keys)


def ask(question, out):
    with study_of(out) as study:
        answer = question.ask(study)
    assert answer.findings.schema == FINDINGS
    return answer


def rows_of(answer, kind):
    return [f["rows"] for f in answer.findings.to_pylist() if f["kind"] == kind]


@pytest.fixture(scope="module", params=[(None, 1), ("llama2", 2), ("qwen3", 3)])
def planted(request, tmp_path_factory):
    """A build with known defects, as messages and as text, and what they are."""
    template, seed = request.param
    folder = tmp_path_factory.mktemp("planted")
    known = plant(folder / "in", seed)
    pairsmith.build(folder / "in", folder / "out", template=template)
    return folder / "out", known


def test_planted_duplicates_flips_and_circles(planted):
    out, known = planted
    answer = ask(duplicates, out)
    assert dict(rows_of(answer, "duplicate")) == known.duplicates
    assert {frozenset(ids) for ids in rows_of(answer, "flipped")} == known.flipped
    assert {frozenset(ids) for ids in rows_of(answer, "cycle")} == known.cycles
    assert answer.numbers["kept"]["extra_rows"] == len(known.duplicates) > 10
    assert answer.numbers["kept"]["flipped_groups"] == len(known.flipped) > 10


def test_planted_leaks(planted):
    out, known = planted
    answer = ask(leaks, out)
    for kind, ids in known.leaks.items():
        assert {found[0] for found in rows_of(answer, kind)} == ids, kind
        assert answer.numbers["train_rows"][kind] == len(ids) > 10
    assert all("/test/" in found[1] for kind in known.leaks for found in rows_of(answer, kind))
    assert answer.numbers["test_conversations_in_train"] == 3 * 12  # one a kind, but openings


def test_planted_directions(planted):
    out, known = planted
    found = ask(direction, out).numbers["kept"]
    for side, ids in (("rejected", known.rejected), ("chosen", known.chosen)):
        for subset, rows in ids.items():
            assert found[subset][f"any_depth_from_{side}"] == len(rows)
    assert known.chosen["helpful-base"] == set()
    assert len(known.chosen["harmless-base"]) > 5


def test_the_real_file_by_brute_force(real, tmp_path):
    pairsmith.build(real, tmp_path / "out", template="llama2")
    known = count(read(REAL_FILE))
    twice, way = ask(duplicates, tmp_path / "out"), ask(direction, tmp_path / "out")
    [counts] = way.numbers["kept_and_refused"].values()
    assert counts == {name: known[name] for name in counts}
    assert (counts["last_turn_from_rejected"], counts["any_depth_from_rejected"]) == (70, 128)
    assert (counts["last_turn_from_chosen"], counts["any_depth_from_chosen"]) == (0, 0)
    both = twice.numbers["kept_and_refused"]
    assert both["extra_rows"] == known["duplicates"] == 0
    assert both["prompts_with_several_pairs"] == known["repeated_prompts"] == 2
    with pytest.raises(UnansweredError, match="of the train split"):
        ask(leaks, tmp_path / "out")


@pytest.mark.parametrize(
    "options", [{"template": "llama2"}, {"template": "vicuna"}, {"system": "Be kind."}]
)
def test_keys_do_not_depend_on_the_form(real, tmp_path, options):
    pairsmith.build(real, tmp_path / "messages")
    pairsmith.build(real, tmp_path / "other", **options)
    tables = []
    for name in ("messages", "other"):
        with study_of(tmp_path / name) as study:
            assert study.data.unread == 0
            tables.append(study.keys.sql("SELECT * FROM rows ORDER BY id").fetchall())
    # a template may refuse a row or two more, and rows are numbered in order
    held = [{row[1]: row[5:] for row in table} for table in tables]
    assert held[0] == held[1]


def write(folder, rows, name="train"):
    path = folder / "harmless-base" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def pair(question, better, worse):
    return {"chosen": talk([question, better]), "rejected": talk([question, worse])}


def test_rows_that_are_all_the_same_and_a_test_row_that_stays(tmp_path):
    write(tmp_path / "in", [pair("q", "a", "b")] * 5)
    write(tmp_path / "in", [pair("q", "a", "b")], "test")
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    found = rows_of(ask(duplicates, tmp_path / "out"), "duplicate")
    assert [extra for extra, _ in found] == [f"harmless-base/train/{n}" for n in range(1, 6)]
    assert {kept for _, kept in found} == {"harmless-base/test/1"}
    assert ask(leaks, tmp_path / "out").numbers["train_rows"]["same_prompt"] == 5


def test_nothing_to_say(tmp_path):
    write(tmp_path / "in", [pair("q", "a", "a")])
    pairsmith.build(tmp_path / "in", tmp_path / "none")
    for question in (duplicates, leaks, direction):
        with pytest.raises(UnansweredError):
            ask(question, tmp_path / "none")
    write(tmp_path / "in", [pair("q", "a", "b")])
    pairsmith.build(tmp_path / "in", tmp_path / "one")
    assert ask(duplicates, tmp_path / "one").findings.num_rows == 0
    with pytest.raises(UnansweredError, match="too few"):
        ask(direction, tmp_path / "one")


links = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


@given(links)
def test_components(pairs):
    left, right = np.array([*zip(*pairs, strict=True)] or [[], []], np.int64)
    labels = components(left, right, 10)
    groups = [{n} for n in range(10)]
    for a, b in pairs:
        joined = groups[a] | groups[b]
        for n in joined:
            groups[n] = joined
    for n in range(10):
        assert {m for m in range(10) if labels[m] == labels[n]} == groups[n]
