"""Commits: against a model that copies all files each time; conflicts; what cannot be made."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.auth import users
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import commits, files, history, repos
from pairsmith.hub.repos.commits import Delete, Message, Put
from support.examples import examples
from support.hub.opened import new_hub
from support.hub.stock import commit_files, put

PATHS = ("a", "b", "x/a", "x/b", "x/y/c", "xa", "x0")
CONTENTS = (b"1", b"2", b"3")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 3), st.sampled_from(PATHS), st.integers(0, 2)),
        st.tuples(
            st.just("delete"),
            st.integers(0, 3),
            st.sampled_from((*PATHS, "x", "x/y")),
            st.booleans(),
        ),
        st.tuples(st.just("branch"), st.integers(0, 3), st.integers(0, 40), st.just(None)),
    ),
    max_size=25,
)


@pytest.fixture
def repo(hub):
    with hub.database.write() as db:
        owner = users.add(db, "ann", "", "ann@example.org", None)
        return owner, repos.create(db, owner, "dataset", "d", private=False)


@given(steps=STEPS)
@examples(60)
def test_every_commit_holds_what_a_copy_of_all_files_would(steps, tmp_path_factory):
    hub = new_hub(tmp_path_factory.mktemp("hub") / "hub")
    with hub.database.write() as db:
        owner = users.add(db, "ann", "", "ann@example.org", None)
        repo = repos.create(db, owner, "dataset", "d", private=False)
        first = commits.commit(db, repo, "main", owner, Message("first"), [])
    blobs = [put(hub, repo, data) for data in CONTENTS]
    model = {first.id: ({}, [first.id])}  # commit: its files, its history
    heads = {"main": first.id}
    for kind, which, what, more in steps:
        branch = sorted(heads)[which % len(heads)]
        with hub.database.write() as db:
            if kind == "branch":
                name, start = f"b{len(heads)}", sorted(model)[what % len(model)]
                history.add_ref(db, repo, "branch", name, history.find(db, repo, start))
                heads[name] = start
                continue
            before, past = model[heads[branch]]
            after, change = _changed(before, kind, what, more, blobs)
            if after is None:
                with pytest.raises(HubError):
                    commits.commit(db, repo, branch, owner, Message("bad"), [change])
                db.execute("ROLLBACK")
                db.execute("BEGIN IMMEDIATE")
                continue
            made = commits.commit(db, repo, branch, owner, Message("good"), [change])
            model[made.id] = (after, [made.id, *past])
            heads[branch] = made.id
    with hub.database.read() as db:
        for number, (held, past) in model.items():
            commit = history.find(db, repo, number)
            assert {file.path: file.blob for file in files.under(db, commit)} == held
            assert [one.id for one in history.ancestors(db, repo, commit, 99)] == past
            inner = {path: blob for path, blob in held.items() if path.startswith("x/")}
            assert {file.path: file.blob for file in files.under(db, commit, "x")} == inner
            for path in held:
                last = files.last_change(db, repo, commit, path)
                assert last is not None
                assert last.id == _last_change(model, past, path)
        assert {ref.name: ref.target for ref in history.refs(db, repo)} == heads
    hub.close()


def _changed(before, kind, what, more, blobs):
    """The files after a change, and the change; None for one that cannot be made."""
    after = dict(before)
    if kind == "put":
        above = ["/".join(what.split("/")[:n]) for n in range(1, what.count("/") + 1)]
        clash = any(path in before for path in above)
        clash = clash or any(path.startswith(what + "/") for path in before)
        after[what] = blobs[more]
        return (None if clash else after), Put(what, blobs[more], lfs=False)
    gone = [p for p in before if (p.startswith(what + "/") if more else p == what)]
    for path in gone:
        del after[path]
    return (after if gone else None), Delete(what, folder=more)


def _last_change(model, past, path):
    """The newest commit of a history whose change touched the path: where it was put."""
    for number, before in zip(past, [*past[1:], None], strict=True):
        earlier = model[before][0] if before else {}
        if earlier.get(path) != model[number][0].get(path):
            return number
    return None


def test_a_commit_for_an_older_state_is_refused(hub, repo):
    owner, made = repo
    first = commit_files(hub, made, owner, {"a": b"1"})
    second = commit_files(hub, made, owner, {"a": b"2"})
    blob = put(hub, made, b"3")
    with pytest.raises(HubError) as raised, hub.database.write() as db:
        commits.commit(
            db, made, "main", owner, Message("late", "", first.id), [Put("a", blob, False)]
        )
    assert raised.value.status == 412
    with hub.database.read() as db:
        assert history.find(db, made, "main").id == second.id


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "a/../b",
        "/a",
        "a//b",
        "a/",
        "",
        ".",
        "a/./b",
        ".git/config",
        "a\\b",
        "a\nb",
        "a" * 1025,
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(hub, repo, path):
    owner, made = repo
    blob = put(hub, made, b"1")
    with pytest.raises(HubError, match="cannot be the path"), hub.database.write() as db:
        commits.commit(db, made, "main", owner, Message("m"), [Put(path, blob, False)])


def test_a_content_that_went_to_another_repository_is_refused(hub, repo):
    owner, made = repo
    with hub.database.write() as db:
        other = repos.create(db, owner, "dataset", "other", private=True)
    blob = put(hub, other, b"secret")
    with pytest.raises(HubError, match="was not sent to this"), hub.database.write() as db:
        commits.commit(db, made, "main", owner, Message("m"), [Put("a", blob, False)])
    with hub.database.read() as db:
        assert history.head(db, made, "main") is None


def test_commits_at_once_come_one_after_the_other(hub, repo):
    owner, made = repo
    blob = put(hub, made, b"1")

    def work(number: int) -> None:
        for step in range(5):
            with hub.database.write() as db:
                change = Put(f"{number}/{step}", blob, False)
                commits.commit(db, made, "main", owner, Message(f"{number} {step}"), [change])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with hub.database.read() as db:
        head = history.find(db, made, "main")
        assert len(history.ancestors(db, made, head, 100)) == 40
        assert len(files.under(db, head)) == 40
