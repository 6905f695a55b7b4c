"""Uploads under way: whose they are, and when they end."""

from __future__ import annotations

import os

import pytest

from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import repos
from pairsmith.hub.xet import uploads


def begun(hub, repo, user):
    with hub.database.write() as db:
        return uploads.begin(db, repo, user)


def found(hub, id, token):
    with hub.database.read() as db:
        return uploads.find(db, id, token)


def let_run_out(hub, grant, seconds):
    """As if that many seconds had passed since the token ran out."""
    with hub.database.write() as db:
        then = now() - seconds
        db.execute("UPDATE uploads SET expires = ? WHERE id = ?", (then, grant.id))


def test_a_token_opens_its_upload_and_is_not_kept(hub, account, repo):
    ann, _ = account("ann")
    pairs = repo(hub, ann)
    grant = begun(hub, pairs, ann)
    assert found(hub, grant.id, grant.token) == (grant.id, pairs.id, ann.id)
    assert now() < grant.expires <= now() + uploads.LIFETIME
    assert grant.token.encode() not in (hub.root / "hub.sqlite-wal").read_bytes()


def test_a_later_token_opens_an_earlier_upload_of_the_same_user_to_the_same_repository(
    hub, account, repo
):
    ann, _ = account("ann")
    pairs = repo(hub, ann)
    first, second = begun(hub, pairs, ann), begun(hub, pairs, ann)
    let_run_out(hub, first, 60)
    assert found(hub, first.id, second.token).id == first.id
    with pytest.raises(HubError, match="run out"):
        found(hub, first.id, first.token)


def test_no_other_token_opens_it(hub, account, repo):
    ann, header = account("ann")
    bob, _ = account("bob")
    grant = begun(hub, repo(hub, ann), ann)
    elsewhere = begun(hub, repo(hub, ann, "others"), ann)
    of_another = begun(hub, repo(hub, bob), bob)
    known = header["Authorization"].removeprefix("Bearer ")
    for token in (None, "", "x", grant.id, known, elsewhere.token, of_another.token):
        with pytest.raises(HubError) as caught:
            found(hub, grant.id, token)
        assert (caught.value.status, caught.value.code) == (401, "")


def test_an_upload_is_swept_when_it_was_left_alone(hub, account, repo):
    ann, _ = account("ann")
    pairs = repo(hub, ann)
    left, in_use, fresh = (begun(hub, pairs, ann) for _ in range(3))
    for grant in (left, in_use, fresh):
        folder = uploads.used_folder(hub, found(hub, grant.id, grant.token))
        (folder / ("a" * 64)).write_bytes(b"a xorb")
    let_run_out(hub, left, uploads.IDLE + 1)
    let_run_out(hub, in_use, uploads.IDLE + 1)
    place = hub.blobs.staging / "xet"
    for grant in (left, in_use):
        os.utime(place / grant.id, (0, 0))
    uploads.used_folder(hub, found(hub, in_use.id, fresh.token))

    assert uploads.sweep(hub) == 1
    assert {folder.name for folder in place.iterdir()} == {in_use.id, fresh.id}
    with pytest.raises(HubError):
        found(hub, left.id, fresh.token)
    assert found(hub, in_use.id, fresh.token).id == in_use.id
    assert uploads.sweep(hub) == 0


def test_an_upload_that_never_sent_anything_is_swept_too(hub, account, repo):
    ann, _ = account("ann")
    grant = begun(hub, repo(hub, ann), ann)
    assert uploads.sweep(hub) == 0
    let_run_out(hub, grant, uploads.IDLE + 1)
    assert uploads.sweep(hub) == 1


def test_what_a_deleted_repository_had_waiting_is_swept(hub, account, repo):
    ann, _ = account("ann")
    pairs = repo(hub, ann)
    grant = begun(hub, pairs, ann)
    folder = uploads.used_folder(hub, found(hub, grant.id, grant.token))
    (folder / ("a" * 64)).write_bytes(b"a xorb")
    with hub.database.write() as db:
        repos.delete(db, pairs)
    with pytest.raises(HubError):
        found(hub, grant.id, grant.token)
    uploads.sweep(hub)
    assert not folder.exists()


def test_an_upload_has_only_so_much_waiting(hub, account, repo, monkeypatch, tmp_path):
    (tmp_path / "xorb").write_bytes(bytes(100))
    uploads.check_room(tmp_path)
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 99)
    with pytest.raises(HubError, match="larger than the 99 bytes"):
        uploads.check_room(tmp_path)


def test_what_went_away_while_it_was_counted_is_not_counted(tmp_path):
    (tmp_path / "part-1").symlink_to(tmp_path / "that was renamed")
    uploads.check_room(tmp_path)
