"""The page of a repository's usage: by day, by path and by user, for its admins."""

from __future__ import annotations

import csv
import io
import re

import pytest

from pairsmith.hub.auth import sessions, users
from pairsmith.hub.core.database import now
from pairsmith.hub.repos import downloads, events, repos, usage
from support.hub.browsers import Browser

DAY = 24 * 3600
PAGE = "/datasets/ann/teas/settings/usage"


@pytest.fixture
def teas(hub):
    """Ann's gated dataset: read twice by bob today, once by eve two days ago, once long ago."""
    with hub.database.write() as db:
        ann = users.add(db, "ann", "", "", None)
        repos.create(db, ann, "dataset", "teas", False)
        repo = repos.find(db, "dataset", "ann", "teas")
        for user, days, path in (
            ("dan", 400, "old.txt"), ("eve", 2, "<b>.txt"), ("bob", 0, "a.txt"),
            ("bob", 0, "a.txt"),
        ):  # fmt: skip
            db.execute(
                "INSERT INTO events (date, kind, repo, actor, user, action, detail, subject)"
                " VALUES (?, 'dataset', 'ann/teas', ?2, ?2, 'read', json_object('path', ?3), ?4)",
                (now() - days * DAY, user, path, repo.id),
            )
        events.record(db, repo, "bob", "bob", "viewed", config="default")
        events.record(db, repo, "bob", "bob", "asked")
        db.execute("INSERT INTO downloads VALUES (?, ?, 7)", (repo.id, now() // DAY - 40))
    hub.counts.add(repo.id, now() // downloads.DAY)
    return repo


@pytest.fixture
def ann(hub, client, teas):
    with hub.database.write() as db:
        client.cookies.set(sessions.COOKIE, sessions.begin(db, users.named(db, "ann")))
    client.headers["accept"] = "text/html"
    return Browser(client)


def test_the_owner_sees_downloads_and_reads_by_day(ann):
    html = ann.get(PAGE).text
    assert "Downloads: 1<" in html, "what was counted just now, and not forty days ago"
    assert "Reads on record: 4<" in html
    heights = [int(one) for one in re.findall(r'width="8" height="([0-9]+)"', html)]
    assert heights == [100, 33, 100]
    assert "&lt;b&gt;.txt" in html
    assert "rows in the viewer" in html
    assert "old.txt" not in html
    assert "Downloads: 8<" in ann.get(f"{PAGE}?days=90").text
    assert 'days=30" aria-current' in ann.get(f"{PAGE}?days=4000000000").text


def test_the_table_has_every_day_of_a_year(ann):
    answer = ann.get(f"{PAGE}.csv")
    assert "ann-teas-usage.csv" in answer.headers["content-disposition"]
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header == ["date", "downloads", "reads", "readers"]
    assert len(rows) == 365
    assert [row[1:] for row in rows if row[1:] != ["0", "0", "0"]] == [
        ["7", "0", "0"], ["0", "1", "1"], ["1", "3", "1"],
    ]  # fmt: skip


def test_a_long_record_is_counted_from_its_newest_entries_and_says_so(hub, teas, ann, monkeypatch):
    assert "The record is long" not in ann.get(PAGE).text
    monkeypatch.setattr(usage, "READS", usage.READS.replace(f"{usage.MAX_EVENTS}", "3"))
    monkeypatch.setattr(usage, "MAX_EVENTS", 3)
    html = ann.get(PAGE).text
    assert "The record is long" in html
    assert "Reads on record: 2<" in html
