"""Discussions by calls: what can be written, by whom, and what is left of it."""

from __future__ import annotations

import json
import time

from pairsmith.hub.community import mentions, threads
from pairsmith.hub.community.entries import MAX_COMMENT_CHARS, MAX_ENTRIES
from pairsmith.hub.core.database import now
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.sweep import sweep
from support.hub.stock import commit_files
from support.slow import slow

GONE = "words that nobody should keep"


TRIED = [
    ("/discussions", {"title": "ab", "description": "x"}, 400),
    ("/discussions", {"title": "  a  b ", "description": "x"}, 200),
    ("/discussions", {"title": "x" * 201, "description": "x"}, 400),
    ("/discussions", {"title": "x" * 200, "description": "x"}, 200),
    ("/discussions", {"title": "A title", "description": " \n "}, 400),
    ("/discussions", {"title": ["A title"], "description": "x"}, 400),
    ("/discussions", {"title": "A title", "description": "x", "pullRequest": "yes"}, 400),
    ("/discussions/1/comment", {"comment": "x" * MAX_COMMENT_CHARS}, 200),
    ("/discussions/1/comment", {"comment": "x" * (MAX_COMMENT_CHARS + 1)}, 413),
    ("/discussions/1/comment", {"comment": "\U0001f375" * MAX_COMMENT_CHARS}, 200),
    ("/discussions/1/comment", {"comment": "x" * (1 << 20)}, 413),
    ("/discussions/1/comment", {}, 400),
    ("/discussions/x/comment", {"comment": "x"}, 404),
    ("/discussions/0/comment", {"comment": "x"}, 404),
    ("/discussions/99999999999999999999/comment", {"comment": "x"}, 404),
    ("/discussions/1/comment/abc/edit", {"content": "x"}, 404),
    ("/discussions/1/status", {"status": "merged"}, 400),
    ("/discussions/1/title", {"title": "a\u202eb"}, 400),
    ("/discussions/1/merge", {}, 400),
]


def test_what_is_taken_and_what_is_not(ann, tea):
    assert ann.begin() == 1
    for path, body, status in TRIED:
        ann.post(path, status, **body)


def test_a_comment_is_sent_as_clients_send_it(ann, tea):
    ann.begin()
    sent = json.dumps({"comment": "\U0001f375" * MAX_COMMENT_CHARS})  # each letter as an escape
    answer = ann.client.post(
        "/api/datasets/ann/tea/discussions/1/comment", headers=ann.headers, content=sent
    )
    assert answer.status_code == 200
    assert answer.json()["newMessage"]["data"]["latest"]["raw"] == "\U0001f375" * MAX_COMMENT_CHARS


def test_who_may_write(ann, bob, person, tea, change):
    """Whoever may know of the repository, with an account and a token for writing."""
    number = bob.begin()
    change(gate="manual", bob="rejected")
    assert bob.begin("May I ask again?") == number + 1
    said = ann.post(f"/discussions/{number}/comment", comment="By ann.")["newMessage"]["id"]
    bob.post(f"/discussions/{number}/comment/{said}/edit", 403, content="By bob.")
    bob.post(f"/discussions/{number}/comment/{said}/hide", 403)
    reader = person("cleo", "read")
    reader.post(f"/discussions/{number}/comment", 403, comment="x")
    nobody = ann._replace(headers={})
    nobody.post(f"/discussions/{number}/comment", 401, comment="x")
    assert nobody.get(f"/discussions/{number}")["title"] == "A question"
    third = person("dan")
    third.post(f"/discussions/{number}/title", 403, title="Another title")
    third.post(f"/discussions/{number}/status", 403, status="closed")
    change(private=True)
    for who, status in ((bob, 404), (nobody, 401)):
        who.get("/discussions", status)
        who.get(f"/discussions/{number}", status)
        who.post(f"/discussions/{number}/comment", status, comment="x")
    assert ann.get("/discussions")["count"] == 2


def test_what_was_hidden_is_nowhere_any_more(hub, ann, bob, tea):
    bob.begin(description=GONE)
    first = bob.get("/discussions/1")["events"][0]["id"]
    bob.post(f"/discussions/1/comment/{first}/edit", content=f"{GONE}, again")
    assert GONE in json.dumps(ann.get("/discussions/1"))
    hidden = ann.post(f"/discussions/1/comment/{first}/hide")["updatedComment"]
    assert hidden["data"]["hidden"] is True
    for who in (ann, bob):
        assert GONE not in json.dumps(who.get("/discussions/1"))
    with hub.database.read() as db:
        assert GONE not in "\n".join(db.iterdump())
    bob.post(f"/discussions/1/comment/{first}/edit", 400, content="back again")


def test_what_a_comment_said_before_is_for_who_may_write(ann, bob, person, tea):
    bob.begin(description="the first words")
    first = bob.get("/discussions/1")["events"][0]["id"]
    bob.post(f"/discussions/1/comment/{first}/edit", content="other words")
    told = {
        who.user.name: who.get("/discussions/1")["events"][0]["data"]
        for who in (ann, bob, person("cleo"))
    }
    assert {name: len(data["history"]) for name, data in told.items()} == {
        "ann": 1, "bob": 1, "cleo": 1
    }  # fmt: skip
    assert {name for name, data in told.items() if "first words" in json.dumps(data)} == {"ann"}


def test_all_of_it_is_on_record_without_words(hub, ann, bob, tea):
    bob.begin(description=GONE)
    first = bob.get("/discussions/1")["events"][0]["id"]
    bob.post(f"/discussions/1/comment/{first}/edit", content=f"{GONE}!")
    bob.post("/discussions/1/title", title="Another title")
    ann.post("/discussions/1/status", status="closed", comment=GONE)
    bob.post("/discussions/1/status", status="open")
    ann.post(f"/discussions/1/comment/{first}/hide")
    with hub.database.read() as db:
        told = events.recent(db, tea)
    assert [(event.actor, event.action) for event in reversed(told)] == [
        ("bob", "discussion-opened"), ("bob", "comment-edited"), ("bob", "discussion-renamed"),
        ("ann", "commented"), ("ann", "discussion-closed"), ("bob", "discussion-reopened"),
        ("ann", "comment-hidden"),
    ]  # fmt: skip
    assert GONE not in repr(told)


def test_a_removed_account_is_told_as_deleted(hub, ann, bob, tea):
    bob.begin(description="I leave. @ann")
    with hub.database.write() as db:
        db.execute("UPDATE users SET removed = ? WHERE id = ?", (now(), bob.user.id))
    told = ann.get("/discussions/1")
    assert "author" not in told
    assert "author" not in told["events"][0]
    assert "bob" not in json.dumps(told)


def test_a_deleted_repository_takes_its_discussions_along(hub, ann, bob, tea):
    bob.begin()
    bob.propose({"a.txt": "a"})
    with hub.database.write() as db:
        repos.delete(db, tea)
    assert bob.client.get("/api/whoami-v2", headers=bob.headers).json()["numDiscussions"] == 0
    sweep(hub)
    with hub.database.read() as db:
        for table in ("discussions", "discussion_entries", "pulls", "repos", "holdings"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table


def test_threads_a_day(hub, bob, tea, monkeypatch):
    monkeypatch.setattr(threads, "MAX_THREADS_A_DAY", 2)
    assert [bob.begin(), bob.begin()] == [1, 2]
    bob.begin("A question", 429)
    bob.commit("main", {"a.txt": "a"}, 429, create_pr=1)
    with hub.database.write() as db:
        db.execute("UPDATE discussions SET created = created - 86500 WHERE num = 1")
    assert bob.begin() == 3


@slow
def test_a_discussion_of_ten_thousand_entries(hub, ann, tea):
    ann.begin()
    with hub.database.write() as db:
        (thread,) = db.execute("SELECT id FROM discussions").fetchone()
        more = ((f"{n:024x}", thread, ann.user.id, f"*{n}* @ann") for n in range(MAX_ENTRIES - 1))
        db.executemany(
            "INSERT INTO discussion_entries (key, discussion, kind, author, date, text)"
            " VALUES (?, ?, 'comment', ?, 0, ?)",
            more,
        )
        db.execute("UPDATE discussions SET entries = ?", (MAX_ENTRIES,))
    begun = time.monotonic()
    told = ann.get("/discussions/1")
    assert time.monotonic() - begun < 20  # 0.8 s on a quiet machine; rendering all took 10
    assert len(told["events"]) == MAX_ENTRIES
    shown = [one["data"]["latest"]["html"] for one in told["events"]]
    assert shown[1].startswith("<p><em>0</em>")
    assert "*9998* @ann" in shown[-1]
    page = ann.client.get("/datasets/ann/tea/discussions/1?p=199", headers={"accept": "text/html"})
    assert page.text.count('<article class="comment"') == 50
    assert "<em>9998</em>" in page.text
    ann.post("/discussions/1/comment", 400, comment="One more.")


def test_entries_of_another_discussion_are_not_reached(ann, bob, tea):
    ann.begin()
    bob.begin()
    anns = ann.get("/discussions/1")["events"][0]["id"]
    ann.post(f"/discussions/2/comment/{anns}/hide", 404)
    assert not ann.get("/discussions/1")["events"][0]["data"]["hidden"]


def test_whom_a_text_mentions(hub, ann, bob, tea):
    with hub.database.read() as db:
        found = mentions.mentioned(db, "@bob, @BOB, mail@ann.org, @nobody, (@ann) `x`/@ann")
    assert [user.name for user in found] == ["ann", "bob"]


def test_a_model_has_discussions_of_its_own(hub, ann, bob, tea):
    with hub.database.write() as db:
        model = repos.create(db, ann.user, "model", "tea", False)
    commit_files(hub, model, ann.user, {"README.md": b"# A model\n"})
    bob.begin("Of the dataset")
    body = {"title": "Of the model", "description": "See #1", "pullRequest": True}
    made = bob.client.post("/api/models/ann/tea/discussions", headers=bob.headers, json=body)
    assert made.json()["url"] == "http://testserver/ann/tea/discussions/1"
    told = ann.client.get("/api/models/ann/tea/discussions").json()
    assert [(one["title"], one["repo"]["type"]) for one in told["discussions"]] == [
        ("Of the model", "model")
    ]
    page = ann.client.get("/ann/tea/discussions/1", headers={"accept": "text/html"}).text
    assert '<a href="/ann/tea/discussions/1">#1</a>' in page
    assert "--repo-type model" in ann.client.get("/ann/tea/discussions").text
