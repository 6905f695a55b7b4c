"""Attachments of comments: what is taken, who is given it, and when it goes."""

from __future__ import annotations

import json
import time

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.community import attachments
from pairsmith.hub.context import Allotment, Hub, Settings
from pairsmith.hub.core.blobs import Blob
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.maintenance import gc
from pairsmith.hub.maintenance.backup import backup
from pairsmith.hub.maintenance.verify import verify
from pairsmith.hub.repos import quotas, repos
from pairsmith.hub.repos.sweep import sweep

PNG = b"\x89PNG\r\n\x1a\n of a leaf"
CONTENTS = {
    "png": PNG,
    "jpg": b"\xff\xd8\xff\xe0 leaf",
    "gif": b"GIF89a leaf",
    "webp": b"RIFF\1\0\0\0WEBPVP8 ",
    "wav": b"RIFF\1\0\0\0WAVEfmt ",
    "mp4": b"\0\0\0\x18ftypmp42",
    "mov": b"\0\0\0\x14ftypqt  ",
    "webm": b"\x1a\x45\xdf\xa3 leaf",
    "mp3": b"ID3\4 leaf",
}
OTHERS = {
    "empty": b"",
    "page": b"<html><script>alert(1)</script>",
    "drawing": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "text": b"\xff\xfel\0e\0a\0f\0",
    "archive": b"PK\3\4",
}


@pytest.fixture
def send(client):
    """Sends an attachment: its path."""

    def act(who, content: bytes = PNG, status: int = 200, kind: str = "image/png") -> str:
        headers = {**who.headers, "Content-Type": kind}
        answer = client.post("/uploads", headers=headers, content=content)
        assert answer.status_code == status, answer.text
        return answer.text.removeprefix("http://testserver") if status == 200 else answer.text

    return act


def statuses(path, *people) -> list[int]:
    return [one.client.get(path, headers=one.headers).status_code for one in people]


@pytest.mark.parametrize("ending", CONTENTS)
def test_what_a_content_is_says_the_content(ann, send, ending):
    content = CONTENTS[ending]
    path = send(ann, content, kind="image/png")
    assert path.endswith(f".{ending}")
    answer = ann.client.get(path, headers=ann.headers)
    shown = ending in ("png", "jpg", "gif", "webp")
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("inline" if shown else "attachment")
    assert answer.headers["content-type"].startswith("image/" if shown else "application/octet")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    part = ann.client.get(path, headers={**ann.headers, "Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, content[:3])
    assert ann.client.get(path.replace(ending, "svg"), headers=ann.headers).status_code == 404


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_all_else_is_refused(hub, ann, send, content):
    send(ann, content, 415 if content else 400)
    assert list(hub.blobs.staging.iterdir()) == []


def test_how_much_is_taken(hub, ann, person, send, monkeypatch):
    monkeypatch.setattr(attachments, "MAX_IMAGE_BYTES", 100)
    monkeypatch.setattr(attachments, "MAX_VIDEO_BYTES", 200)
    send(ann, PNG.ljust(101, b"."), 413)
    send(ann, CONTENTS["mp4"].ljust(200, b"."))
    send(ann, CONTENTS["mp4"].ljust(201, b"."), 413)
    send(person("cleo", "read"), PNG, 403)
    send(ann._replace(headers={}), PNG, 401)
    monkeypatch.setattr(attachments, "MAX_A_DAY", 2)
    send(ann)
    assert "2 attachments in 24 hours" in send(ann, PNG, 429)
    bob = person("bob")
    monkeypatch.setattr(quotas, "MAX_ATTACHED_BYTES", 30)
    send(bob)
    assert "would have 36" in send(bob, PNG, 403)


def test_they_count_towards_an_accounts_quota(tmp_path):
    made = Hub(tmp_path / "other", Settings("", allotment=Allotment(user_quota=100)))
    with made.database.write() as db:
        ann = users.add(db, "ann", "", "", None)
        quotas.check_attached(db, made, ann.id, 100)
        with pytest.raises(HubError, match="would have 101"):
            quotas.check_attached(db, made, ann.id, 101)
        repo = repos.create(db, ann, "dataset", "tea", False)
        db.execute("UPDATE repos SET bytes = 60")
        with pytest.raises(HubError, match="may have 40 bytes"):
            quotas.check_attached(db, made, ann.id, 41)
        attachments.add(db, made, ann, Blob("a" * 64, 40, "b" * 40), "png")
        quotas.check(db, made, repo)
        with pytest.raises(HubError, match="100 bytes on this hub, and would have more"):
            quotas.check(db, made, repo, 1)
    made.close()


def test_it_is_for_those_who_may_see_the_discussion(ann, bob, person, tea, change, send):
    nobody, cleo = ann._replace(headers={}), person("cleo")
    path = send(bob)
    everybody = (bob, ann, cleo, nobody)
    assert statuses(path, *everybody) == [200, 404, 404, 404]
    number = ann.begin(description=f"Whose is ![this](http://testserver{path})?")
    assert statuses(path, *everybody) == [200, 404, 404, 404]  # ann names what is not hers
    change(private=True)
    hidden = ann.begin()
    mine = send(ann)
    ann.post(f"/discussions/{hidden}/comment", comment=f"See {mine}")
    assert statuses(mine, *everybody) == [404, 200, 404, 404]
    change(gate="manual")
    bob.post(f"/discussions/{number}/comment", comment=f"![a leaf]({path})")
    assert statuses(path, *everybody) == [200] * 4
    assert statuses(path + "x", *everybody) == [404] * 4
    change(private=True)
    assert statuses(path, *everybody) == [404, 200, 404, 404]  # not even for who sent it


def test_it_stays_in_the_discussion_that_named_it_first(hub, ann, bob, tea, change, send):
    """A discussion that is open to all does not open what belongs to a hidden one."""
    path = send(ann)
    change(private=True)
    ann.begin(description=path)
    with hub.database.write() as db:
        other = repos.create(db, bob.user, "dataset", "open", False)
    told = ann.client.post(
        "/api/datasets/bob/open/discussions",
        headers=ann.headers,
        json={"title": "A title", "description": f"![]({path})"},
    )
    assert told.status_code == 200
    assert statuses(path, ann, bob) == [200, 404]
    with hub.database.write() as db:
        repos.delete(db, repos.find(db, "dataset", "ann", "tea"))
    assert statuses(path, ann, bob) == [404, 404]
    sweep(hub)
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM attachments").fetchone()[0] == 0
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert repos.by_id(db, other.id) is not None


def test_a_hidden_comment_takes_it_along(ann, bob, tea, send):
    path, twice = send(bob), send(bob)
    number = bob.begin(description=f"![]({path}) {twice}")
    first = ann.get(f"/discussions/{number}")["events"][0]["id"]
    again = bob.post(f"/discussions/{number}/comment", comment=f"Once more: {twice}")
    quoted = ann.post(f"/discussions/{number}/comment", comment=f"> ![]({path})")
    ann.post(f"/discussions/{number}/comment/{quoted['newMessage']['id']}/hide")
    assert statuses(path, ann, bob) == [200, 200]  # no way to take away what is another's
    ann.post(f"/discussions/{number}/comment", comment=f"> ![]({path})")
    ann.post(f"/discussions/{number}/comment/{first}/hide")
    assert statuses(path, ann, bob) == [404, 404]  # nor to keep it
    assert statuses(twice, ann, bob) == [200, 200]
    bob.post(f"/discussions/{number}/comment", comment=f"![]({path})")
    assert statuses(path, ann, bob) == [404, 404]
    bob.post(f"/discussions/{number}/comment/{again['newMessage']['id']}/hide")
    assert statuses(twice, ann, bob) == [404, 404]


def test_a_day_after_it_was_last_named_it_goes(hub, ann, bob, tea, send, tmp_path):
    path, unused, hidden = (send(bob, PNG + name) for name in (b"1", b"2", b"3"))
    number = bob.begin(description=f"![]({path})")
    first = bob.get(f"/discussions/{number}")["events"][0]["id"]
    said = bob.post(f"/discussions/{number}/comment", comment=hidden)["newMessage"]["id"]
    bob.post(f"/discussions/{number}/comment/{said}/hide")
    assert gc.collect(hub).contents == 0
    with hub.database.write() as db:
        for table in ("attachments", "blobs"):
            db.execute(f"UPDATE {table} SET touched = touched - ?", (2 * gc.DAY,))
    age(hub)
    assert gc.collect(hub).contents == 2
    assert statuses(path, ann, bob) == [200, 200]
    assert statuses(unused, bob) == [404]
    assert verify(hub.root) == []
    assert backup(hub.root, tmp_path / "copy").contents == 3  # the dataset's two files, and this
    assert verify(tmp_path / "copy") == []
    bob.post(f"/discussions/{number}/comment/{first}/edit", content="No picture any more.")
    assert statuses(path, ann, bob) == [404, 200]
    assert gc.collect(hub).contents == 0  # from now on it is a day
    with hub.database.write() as db:
        db.execute("UPDATE attachments SET touched = ?", (now() - 2 * gc.DAY,))
    assert gc.collect(hub).contents == 1
    assert statuses(path, bob) == [404]


def age(hub) -> None:
    """Has the files of contents be old."""
    import os

    for place in hub.blobs.folder.glob("*/*"):
        os.utime(place, (time.time() - 2 * gc.DAY,) * 2)


def test_comments_show_them(ann, tea, send):
    image, video = (f"http://testserver{send(ann, CONTENTS[name])}" for name in ("png", "mp4"))
    sound = f"http://testserver{send(ann, CONTENTS['mp3'])}"
    other = f"https://example.org/uploads/{'x' * 32}.mp4"
    text = f'![a leaf]({image})\n\n{video}\n\n<audio controls src="{sound}"></audio>\n\n{other}'
    number = ann.begin(description=text)
    told = ann.get(f"/discussions/{number}")["events"][0]["data"]["latest"]
    assert told["raw"] == text
    paths = [one.removeprefix("http://testserver") for one in (image, video, sound)]
    assert f'<img src="{paths[0]}" alt="a leaf"' in told["html"]
    assert f'<a href="{paths[1]}">{paths[1]}</a>' in told["html"]
    assert f'href="{paths[2]}"' in told["html"]
    assert f"<p>{other}</p>" in told["html"]
    assert "<audio" not in told["html"]
    shown = ann.client.get(
        f"/datasets/ann/tea/discussions/{number}", headers={**ann.headers, "Accept": "text/html"}
    )
    assert f'<img src="{paths[0]}"' in shown.text


def test_many_names_in_a_comment(hub, ann, tea):
    keys = [f"{at:032}" for at in range(attachments.MAX_NAMED + 10)]
    with hub.database.write() as db:
        db.execute("INSERT INTO blobs VALUES ('a', 1, 'b', 0)")
        for key in keys:
            db.execute(
                "INSERT INTO attachments (key, user, blob, size, ending, date, touched)"
                " VALUES (?, ?, 'a', 1, 'png', 0, 0)",
                (key, ann.user.id),
            )
    ann.begin(description=json.dumps([f"/uploads/{key}.png" for key in keys]))
    with hub.database.read() as db:
        count = db.execute("SELECT count(*) FROM attached").fetchone()[0]
    assert count == attachments.MAX_NAMED
