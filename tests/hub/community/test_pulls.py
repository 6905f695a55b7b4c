"""Pull requests by calls: what they hold, whom they show it, conflicts, and merging."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth.limits import Limits
from pairsmith.hub.community import pulls, threads
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import events, history, quotas, repos

Changes = dict[str, str | None]
CASES: dict[str, tuple[Changes, Changes, list[str]]] = {
    # what the pull request does, what is done to the branch meanwhile, the files with conflicts
    "another-file": ({"a.txt": "a"}, {"b.txt": "b"}, []),
    "the-same-file": ({"leaves.txt": "bob's"}, {"leaves.txt": "ann's"}, ["leaves.txt"]),
    "the-same-change": ({"leaves.txt": "white\n"}, {"leaves.txt": "white\n"}, []),
    "both-put-it-there": ({"a.txt": "bob's"}, {"a.txt": "ann's"}, ["a.txt"]),
    "both-end-it": ({"leaves.txt": None, "a.txt": "a"}, {"leaves.txt": None}, []),
    "one-ends-what-the-other-changes": ({"leaves.txt": None}, {"leaves.txt": "x"}, ["leaves.txt"]),
    "one-changes-what-the-other-ends": ({"leaves.txt": "x"}, {"leaves.txt": None}, ["leaves.txt"]),
}


@pytest.mark.parametrize("case", CASES)
def test_conflicts(ann, bob, tea, case):
    proposed, meanwhile, paths = CASES[case]
    number = bob.propose(proposed)
    ann.commit("main", meanwhile)
    assert ann.get(f"/discussions/{number}")["filesWithConflicts"] == paths
    answer = ann.post(f"/discussions/{number}/merge", 409 if paths else 200)
    if paths:
        assert answer["filesWithConflicts"] == paths
        assert ann.get(f"/discussions/{number}")["status"] == "open"
        for path, text in meanwhile.items():
            assert ann.read(path) == text
    else:
        for path, text in {**meanwhile, **proposed}.items():
            assert ann.read(path) == text
        told = ann.get(f"/discussions/{number}")
        assert told["changes"]["mergeCommitId"] == ann.get("/commits/main")[0]["id"]


def test_a_file_where_the_other_has_a_folder(ann, bob, tea):
    number = bob.propose({"new/a.txt": "a"})
    ann.commit("main", {"new": "a file"})
    answer = ann.post(f"/discussions/{number}/merge", 409)
    assert "file and a folder" in answer["error"]
    assert ann.read("new") == "a file"


def test_a_branch_that_is_gone(ann, bob, tea):
    ann.post("/branch/side")
    number = bob.propose({"a.txt": "a"}, base="side")
    assert ann.get(f"/discussions/{number}")["changes"]["base"] == "refs/heads/side"
    answer = ann.client.delete("/api/datasets/ann/tea/branch/side", headers=ann.headers)
    assert answer.status_code == 200
    told = ann.get(f"/discussions/{number}", diff=1)
    assert told["filesWithConflicts"] is True
    assert "+a" in told["diff"]
    assert "not there any more" in ann.post(f"/discussions/{number}/merge", 409)["error"]
    assert bob.read("a.txt", f"refs/pr/{number}") == "a"


def test_what_cannot_be_proposed(ann, bob, tea, hub):
    number = bob.propose({"a.txt": "a"})
    for revision, status in (("nowhere", 404), (f"refs/pr/{number}", 400), ("refs/pr/99", 400)):
        bob.commit(revision, {"b.txt": "b"}, status, create_pr=1)
    bob.commit("refs/pr/99", {"b.txt": "b"}, 404)
    bob.commit("main", {"b.txt": "b"}, 403)
    bob.commit("main", {"nothing/here.txt": None}, 400, create_pr=1)  # and no request is begun
    assert bob.get("/discussions")["count"] == 1
    with hub.database.write() as db:
        repos.create(db, ann.user, "dataset", "empty", False)
    body = {"title": "A change", "pullRequest": True}
    answer = bob.client.post("/api/datasets/ann/empty/discussions", headers=bob.headers, json=body)
    assert answer.status_code == 400
    assert "no commit yet" in answer.json()["error"]


def test_names_of_pull_requests_are_nobodys_branches(ann, tea):
    ann.post("/branch/refs%2Fpr%2F1", 400)
    ann.post("/tag/main", 400, tag="refs/pr/1")
    refs = ann.get("/refs")
    assert ([one["name"] for one in refs["branches"]], refs["tags"]) == (["main"], [])


def test_only_its_author_and_who_may_write_go_on_with_one(ann, bob, person, tea):
    number = bob.propose({"a.txt": "a"})
    person("cleo").commit(f"refs/pr/{number}", {"b.txt": "b"}, 403)
    ann.commit(f"refs/pr/{number}", {"b.txt": "b"})
    bob.commit(f"refs/pr/{number}", {"a.txt": None})
    assert set(bob.paths(f"refs/pr/{number}")) == {"README.md", "leaves.txt", "b.txt"}
    bob.post(f"/discussions/{number}/status", status="closed")
    bob.commit(f"refs/pr/{number}", {"c.txt": "c"}, 409)
    ann.post(f"/discussions/{number}/merge", 409)
    kinds = [one["type"] for one in bob.get(f"/discussions/{number}")["events"]]
    assert kinds == ["commit", "commit", "commit", "status-change"]


def test_it_starts_from_the_commit_that_was_named(ann, bob, tea):
    first = ann.get("/commits/main")[0]["id"]
    ann.commit("main", {"later.txt": "later"})
    number = bob.propose({"a.txt": "a"}, header={"parentCommit": first})
    assert set(bob.paths(f"refs/pr/{number}")) == {"README.md", "leaves.txt", "a.txt"}
    ann.post(f"/discussions/{number}/merge")
    assert set(ann.paths()) == {"README.md", "leaves.txt", "a.txt", "later.txt"}


def test_the_branch_is_not_split_up_by_what_is_proposed(hub, ann, bob, tea):
    """The history of a branch stays one line, however many proposals start from it."""
    with hub.database.read() as db:
        line = history.head(db, tea, "main").line
    draft = bob.begin("A draft", pullRequest=True)
    numbers = [bob.propose({f"{n}.txt": "x"}) for n in range(3)]
    bob.commit(f"refs/pr/{draft}", {"d.txt": "d"})
    ann.commit("main", {"e.txt": "e"})
    for number in numbers:
        ann.post(f"/discussions/{number}/merge")
    with hub.database.read() as db:
        assert history.head(db, tea, "main").line == line
    assert len(ann.get("/commits/main")) == 5


def test_the_diff_of_a_gated_dataset(hub, ann, bob, person, tea, change):
    """Paths are for all; lines, and what stands for a large file, for who may read the data."""
    change(gate="manual", bob="accepted")
    cleo = person("cleo")
    cleo.commit("main", {"a.txt": "a"}, 403, create_pr=1)
    cleo.begin("A change", 403, pullRequest=True)
    number = bob.propose({"README.md": "# Tea, mended\n", "leaves.txt": "green\nwhite\n"})
    reads, sees = (who.get(f"/discussions/{number}", diff=1)["diff"] for who in (bob, cleo))
    assert "-black\n+white\n" in reads
    for text in (reads, sees):
        assert "-# Tea\n+# Tea, mended\n" in text
        assert "diff --git a/leaves.txt b/leaves.txt" in text
    assert "white" not in sees
    assert "black" not in sees
    pages = {
        who.user.name: who.client.get(
            f"/datasets/ann/tea/discussions/{number}/files",
            headers={**who.headers, "accept": "text/html"},
        ).text
        for who in (bob, cleo)
    }
    assert ("white" in pages["bob"], "white" in pages["cleo"]) == (True, False)
    with hub.database.read() as db:
        viewed = [one for one in events.recent(db, tea) if one.action == "viewed"]
    assert [(one.user, one.detail["path"]) for one in viewed] == [("bob", f"refs/pr/{number}")] * 2
    change(gate="manual", bob="revoked")
    bob.commit(f"refs/pr/{number}", {"b.txt": "b"}, 403)
    assert "white" not in bob.get(f"/discussions/{number}", diff=1)["diff"]
    assert bob.read("leaves.txt", f"refs/pr/{number}") is None


def test_a_diff_that_git_can_apply(ann, bob, tea):
    number = bob.propose(
        {"leaves.txt": "green\nwhite", "new.txt": "one\n", "e.txt": "", "README.md": None}
    )
    assert ann.get(f"/discussions/{number}", diff=1)["diff"] == (
        "diff --git a/README.md b/README.md\ndeleted file mode 100644\n--- a/README.md\n"
        "+++ /dev/null\n@@ -1 +0,0 @@\n-# Tea\n"
        "diff --git a/e.txt b/e.txt\nnew file mode 100644\n"
        "diff --git a/leaves.txt b/leaves.txt\n--- a/leaves.txt\n+++ b/leaves.txt\n"
        "@@ -1,2 +1,2 @@\n green\n-black\n+white\n\\ No newline at end of file\n"
        "diff --git a/new.txt b/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new.txt\n"
        "@@ -0,0 +1 @@\n+one\n"
    )


def test_what_is_proposed_counts_as_its_authors_until_it_is_merged(hub, ann, bob, tea, monkeypatch):
    def held() -> tuple[int, int]:
        with hub.database.read() as db:
            return quotas.of(db, hub, tea).repo, quotas.proposed(db, bob.user.id)

    before = held()[0]
    number = bob.propose({"a.txt": "x" * 900})
    again = bob.propose({"leaves.txt": "green\nblack\n", "c.txt": "y" * 50})  # ann's own content
    assert held() == (before, 950)
    ann.post(f"/discussions/{number}/merge")
    assert held() == (before + 900, 50)
    monkeypatch.setattr(quotas, "MAX_PROPOSED_BYTES", 1_000)
    answer = bob.commit("main", {"d.txt": "z" * 951}, 403, create_pr=1)
    assert "1,000 bytes" in answer["error"]
    ann.commit("main", {"mine.txt": "y" * 50})  # what bob proposed is ann's, once ann sends it too
    assert held() == (before + 950, 0)
    assert bob.read("c.txt", f"refs/pr/{again}") == "y" * 50


def test_data_cannot_be_proposed_as_the_card(hub, ann, bob, tea, change):
    """The card is for all, and reads of it are on no record."""
    change(gate="manual", bob="accepted")
    oid = hashlib.sha256(b"green\nblack\n").hexdigest()
    named = {"path": "README.md", "algo": "sha256", "oid": oid, "size": 12}
    lines = [{"key": "header", "value": {"summary": "A card"}}, {"key": "lfsFile", "value": named}]
    number = bob.propose({"README.md": "# Green tea\n"})
    for revision in ("main?create_pr=1", f"refs%2Fpr%2F{number}"):
        answer = bob.client.post(
            f"/api/datasets/ann/tea/commit/{revision}",
            headers=bob.headers, content="\n".join(map(json.dumps, lines)),
        )  # fmt: skip
        assert answer.status_code == 403, answer.text
        assert "A proposed README.md is sent as text" in answer.json()["error"]
    assert len(bob.get("/discussions")["discussions"]) == 1
    assert bob.read("README.md", f"refs/pr/{number}") == "# Green tea\n"


def test_commits_to_others_repositories_have_a_rate(hub, ann, bob, tea):
    app = application(hub, Limits(proposals="2 per hour"))
    anns, bobs = (who._replace(client=TestClient(app)) for who in (ann, bob))
    number = bobs.propose({"a.txt": "a"})
    bobs.commit(f"refs/pr/{number}", {"b.txt": "b"})
    bobs.commit(f"refs/pr/{number}", {"c.txt": "c"}, 429)
    assert ann.read("c.txt", f"refs/pr/{number}") is None
    for text in "xyz":
        anns.commit(f"refs/pr/{number}", {"c.txt": text})
    assert ann.read("c.txt", f"refs/pr/{number}") == "z"


def test_a_role_that_was_withdrawn_merges_nothing(hub, ann, bob, tea):
    """However long a merge takes: the role is asked for once more when it is made."""
    number = bob.propose({"a.txt": "a"})
    with hub.database.read() as db:
        thread = threads.find(db, tea, number)
    with pytest.raises(HubError, match="may not change the files of ann/tea any more"):
        pulls.merge(hub, tea, thread, Actor(bob.user, moderates=True))
    assert ann.get(f"/discussions/{number}")["status"] == "open"
    assert ann.read("a.txt") is None


def test_many_at_once(hub, ann, bob, tea):
    """One of several merges is made; numbers are given once; every comment is there."""
    number = bob.propose({"a.txt": "a"})
    actor = Actor(ann.user, moderates=True)
    with hub.database.read() as db:
        thread = threads.find(db, tea, number)

    def merge(_: int) -> int:
        try:
            pulls.merge(hub, tea, thread, actor)
        except HubError as error:
            return error.status
        return 200

    def write(place: int) -> int:
        with hub.database.write() as db:
            threads.comment(db, tea, thread, actor, f"number {place}")
            return threads.open_discussion(db, tea, actor, f"Question {place}", "?").num

    with ThreadPoolExecutor(8) as pool:
        merged, begun = pool.map(merge, range(4)), pool.map(write, range(12))
        assert sorted(merged) == [200, 409, 409, 409]
        assert sorted(begun) == list(range(2, 14))
    events = ann.get(f"/discussions/{number}")["events"]
    said = {one["data"]["latest"]["raw"] for one in events if one["type"] == "comment"}
    assert said == {f"number {place}" for place in range(12)}
    assert [one["data"] for one in events if one["type"] == "status-change"] == [
        {"status": "merged"}
    ]
    assert len(ann.get("/commits/main")) == 2
