"""What columns hold: counts that are right, within bounds, and for those who may read the rows."""

from __future__ import annotations

import html
import re
from random import Random

import pyarrow as pa
import pytest

from pairsmith.hub.repos import events
from pairsmith.hub.viewer import profiles as module
from pairsmith.hub.viewer.profiles import Bar, Frequent, Profile, Profiles, make_profile
from pairsmith.hub.viewer.sources import Source
from support.hub.parquets import parquet
from support.hub.written import json_lines


@pytest.fixture
def profile(tmp_path):
    """The profile of one file, by its columns' names."""

    def of(content: bytes, name: str = "train.parquet"):
        (tmp_path / "0").write_bytes(content)
        made = make_profile([Source(name, tmp_path / "0")])
        return {one.name: one for one in made.columns}, made

    return of


def test_counts_are_right(profile):
    random = Random(7)
    draws = [random.gauss(0, 1) for _ in range(3_000)]
    rows = {
        "drawn": [*draws, None, float("nan")],
        "roast": (["dark"] * 2_000 + ["light"] * 1_000 + [None] * 2),
        "cups": ([n % 5 for n in range(3_000)] + [1_000, None]),
        "text": ["x" * (n % 50) + str(n) for n in range(3_002)],
        "turns": [[{"role": "user", "content": "x"}] * (n % 4) for n in range(3_002)],
    }
    found, made = profile(parquet(rows))
    assert (made.rows, made.total, made.whole) == (3_002, 3_002, True)
    drawn = found["drawn"]
    assert (drawn.nulls, drawn.histogram.odd) == (1, 1)
    assert (drawn.histogram.least, drawn.histogram.most) == (min(draws), max(draws))
    assert drawn.histogram.mean == pytest.approx(sum(draws) / 3_000)
    bars = drawn.histogram.bars
    for bar in bars[:-1]:
        assert bar.rows == sum(bar.low <= draw < bar.high for draw in draws)
    assert sum(bar.rows for bar in bars) + drawn.histogram.beyond == 3_000
    roast = found["roast"]
    assert roast.frequent == [Frequent("dark", 2_000), Frequent("light", 1_000)]
    assert (roast.distinct, roast.nulls) == (2, 2)
    cups = found["cups"].histogram  # one that is far away does not squeeze the others into a bar
    assert cups.bars == [Bar(n, n + 1, 600) for n in range(5)]
    assert (cups.beyond, cups.most) == (1, 1_000)
    assert (found["text"].measure, found["text"].distinct, found["text"].frequent) == (
        "characters", 3_002, [],
    )  # fmt: skip
    assert found["turns"].measure == "messages"
    assert [bar.rows for bar in found["turns"].histogram.bars] == [751, 751, 750, 750]


def test_the_first_rows_are_looked_at_and_no_more(profile, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 100)
    found, made = profile(json_lines({"n": n} for n in range(500)), "a.jsonl")
    assert (made.rows, made.total, made.whole) == (100, 500, False)
    assert (found["n"].rows, found["n"].histogram.most) == (100, 99)


def test_a_column_that_takes_too_long_costs_no_other(profile, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_TOGETHER", 0.0)
    found, _ = profile(parquet({"n": [1, 2]}))
    assert found["n"].fault == "There was no time left for it."


@pytest.mark.parametrize(
    "values",
    [[], [None], [5, 5], [float("inf"), float("nan")], [1e308, -1e308], [2**63 - 1, -(2**63)]],
    ids=["none", "null", "one", "odd", "far", "whole and far"],
)
def test_odd_numbers_are_told_of(profile, values):
    found, _ = profile(parquet({"n": pa.array(values, None if any(values) else pa.float64())}))
    assert found["n"].fault == ""


def test_profiles_are_kept_as_far_as_there_is_room():
    kept, made = Profiles(room=2), Profile([], 0, 0, 0, 1)
    for name in ("a", "b", "a", "c"):
        if kept.get((name,)) is None:
            kept.put((name,), made)
    assert [kept.get((name,)) is None for name in "abc"] == [False, True, False]


def not_again(_sources):
    """Stands for what is kept, and not made again."""
    raise AssertionError


def plain(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def test_the_page_is_gated_as_the_rows_are(hub, dataset, client, ann, monkeypatch):
    ann = ann[1]
    repo = dataset({"train.parquet": parquet({"roast": ["MARK"] * 3}), "a.csv": b""}, gate="manual")
    url, page = "/datasets/ann/d/viewer/columns", {"Accept": "text/html"}
    assert client.get(url, headers=page).status_code == 401
    answer = client.get(url, headers={**ann, **page})
    assert answer.status_code == 200
    assert "Of all 3 rows." in plain(answer)
    assert "MARK 3 (100.0%)" in plain(answer)
    assert "style=" not in answer.text
    assert "<script" not in answer.text
    with hub.database.read() as db:
        (seen,) = [e.detail for e in events.recent(db, repo, 10) if e.action == "viewed"]
    assert seen["columns"] is True

    monkeypatch.setattr("pairsmith.hub.web.columns.make_profile", not_again)
    assert client.get(url, headers={**ann, **page}).status_code == 200
    monkeypatch.undo()
    empty = client.get(f"{url}?config=default (CSV)", headers={**ann, **page})
    assert empty.status_code == 422
