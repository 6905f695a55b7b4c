"""The whole record as a table: every event, in order, in parts, for the owner alone."""

from __future__ import annotations

import csv
import io

from pairsmith.hub.repos import events, repos
from pairsmith.hub.web import audit_log


def test_every_event_in_order_for_the_owner(hub, client, account, monkeypatch):
    monkeypatch.setattr(audit_log, "ROWS", 3)
    user, ann = account("ann")
    _, bob = account("bob")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
        other = repos.create(db, user, "dataset", "other", private=False)
        for number in range(7):
            events.record(db, repo, "bob", "bob", "read", path=f"=a{number}", range="bytes=0-")
            events.record(db, other, "bob", "bob", "read", path="elsewhere")
        events.record(db, repo, "ann", "bob", "rejected", reason="no")
    url = "/datasets/ann/d/settings/record.csv"
    answer = client.get(url, headers=ann)
    assert answer.headers["content-disposition"].startswith("attachment")
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert tuple(header) == audit_log.HEADER
    assert [row[4] for row in rows[:7]] == [f"'=a{number}" for number in range(7)]
    assert rows[7][1:4] + rows[7][7:] == ["ann", "rejected", "bob", '{"reason": "no"}']
    assert len(rows) == 8
    assert client.get(url, headers=bob).status_code == 403
    shown = client.get("/datasets/ann/d/settings/requests", headers=ann).text
    assert "rejected" in shown
    assert "=a6" not in shown  # reads would push the answers out
