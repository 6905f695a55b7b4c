"""A hub as 0.1.0 left it: its database is brought up to date, and everything is served as before.

`data/hub-0.1.0` was made by that version: its database as SQL text, with rows in every table, and
its contents. Of ann's pairs, which are gated, bob holds a licence, cleo was let in, dan waits.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi

from pairsmith.hub.auth import users
from pairsmith.hub.context import Hub, Settings, open_hub
from pairsmith.hub.core import database
from pairsmith.hub.core.database import MIGRATIONS, Database, DatabaseError
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.maintenance.backup import backup
from pairsmith.hub.maintenance.verify import verify
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.search import Wanted, search

OLD = Path(__file__).parent / "data" / "hub-0.1.0"
FILE = "data/train-00000-of-00001.parquet"
TOKENS = {name: f"hf_{at:064x}" for at, name in enumerate(("ann", "bob", "cleo", "dan"), start=1)}
NEW_COLUMNS = {"repos": "kind", "events": "kind", "licences": "kind"}


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


def lay_out(root: Path) -> Path:
    """The folder of a hub of 0.1.0."""
    shutil.copytree(OLD, root)
    script = (root / "hub.sql").read_text("utf-8")
    (root / "hub.sql").unlink()
    with closing(sqlite3.connect(root / "hub.sqlite")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(script)
    return root


def rows_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: [dict(row) for row in db.execute(f"SELECT * FROM {name}")] for (name,) in names
        }


def shape_of(path: Path) -> list[tuple[str, str]]:
    """The tables, indices and triggers, and the columns of each table."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT type, name FROM sqlite_master ORDER BY type, name").fetchall()
        columns = db.execute(
            "SELECT m.name, p.name || ' ' || p.type || p.pk FROM sqlite_master AS m"
            " JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table' ORDER BY 1, p.cid"
        ).fetchall()
        return [*found, *columns]


@pytest.fixture
def root(tmp_path) -> Path:
    return lay_out(tmp_path / "old")


@pytest.fixture
def hub(root) -> Iterator[Hub]:
    made = Hub(root, Settings("http://testserver", key="a key of the tests"))
    yield made
    made.close()


def test_the_old_hub_has_rows_in_every_table(root):
    with closing(sqlite3.connect(root / "hub.sqlite")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 1
    assert all(rows_of(root / "hub.sqlite").values())


def test_every_row_stays_and_tells_its_kind(root):
    before = rows_of(root / "hub.sqlite")
    Database(root / "hub.sqlite").close()
    after = rows_of(root / "hub.sqlite")
    for table, column in NEW_COLUMNS.items():
        assert {row.pop(column) for row in after[table]} == {"dataset"}
    assert {row.pop("kind") for row in after["users"]} == {"person"}
    events_of = {row["id"]: row.pop("subject") for row in after["events"]}
    assert set(events_of.values()) == {1, None}
    sizes = {row["sha256"]: row["size"] for row in after["blobs"]}
    for row in after["holdings"]:
        assert (row.pop("size"), row.pop("proposer")) == (sizes[row["blob"]], None)
    held = {row["id"]: row.pop("bytes") for row in after["repos"]}
    for repo, size in held.items():
        mine = [row["blob"] for row in after["holdings"] if row["repo"] == repo]
        assert size == sum(sizes[blob] for blob in mine)
    assert {row.pop("deleted") for row in after["repos"]} == {None}
    assert {row.pop("draft") for row in after["lines"]} == {None}
    for row in after["users"]:
        assert [row.pop(name) for name in ("confirmed", "suspended", "removed")] == [None] * 3
    for row in after["offers"]:
        assert [row.pop(name) for name in ("seats", "days", "until")] == [1, 0, None]
    for row in after["orders"]:
        assert [row.pop(name) for name in ("accepted", "agreed")] == [None, ""]
    for row in after["licences"]:
        new = [row.pop(name) for name in ("seats", "accepted", "ends", "reminded")]
        assert new == [1, None, None, 0]
    seated = {(row["licence"], row["user"]) for row in after["seats"]}
    assert seated == {(row["number"], row["user"]) for row in after["licences"]}
    for table in ("sessions", "tokens"):
        assert {row.pop("used") for row in after[table]} == {None}
    assert {row.pop("browser") for row in after["sessions"]} == {""}
    by_name = {name: sorted(after[name], key=repr) for name in before}  # and not the new tables
    assert by_name == {name: sorted(rows, key=repr) for name, rows in before.items()}
    with closing(sqlite3.connect(root / "hub.sqlite")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_migrated_database_is_shaped_as_a_new_one(root, tmp_path):
    Database(root / "hub.sqlite").close()
    Database(tmp_path / "new.sqlite").close()
    assert shape_of(root / "hub.sqlite") == shape_of(tmp_path / "new.sqlite")


def test_foreign_keys_hold_again_afterwards(hub):
    with hub.database.write() as db:
        db.execute("DELETE FROM repos WHERE name = 'pairs'")
        assert db.execute("SELECT count(*) FROM requests").fetchone()[0] == 0
        assert db.execute("SELECT count(*) FROM licences WHERE repo NOT NULL").fetchone()[0] == 0
    with pytest.raises(sqlite3.IntegrityError), hub.database.write() as db:
        db.execute("INSERT INTO downloads VALUES (4711, 1, 1)")


def test_the_id_of_a_deleted_repository_is_not_given_again(hub):
    """Numbers 3 and 4 were deleted by 0.1.0; signed addresses may name them."""
    with hub.database.write() as db:
        assert repos.create(db, users.named(db, "ann"), "dataset", "new", False).id == 5


def test_a_migration_that_fails_leaves_the_database_as_it_was(root, monkeypatch):
    before, shape = rows_of(root / "hub.sqlite"), shape_of(root / "hub.sqlite")
    statements = database._statements
    monkeypatch.setattr(
        database, "_statements", lambda script: [*statements(script), "SELECT * FROM nowhere"]
    )
    with pytest.raises(DatabaseError, match="nowhere"):
        Database(root / "hub.sqlite")
    assert (rows_of(root / "hub.sqlite"), shape_of(root / "hub.sqlite")) == (before, shape)


def test_two_processes_may_migrate_at_once(root):
    faults: list[BaseException] = []

    def bring_up() -> None:
        try:
            Database(root / "hub.sqlite").close()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=bring_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert {row["kind"] for row in rows_of(root / "hub.sqlite")["repos"]} == {"dataset"}


def test_a_dataset_and_a_model_may_have_one_name(hub, client):
    with hub.database.write() as db:
        ann = users.named(db, "ann")
        dataset = repos.find(db, "dataset", "ann", "pairs")
        assert repos.find(db, "model", "ann", "pairs") is None
        model = repos.create(db, ann, "model", "pairs", False)
        events.record(db, model, "ann", "ann", "gate")
        assert repos.find(db, "dataset", "ann", "PAIRS") == dataset
        assert repos.find(db, "model", "ann", "PAIRS") == model
        assert [one.id for one in search(db, None, Wanted("model"))] == [model.id]
        assert [event.action for event in events.recent(db, model)] == ["gate"]
        assert len(events.recent(db, dataset)) == 6
        with pytest.raises(HubError, match="already created this model repo"):
            repos.create(db, ann, "model", "Pairs", False)
    listed = client.get("/api/datasets", params={"author": "ann"}).json()
    assert [one["_id"] for one in listed] == [str(dataset.id)]
    assert client.get("/api/datasets/ann/pairs").json()["_id"] == str(dataset.id)


def test_licences_grants_and_tokens_hold(client):
    url = f"/datasets/ann/pairs/resolve/main/{FILE}"
    answers = {name: client.get(url, headers=bearer(name)) for name in TOKENS}
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == {"ann": 200, "bob": 200, "cleo": 200, "dan": 403}
    assert client.get(url).status_code == 401
    assert client.get("/api/datasets/ann/hidden", headers=bearer("ann")).status_code == 200
    assert client.get("/api/datasets/ann/hidden", headers=bearer("bob")).status_code == 404
    assert client.get("/api/datasets/ann/gone", headers=bearer("ann")).status_code == 404


@pytest.mark.parametrize(
    ("name", "path", "sentence"),
    [
        ("ann", "/datasets/ann/pairs/settings/requests", "A shop"),
        ("ann", "/datasets/ann/pairs/settings/licences", "its amount_total is 100"),
        ("ann", "/datasets/ann/pairs/settings/record.csv", '"read","bob"'),
        ("ann", "/datasets/ann/pairs/viewer", "2 rows."),
        ("ann", "/datasets/ann/pairs/commits/side", "Aside"),
        ("bob", "/settings/licences", "ann/gone"),
        ("dan", "/settings/access", "ann/pairs"),
        ("bob", "/datasets/ann/pairs", "Two pairs."),
    ],
)
def test_the_pages_are_as_they_were(client, name, path, sentence):
    answer = client.get(path, headers={"Accept": "text/html", **bearer(name)})
    assert answer.status_code == 200
    assert sentence in answer.text


def test_a_client_downloads_what_0_1_0_kept(served, tmp_path):
    api = HfApi(served, token=TOKENS["cleo"])
    path = api.hf_hub_download(
        "ann/pairs", FILE, repo_type="dataset", revision="v1", local_dir=tmp_path / "got"
    )
    assert pq.read_table(path).column("id").to_pylist() == ["a/1", "a/2"]


def test_it_is_backed_up_and_verified(root, tmp_path):
    assert verify(root) == []
    out = tmp_path / "copy"
    assert backup(root, out).contents == 6
    assert verify(out) == []
    with open_hub(out) as copy, copy.database.read() as db:
        assert repos.find(db, "dataset", "ann", "pairs") is not None


def test_a_backup_that_0_1_0_made_is_brought_up_to_date(root, tmp_path):
    out = lay_out(tmp_path / "copy")
    (out / "backup.json").write_text('{"of": "a hub"}')
    backup(root, out)
    assert {row["kind"] for row in rows_of(out / "hub.sqlite")["repos"]} == {"dataset"}
    assert verify(out) == []
