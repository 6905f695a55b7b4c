"""Annotations beside rows: joined by id, sorted by score, filtered by label, within bounds."""

from __future__ import annotations

import hashlib

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.viewer import connection, wanted
from pairsmith.hub.viewer.query import read_page, read_row
from pairsmith.hub.viewer.sources import Source, UnreadableError
from pairsmith.hub.viewer.statements import Label, Question, Statement
from support.examples import examples
from support.hub.endless import ENDLESS
from support.hub.parquets import parquet

LABELS = st.sampled_from(["near", "exact", "it's", ""]) | st.none()
SCORES = st.floats(-5, 5) | st.none() | st.sampled_from([float("nan"), float("inf")])
SAID = st.lists(st.tuples(st.sampled_from("abcdefg"), LABELS, SCORES), max_size=12)


def said(*rows: tuple, **other: list) -> pa.Table:
    """Statements: an id, a label, a score and a detail each."""
    names = ("id", "label", "score", "detail")
    types = (pa.string(), pa.string(), pa.float64(), pa.string())
    columns = {
        name: pa.array([row[at] if at < len(row) else None for row in rows], type)
        for at, (name, type) in enumerate(zip(names, types, strict=True))
    }
    return pa.table({**columns, **other})


@pytest.fixture
def lay(tmp_path):
    """Lays tables out as files without a suffix, as the blobs are; their sources."""

    def put(folder: str, *tables: pa.Table | dict | bytes) -> list[Source]:
        made = []
        for number, table in enumerate(tables):
            content = table if isinstance(table, bytes) else parquet(table)
            path = tmp_path / hashlib.sha256(folder.encode() + content).hexdigest()
            path.write_bytes(content)
            made.append(Source(f"{folder}part-{number}.parquet", path))
        return made

    return put


@pytest.fixture
def rows(lay):
    return lay("", {"text": [f"text {n}" for n in range(40)], "id": [f"r{n}" for n in range(40)]})


def numbers(found):
    return [row.number for row in found.rows]


def test_statements_stand_with_their_rows(rows, lay):
    parts = lay(
        "annotations/audit/",
        said(("r1", "near", 0.5, "like r7"), ("r30", "exact")),
        said(("r1", None, None, "another"), ("elsewhere", "near", 1.0), (None, "near", 1.0)),
    )
    found = read_page(rows, 1, question=Question(parts))
    assert numbers(found) == list(range(1, 26))
    assert found.rows[1].statements.first == [
        Statement("near", 0.5, "like r7"),
        Statement(None, None, "another"),
    ]
    assert found.rows[0].statements is None
    assert found.labels == [Label("near", 2), Label("exact", 1)]
    assert read_row(rows, 31, Question(parts)).rows[0].statements.first == [
        Statement("exact", None, None)
    ]
    searched = read_page(rows, 1, "TEXT 30", Question(parts))
    assert (numbers(searched), searched.rows[0].statements.total) == ([31], 1)


def test_rows_are_sorted_by_score_and_turned_over(rows, lay):
    scores = [(f"r{n}", "x", float((n * 7) % 40)) for n in range(30)]
    question = Question(lay("a/", said(*scores)), order="highest")
    pages = [read_page(rows, number, question=question) for number in (1, 2, 3)]
    found = [number for one in pages for number in numbers(one)]
    by_score = sorted(range(30), key=lambda n: -((n * 7) % 40))
    assert found == [n + 1 for n in by_score] + list(range(31, 41))
    assert [(one.matching, one.more) for one in pages] == [(40, True), (40, False), (40, False)]
    lowest = read_page(rows, 1, question=question._replace(order="lowest"))
    assert numbers(lowest)[:3] == [n + 1 for n in by_score[:-4:-1]]


def test_rows_are_filtered_by_label_and_text(rows, lay):
    table = said(("r3", "near", 2.0), ("r3", "exact", 9.0), ("r4", "exact"), ("r33", "near", 3.0))
    parts = lay("a/", table)
    found = read_page(rows, 1, question=Question(parts, "near", "highest"))
    assert (numbers(found), found.matching, found.more) == ([34, 4], 2, False)
    assert [one.label for one in found.rows[1].statements.first] == ["near", "exact"]
    assert numbers(read_page(rows, 1, "text 3", Question(parts, "exact"))) == [4]
    assert numbers(read_page(rows, 1, "nothing", Question(parts, "exact"))) == []
    assert numbers(read_page(rows, 1, question=Question(parts, "' OR true --"))) == []
    beyond = read_page(rows, 2, question=Question(parts, "near"))
    assert (beyond.rows, beyond.matching) == ([], 2)


@examples(40)
@given(SAID, LABELS, st.sampled_from(["", "highest", "lowest"]))
def test_selecting_agrees_with_python(tmp_path_factory, statements, label, order):
    folder = tmp_path_factory.mktemp("said")
    ids = list("abcdefa")  # one id twice
    (folder / "rows").write_bytes(parquet({"id": ids}))
    (folder / "said").write_bytes(parquet(said(*statements)))
    question = Question([Source("said", folder / "said")], label or "", order)
    found = read_page([Source("rows", folder / "rows")], 1, question=question)
    own = {
        id: [
            (score if score is not None and abs(score) < 9 else None)
            for at, name, score in statements
            if at == id and (not label or name == label)
        ]
        for id in ids
    }
    expected = [n for n, id in enumerate(ids, start=1) if own[id] or not label]
    if order:
        sign, best = (-1, max) if order == "highest" else (1, min)

        def key(number):
            scores = [score for score in own[ids[number - 1]] if score is not None]
            return (not scores, sign * best(scores) if scores else 0, number)

        expected.sort(key=key)
    assert numbers(found) == expected
    assert found.matching == len(expected)


def test_many_and_long_statements_are_cut(rows, lay):
    table = said(*[("r0", f"l{n}" * 200, float(n), "é" * 5_000) for n in range(60)])
    found = read_page(rows, 1, question=Question(lay("a/", table)))
    statements = found.rows[0].statements
    assert (len(statements.first), statements.total, len(found.labels)) == (5, 60, 50)
    assert statements.first[0] == Statement(("l0" * 200)[:200], 0.0, "é" * 1_000, 4_000)


def test_columns_may_be_missing_or_of_the_annotators_own(rows, lay):
    bare = lay("a/", {"id": ["r0"]})
    assert read_page(rows, 1, question=Question(bare)).rows[0].statements.total == 1
    table = {"score": [7], "vector": [[1.0]], "id": ["r0"], 'a "b"; DROP': ["x"]}
    other = lay("b/", {**table, "label": pa.nulls(1), "detail": [3]})
    (statement,) = read_page(rows, 1, question=Question(other)).rows[0].statements.first
    assert statement == Statement(None, 7.0, "3")
    nulls = lay("c/", {"id": ["r0"], "label": pa.nulls(1), "score": pa.nulls(1)})
    (statement,) = read_page(rows, 1, question=Question(nulls)).rows[0].statements.first
    assert statement == Statement(None, None, None)


FOREIGN = {
    "no id": ({"label": ["x"]}, "has no column id"),
    "ids that are numbers": ({"id": [1]}, "Its column id is not text"),
    "scores that are text": ({"id": ["r0"], "score": ["high"]}, "Its column score is not a number"),
    "scores that are true": ({"id": ["r0"], "score": [True]}, "Its column score is not a number"),
    "no Parquet": (b"id,label\n", r"annotations/x/part-0\.parquet is not a Parquet file"),
    "damaged": (b"PAR1" + b"\0" * 99 + b"PAR1", r"annotations/x/part-0\.parquet cannot be read"),
}


@pytest.mark.parametrize(("content", "sentence"), FOREIGN.values(), ids=FOREIGN.keys())
def test_files_that_are_no_annotation_are_told_of(rows, lay, content, sentence):
    question = Question(lay("annotations/x/", content), order="highest")
    with pytest.raises(UnreadableError, match=sentence):
        read_page(rows, 1, question=question)
    with pytest.raises(UnreadableError, match=sentence):
        read_row(rows, 1, question)


def test_parts_of_columns_that_do_not_go_together(rows, lay):
    parts = lay("annotations/x/", {"id": ["r0"]}, {"id": [["r0"]]})
    with pytest.raises(UnreadableError, match="annotation|Its column id is not text"):
        read_page(rows, 1, question=Question(parts))


def test_details_that_are_damaged(rows, lay):
    table = said(*[(f"r{n}", "x", 1.0, f"{n} {'d' * 200}") for n in range(40)])
    whole = parquet(table, compression="none", use_dictionary=False)
    at = whole.index(b"0 ddd")
    parts = lay("annotations/x/", whole[: at - 40] + b"\xee" * 8_000 + whole[at + 7_960 :])
    with pytest.raises(UnreadableError, match=r"annotations/x/part-0\.parquet cannot be read"):
        read_page(rows, 1, question=Question(parts))


def test_rows_without_an_id(lay):
    parts = lay("a/", said(("r0", "x")))
    for table in ({"text": ["r0"]}, {"id": [0]}):
        with pytest.raises(UnreadableError, match="no column id of text"):
            read_page(lay("", table), 1, question=Question(parts))


def test_an_annotation_is_under_the_same_bounds(rows, lay, monkeypatch):
    parts = lay("a/", said(*[(f"r{n}", f"{n}", float(n)) for n in range(200_000)]))
    assert numbers(read_page(rows, 1, question=Question(parts, order="lowest")))[:2] == [1, 2]
    monkeypatch.setitem(connection.SETTINGS, "memory_limit", "8MB")
    with pytest.raises(UnreadableError, match="more than the 200MB of memory"):
        read_page(rows, 1, question=Question(parts, order="lowest"))
    monkeypatch.undo()
    monkeypatch.setattr(connection, "SECONDS", 0.1)
    monkeypatch.setattr(wanted, "search_condition", lambda _: ENDLESS)
    with pytest.raises(HubError, match="took more than 0 s"):
        read_page(rows, 1, "y", Question(lay("b/", said(("r1", "x", 1.0))), order="lowest"))


def test_the_database_reaches_no_file_but_those_of_the_question(rows, lay):
    parts = lay("a/", said(("r0", "x")))
    other = lay("b/", said(("r0", "secret")))
    with duckdb.connect(":memory:", config=connection.SETTINGS) as db:
        connection._open(db, rows[:1], parts[:1])
        read = "SELECT label FROM read_parquet($path)"
        assert db.execute(read, {"path": str(parts[0].path)}).fetchall() == [("x",)]
        with pytest.raises(duckdb.PermissionException):
            db.execute(read, {"path": str(other[0].path)})
