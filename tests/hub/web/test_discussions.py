"""The pages of discussions: the forms that are sent, and what a page shows to whom."""

from __future__ import annotations

import re
from html import unescape

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions
from pairsmith.hub.community import entries, pulls
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.core import database
from pairsmith.hub.repos import history, repos
from support.hub.browsers import Browser
from support.hub.gated import Person
from support.hub.parquets import parquet
from support.hub.stock import commit_files, propose_files

PAGE = "/datasets/ann/tea"
ROWS = {
    "id": ["tea/1", "tea/2"], "prompt": ["p", "q"], "chosen": ["SECRET one", "SECRET two"],
    "rejected": ["r", "s"],
}  # fmt: skip


@pytest.fixture
def person(hub, account):
    app = application(hub)

    def make(name: str) -> Person:
        user, headers = account(name)
        client = TestClient(app, follow_redirects=False, headers={"accept": "text/html"})
        with hub.database.write() as db:
            client.cookies.set(sessions.COOKIE, sessions.begin(db, user))
        return Person(user, Browser(client), headers)

    return make


@pytest.fixture
def tea(hub, ann):
    """A dataset of ann's with two pairs."""
    with hub.database.write() as db:
        repo = repos.create(db, ann.user, "dataset", "tea", False)
    commit_files(hub, repo, ann.user, {"README.md": b"# Tea\n", "train.parquet": parquet(ROWS)})
    return repo


@pytest.fixture
def gate(hub, tea):
    """Closes the gate of ann/tea, and says where somebody stands at it."""

    def act(**stands: str) -> None:
        with hub.database.write() as db:
            repos.set_gate(db, tea, "manual")
            for name, status in stands.items():
                db.execute(
                    "INSERT INTO requests (repo, user, status, fields, asked) SELECT ?, id, ?,"
                    " '{}', 0 FROM users WHERE name = ?",
                    (tea.id, status, name),
                )

    return act


def begin(who: Person, **fields: str) -> str:
    """Begins a discussion: the path of its page."""
    sent = {"title": "A question", "text": "Which *leaves*?", **fields}
    answer = who.send(f"{PAGE}/discussions", **sent)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def plain(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def comments(answer) -> list[str]:
    """The comments of a page, as they are rendered."""
    return re.findall(r'<div class="card">(.*?)</div>', answer.text, flags=re.DOTALL)


def test_a_discussion_from_its_beginning_to_its_end(ann, bob, tea):
    assert "Nobody has written here yet" in ann.get(f"{PAGE}/discussions").text
    path = begin(bob)
    shown = ann.get(path)
    assert comments(shown) == ["<p>Which <em>leaves</em>?</p>\n"]
    assert "Merge" not in plain(shown)
    said = ann.send(f"{path}/comment", text="@bob: **green** ones, see #1\r\n<script>x</script>")
    place = said.headers["location"]
    assert place.startswith(f"{path}#entry-")
    key = place.rpartition("-")[2]
    one = f'<a href="{PAGE}/discussions/1">#1</a>'
    assert comments(bob.get(path))[1] == (
        f'<p><a href="/bob">@bob</a>: <strong>green</strong> ones, see {one}</p>\n'
    )
    assert bob.send(f"{path}/comment/{key}/edit", text="mine").status_code == 403
    assert bob.send(f"{path}/comment/{key}/hide").status_code == 403
    ann.send(f"{path}/comment/{key}/edit", text="white ones")
    before = f"{path}/comment/{key}/versions"
    assert "what it said before" in ann.get(path).text
    assert "what it said before" not in bob.get(path).text
    assert "<code>@bob: **green** ones, see #1\n" in ann.get(before).text
    assert bob.get(before).status_code == 403
    bob.send(f"{path}/title", title="Which leaves are these?")
    ann.send(f"{path}/status", status="closed")
    shown = ann.get(path)
    assert "renamed it, from A question to Which leaves are these?" in plain(shown)
    assert "Open it again" in shown.text
    assert ["Which leaves" in ann.get(f"{PAGE}/discussions?status={one}").text for one in
            ("open", "closed", "all")] == [False, True, True]  # fmt: skip
    ann.send(f"{path}/comment/{key}/hide")
    shown = bob.get(path)
    assert "white ones" not in shown.text
    assert "This comment has been hidden" in shown.text


def test_what_was_written_is_not_lost_for_a_fault(bob, tea):
    answer = bob.send(f"{PAGE}/discussions", title="ab", text="A long <text> & more")
    assert answer.status_code == 400
    assert "3 to 200 characters" in answer.text
    assert "A long &lt;text&gt; &amp; more</textarea>" in answer.text


def test_a_comment_of_any_letters_fits_its_form(bob, tea):
    path = begin(bob, text="\U0001f375" * 32_768)
    answer = bob.send(f"{path}/comment", text="x" * (1 << 20))
    assert answer.status_code == 413
    assert "belongs into a file" in answer.text
    assert bob.send(f"{path}/comment", text="x" * 32_769).status_code == 413
    assert bob.get(path).text.count('<article class="comment"') == 1


def test_long_discussions_come_in_pages(bob, tea):
    path = begin(bob)
    for number in range(52):
        said = bob.send(f"{path}/comment", text=f"number {number}")
    assert said.headers["location"].startswith(f"{path}?p=1#entry-")
    pages = [bob.get(path), bob.get(f"{path}?p=1")]
    assert [page.text.count('<article class="comment"') for page in pages] == [50, 3]


def test_who_was_turned_away_can_write_to_the_owner(ann, bob, tea, gate):
    gate(bob="rejected")
    found = re.search(r'href="([^"]+)">Write to ann<', bob.get(PAGE).text)
    assert found
    assert bob.get(found[1]).status_code == 200
    path = begin(bob, text="May I ask again?")
    assert "May I ask again?" in ann.get(path).text


def test_a_row_is_discussed(ann, bob, tea, gate):
    gate(bob="accepted")
    found = re.findall(r'href="([^"]+)">Discuss this row', bob.get(f"{PAGE}/viewer").text)
    assert len(found) == 2
    form = bob.get(unescape(found[1]))
    assert "tea/2" in form.text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.text))
    fields.pop("csrf")
    path = begin(bob, **fields)
    stranger = TestClient(ann.browser.client.app, headers={"accept": "text/html"})
    shown = stranger.get(path)
    assert "About the row" in shown.text
    assert "tea/2" in shown.text
    assert "SECRET" not in shown.text
    there = re.search(r'About the row <a href="([^"]+)"', shown.text)
    assert there
    assert stranger.get(unescape(there[1])).status_code == 401
    assert "SECRET two" in plain(bob.get(unescape(there[1])))
    rows = re.findall(r'<p class="meta talk">.*?</p>', bob.get(f"{PAGE}/viewer").text)
    assert [f'href="{path}"' in row for row in rows] == [False, True]
    told = ann.browser.client.get(f"/api{path}", headers=ann.headers).json()
    assert told["row"]["name"] == "tea/2"


def test_a_comment_has_nobody_read_gated_data_unknowingly(bob, tea, gate):
    """An image of a comment may be of anybody; the record would say that its reader read."""
    gate(bob="accepted")
    path = begin(bob, text=f"![x]({PAGE}/resolve/main/README.md)")
    asked = {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "same-origin"}
    for page, status in ((path, 403), (PAGE, 200)):
        headers = {**asked, "Referer": f"http://testserver{page}"}
        url = f"{PAGE}/resolve/main/README.md"
        assert bob.browser.client.get(url, headers=headers).status_code == status


def test_what_is_no_row_is_refused(bob, tea):
    for fields in ({"row": "0"}, {"row": "1", "config": "x" * 201, "split": "train"}, {"row": "1"}):
        sent = {"title": "A question", "text": "x", **fields}
        assert bob.send(f"{PAGE}/discussions", **sent).status_code == 400
    path = begin(bob, row="1", config="default", split="train", id="what is in it")
    assert "what is in it" not in bob.get(path).text  # an id has no blanks


def test_a_pull_request_is_merged_on_its_page(ann, bob, tea):
    lines = (
        b'{"key": "header", "value": {"summary": "Mend the card", "description": "Short."}}\n'
        b'{"key": "file", "value": {"path": "README.md", "content": "# Green tea\\n"}}'
    )
    made = bob.browser.client.post(
        f"/api{PAGE}/commit/main?create_pr=1", headers=bob.headers, content=lines
    ).json()
    path = made["pullRequestUrl"].removeprefix("http://testserver")
    shown = ann.get(path)
    assert "It changes 1 file for main" in plain(shown)
    assert ("Merge into main" in shown.text, "Merge into" in bob.get(path).text) == (True, False)
    told = re.findall(r"<(?:ins|del)>(.*?)</", bob.get(f"{path}/files").text)
    assert told == ["-# Tea", "+# Green tea"]
    assert bob.send(f"{path}/merge").status_code == 403
    assert ann.send(f"{path}/merge").status_code == 303
    assert "It was merged" in ann.get(path).text
    assert "Green tea" in bob.get(PAGE).text
    assert ann.send(f"{path}/merge").status_code == 409


def conflicting(hub, repo, ann: Person, bob: Person, theirs: bytes | None, mains: bytes | None):
    """Bob's pull request that changes a file which ann changes on main: the path of its page."""
    commit_files(hub, repo, ann.user, {"leaves.txt": b"green\n", "sorts.txt": b"1\n"})
    with hub.database.write() as db:
        start = history.head(db, repo, "main")
        thread = pulls.begin(db, repo, Actor(bob.user, False), "Other leaves", "", start)
    changed = {"leaves.txt": theirs, "more.txt": b"more\n"}
    propose_files(hub, repo, Actor(bob.user, False), thread.num, changed)
    commit_files(hub, repo, ann.user, {"leaves.txt": mains})
    bob.send(f"{PAGE}/discussions/{thread.num}/status", status="open")
    return f"{PAGE}/discussions/{thread.num}"


def read_file(who: Person, path: str = "leaves.txt") -> str | None:
    answer = who.get(f"{PAGE}/resolve/main/{path}")
    return answer.text if answer.status_code == 200 else None


SIDES = {
    "changed-branch": (b"white\n", b"black\n", "branch", "black\n"),
    "changed-own": (b"white\n", b"black\n", "own", "white\n"),
    "gone-branch": (b"white\n", None, "branch", None),
    "gone-own": (b"white\n", None, "own", "white\n"),
    "deleted-own": (None, b"black\n", "own", None),
    "deleted-branch": (None, b"black\n", "branch", "black\n"),
}


@pytest.mark.parametrize("case", SIDES)
def test_a_conflict_is_settled_by_taking_a_side(hub, ann, bob, tea, case):
    theirs, mains, side, expected = SIDES[case]
    path = conflicting(hub, tea, ann, bob, theirs, mains)
    shown = bob.get(path)
    (base,) = re.findall(r'name="shown" value="([0-9a-f]{40})"', shown.text)
    assert "Take main's" in shown.text
    assert ann.send(f"{path}/merge").status_code == 409
    sent = {"file": "leaves.txt", "side": side, "shown": base}
    assert bob.send(f"{path}/reconcile", **sent).status_code == 303
    shown = bob.get(path)
    assert "cannot be merged" not in shown.text
    assert shown.text.count("committed <a") == 2
    assert bob.send(f"{path}/reconcile", **sent).status_code == 409
    assert ann.send(f"{path}/merge").status_code == 303
    assert (read_file(ann), read_file(ann, "more.txt")) == (expected, "more\n")


def test_a_side_is_taken_of_what_was_shown_by_who_may(hub, ann, bob, person, tea):
    path = conflicting(hub, tea, ann, bob, b"white\n", b"black\n")
    (base,) = re.findall(r'name="shown" value="([0-9a-f]{40})"', bob.get(path).text)
    sent = {"file": "leaves.txt", "side": "own", "shown": base}
    cleo = person("cleo")
    assert "Take main's" not in cleo.get(path).text
    assert cleo.send(f"{path}/reconcile", **sent).status_code == 403
    commit_files(hub, tea, ann.user, {"sorts.txt": b"2\n"})  # another file is no hindrance
    for wrong in ({"side": "both"}, {"file": "sorts.txt"}, {"shown": "x"}, {"file": ""}):
        assert bob.send(f"{path}/reconcile", **{**sent, **wrong}).status_code in (400, 404, 409)
    assert bob.send(f"{path}/reconcile", **sent).status_code == 303
    commit_files(hub, tea, ann.user, {"leaves.txt": b"oolong\n"})  # and once more
    assert "cannot be merged" in bob.get(path).text
    assert bob.send(f"{path}/reconcile", **sent).status_code == 409
    assert ann.send(f"{path}/merge").status_code == 409
    assert read_file(ann) == "oolong\n"


def test_a_form_that_is_sent_twice_says_it_once(hub, ann, bob, tea, monkeypatch):
    pages = [begin(bob, title="A leaf", text="Whose?") for _ in range(2)]
    row = {"config": "default", "split": "train", "row": "1"}
    about = [begin(bob, title="A leaf", text="Whose?", **row) for _ in range(2)]
    assert (pages[0] == pages[1], about[0] == about[1], pages[0] == about[0]) == (True, True, False)
    for who, text in ((bob, "Mine."), (bob, "Mine.\r\n"), (ann, "Mine."), (bob, "Mine.")):
        assert who.send(f"{pages[0]}/comment", text=text).status_code == 303
    said = [one.strip() for one in comments(ann.get(pages[0]))]
    assert said == ["<p>Whose?</p>", *["<p>Mine.</p>"] * 3], "not where another wrote meanwhile"
    monkeypatch.setattr(entries, "now", lambda: database.now() + entries.TWICE_SECONDS + 1)
    assert bob.send(f"{pages[0]}/comment", text="Mine.").status_code == 303
    assert len(comments(ann.get(pages[0]))) == 5, "later it is said again"
