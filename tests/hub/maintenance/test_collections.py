"""Collections in a backup, in a proof, and before the collector."""

from __future__ import annotations

import os

import pytest

from pairsmith.collecting.collection import open_collection
from pairsmith.collecting.consent import consent
from pairsmith.hub.collections import registry
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.maintenance.backup import backup
from pairsmith.hub.maintenance.gc import collect
from pairsmith.hub.maintenance.verify import verify
from support.hub.teams import furnish_collection


@pytest.fixture
def held(hub, account):
    for name in ("ann", "bob", "cleo", "eve"):
        account(name)
    furnish_collection(hub)
    with hub.database.read() as db:
        return registry.find(db, "ann", "teas")


def test_a_backup_has_every_event_and_follows_what_changes(hub, held, tmp_path):
    out = tmp_path / "copy"
    assert backup(hub.root, out).lost == ()
    source = open_collection(registry.folder_of(hub, held))
    other = Hub(out, Settings(""))
    for again in (False, True):
        if again:
            consent(source, "1")
            backup(hub.root, out)
        with open_collection(registry.folder_of(other, held)) as copied:
            with copied.store.read() as one, source.store.read() as two:
                assert one.reached() == two.reached()
            assert copied.secret == source.secret
    source.close()
    other.close()
    with hub.database.write() as db:
        registry.delete(db, held)
    backup(hub.root, out)
    assert not any((out / "collections").iterdir())


def test_what_is_missing_or_damaged_is_named(hub, held, tmp_path):
    place = registry.folder_of(hub, held) / "collection.sqlite"
    assert verify(hub.root) == []
    out = tmp_path / "copy"
    backup(hub.root, out)
    whole = place.read_bytes()
    place.write_bytes(b"no database" * 1000)
    for log in ("-wal", "-shm"):
        place.with_name(place.name + log).unlink(missing_ok=True)
    (found,) = verify(hub.root)
    assert (found.where, found.is_note) == (f"collections/{held.folder}", False)
    (said,) = backup(hub.root, out).lost
    assert said.endswith("It is ann/teas.")
    kept = out / "collections" / held.folder / "collection.sqlite"
    assert kept.read_bytes()[:16] == whole[:16], "the earlier copy stays"
    place.unlink()
    (found,) = verify(hub.root)
    assert "missing" in found.message


def test_folders_that_no_row_knows_go_when_they_are_old(hub, held):
    new, old = registry.new_folder(hub), registry.new_folder(hub)
    os.utime(old, (0, 0))
    os.utime(registry.folder_of(hub, held), (0, 0))
    assert [one.is_note for one in verify(hub.root)] == [True, True]
    collect(hub)
    assert new.is_dir()
    assert not old.exists()
    assert registry.folder_of(hub, held).is_dir()
