"""Rows sorted by a column, filtered by note and score, opened by id; all of it in the address."""

from __future__ import annotations

import hashlib
import html
import json
import re

import pytest

from pairsmith.hub.repos import events
from pairsmith.hub.viewer.query import read_page
from pairsmith.hub.viewer.sources import Source, UnreadableError
from pairsmith.hub.viewer.wanted import Wanted
from support.hub.parquets import parquet

COUNT = 60
TABLE = parquet(
    {
        "id": [f"t/{n}" for n in range(COUNT)],
        "text": ["leaf " * (n % 4) for n in range(COUNT)],
        "-n": [None if n == 5 else (n * 37) % COUNT for n in range(COUNT)],
        "turns": [[{"role": "user", "content": "x"}] * (n % 3) for n in range(COUNT)],
        "notes": [["odd_roles"] if n % 10 == 0 else [] for n in range(COUNT)],
    },
    row_group_size=7,
)
PART = parquet({"id": [f"t/{n}" for n in range(0, 40, 2)], "score": [n / 10 for n in range(20)]})
SAID = {
    "annotations/by-ann/manifest.json": json.dumps(
        {"files": [{"path": "part-0.parquet", "sha256": hashlib.sha256(PART).hexdigest()}]}
    ).encode(),
    "annotations/by-ann/part-0.parquet": PART,
}


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "0").write_bytes(TABLE)
    return [Source("train.parquet", tmp_path / "0")]


def places(answer) -> list[int]:
    """The rows of a page, from 0."""
    return [int(number) - 1 for number in re.findall(r'id="row-(\d+)"', answer.text)]


def plain(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


KEYS: dict[str, list] = {
    "-n": [None if n == 5 else (n * 37) % COUNT for n in range(COUNT)],
    "text": ["leaf " * (n % 4) for n in range(COUNT)],
    "turns": [n % 3 for n in range(COUNT)],
    "notes": ['["odd_roles"]' if n % 10 == 0 else "[]" for n in range(COUNT)],  # as they are shown
    "id": [f"t/{n}" for n in range(COUNT)],
}


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", KEYS)
def test_rows_are_sorted_by_any_column(sources, name, descending):
    keys = KEYS[name]
    there = [n for n in range(COUNT) if keys[n] is not None]
    expected = sorted(there, key=lambda n: keys[n], reverse=descending)  # equal ones as they stand
    expected += [n for n in range(COUNT) if keys[n] is None]
    pages = (
        read_page(sources, at, wanted=Wanted(sort=name, descending=descending)) for at in (1, 2, 3)
    )
    assert [row.number - 1 for page in pages for row in page.rows] == expected


def test_what_is_not_there_is_told(sources):
    with pytest.raises(UnreadableError, match="There is no column 'c0' here"):
        read_page(sources, 1, wanted=Wanted(sort="c0"))
    assert read_page(sources, 1, wanted=Wanted(note="') OR true --")).rows == []


def test_the_address_holds_everything(dataset, look, client):
    dataset({"data/train.parquet": TABLE, **SAID})
    answer = look("note=odd_roles&sort=-n&way=down")
    assert places(answer) == sorted(range(0, 60, 10), key=lambda n: -(n * 37 % 60))
    assert "6 of 60 rows have this note" in plain(answer)
    assert re.search(r'<option value="odd_roles" selected>', answer.text)
    assert re.search(r'<option value="down" selected>', answer.text)
    assert '<details class="more" open>' in answer.text
    sorted_page = look("sort=-n&q=leaf")
    more = html.unescape(re.search(r'rel="next" href="([^"]+)"', sorted_page.text)[1])
    both = places(sorted_page) + places(client.get(more, headers={"Accept": "text/html"}))
    expected = [n for n in range(COUNT) if n % 4]
    assert both == sorted(expected, key=lambda n: (n == 5, n * 37 % 60))


def test_rows_by_the_scores_of_an_annotation(dataset, look):
    dataset({"data/train.parquet": TABLE, **SAID})
    answer = look("annotation=by-ann&least=0.5&most=.8&order=highest")
    assert places(answer) == [16, 14, 12, 10]
    assert "4 of 60 rows have this score" in plain(answer)
    assert 'name="least" value="0.5"' in answer.text
    assert places(look("annotation=by-ann&least=0.5&most=0.8&note=odd_roles")) == [10]
    assert places(look("annotation=by-ann&least=1.9")) == [38]
    assert look("annotation=by-ann&least=nan").status_code == 400
    assert look("annotation=by-ann&most=much").status_code == 400
    assert places(look("least=0.5"))[:2] == [0, 1]  # of no annotation: nothing is asked


def test_a_row_is_opened_by_its_id(hub, dataset, look, client, ann):
    repo = dataset({"data/train.parquet": TABLE}, gate="manual")
    ann = ann[1]
    answer = look("id=t/42", headers=ann)
    assert answer.status_code == 200
    assert "Row 43 of 60: t/42." in plain(answer)
    link = re.search(r'href="([^"]+id=t%2F42[^"]*)"', look("page=2", headers=ann).text)[1]
    assert "Row 43 of 60" in plain(
        client.get(html.unescape(link), headers={**ann, "Accept": "text/html"})
    )
    absent = look("id=t/60", headers=ann)
    assert absent.status_code == 404
    assert "There is no row with the id t/60" in plain(absent)
    assert look(f"id={'x' * 201}", headers=ann).status_code == 400
    assert look("id=t/42").status_code == 401
    with hub.database.read() as db:
        seen = [e.detail for e in events.recent(db, repo, 10) if e.action == "viewed"]
    assert {"id": "t/42"}.items() <= seen[-1].items()
