"""Commits of many rows: in steps that nobody sees, undone whole where they cannot be ended."""

from __future__ import annotations

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import commits, draft, files, history, repos, steps, sweep
from pairsmith.hub.repos.commits import Message, Wanted
from pairsmith.hub.repos.draft import Delete, Put
from support.hub.stock import commit_files, put


@pytest.fixture
def repo(hub, monkeypatch):
    for module in (steps, commits, sweep):
        monkeypatch.setattr(module, "ROWS", 7)
    monkeypatch.setattr(draft, "CHECKED", 3)
    with hub.database.write() as db:
        owner = users.add(db, "ann", "", "ann@example.org", None)
        return owner, repos.create(db, owner, "dataset", "d", private=False)


def allow(_db):
    pass


def make(hub, repo, changes, branch="main", check=allow):
    owner, made = repo
    wanted = Wanted(branch, owner, Message("many"), changes)
    return commits.commit_apart(hub.database, made, wanted, check)


def paths(hub, commit):
    with hub.database.read() as db:
        return [file.path for file in files.under(db, commit)]


def rows(hub):
    with hub.database.read() as db:
        return sorted(map(tuple, db.execute("SELECT line, path, born, died, blob FROM files")))


def drafts(hub):
    with hub.database.read() as db:
        return db.execute("SELECT count(*) FROM lines WHERE draft IS NOT NULL").fetchone()[0]


def many(blob, count=30, folder="x"):
    return [Put(f"{folder}/{number:02}", blob, False) for number in range(count)]


def test_nobody_sees_a_commit_before_all_of_it_is_there(hub, repo, monkeypatch):
    blob, other = put(hub, repo[1], b"1"), put(hub, repo[1], b"2")
    first = make(hub, repo, many(blob))
    seen = []
    run = steps.run

    def watched(database, step):
        run(database, step)
        with hub.database.read() as db:
            head = history.find(db, repo[1], "main")
            seen.append((head.id, {file.blob for file in files.under(db, head)}))

    monkeypatch.setattr(steps, "run", watched)
    second = make(hub, repo, [*many(other, 20), *many(other, 3, "y")])
    assert len(seen) > 3
    assert set(map(str, seen)) == {str((first.id, {blob}))}
    assert len(paths(hub, second)) == 33
    assert len(paths(hub, first)) == 30
    assert drafts(hub) == 0


def test_a_folder_of_very_many_files_ends_in_steps(hub, repo):
    blob = put(hub, repo[1], b"1")
    make(hub, repo, [*many(blob, 40), Put("xa", blob, False)])
    made = make(hub, repo, [Delete("x", folder=True)])
    assert paths(hub, made) == ["xa"]


def test_a_line_of_its_own_is_copied_in_steps(hub, repo):
    _owner, made = repo
    blob, other = put(hub, made, b"1"), put(hub, made, b"2")
    first = make(hub, repo, many(blob, 40))
    with hub.database.write() as db:
        history.add_ref(db, made, "branch", "side", first)
    make(hub, repo, [Put("more", other, False)])
    side = make(hub, repo, [Put("x/00", other, False), Delete("x/39")], "side")
    assert paths(hub, side) == [f"x/{number:02}" for number in range(39)]
    assert len(paths(hub, first)) == 40


class DiedError(Exception):
    pass


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("undone", [True, False], ids=["undone", "left"])
def test_a_commit_that_breaks_off_leaves_nothing(hub, repo, monkeypatch, after, undone):
    _owner, made = repo
    blob, other = put(hub, made, b"1"), put(hub, made, b"2")
    make(hub, repo, many(blob, 20))
    before = rows(hub)
    run, count = steps.run, 0

    def breaking(database, step):
        nonlocal count
        count += 1
        if count > after and (not undone or count == after + 1):
            raise DiedError  # where nothing more is run, as after a kill
        run(database, step)

    with monkeypatch.context() as patched:
        patched.setattr(steps, "run", breaking)
        with pytest.raises(DiedError):
            make(hub, repo, [Delete("x", folder=True), *many(other, 20, "y")])
    if undone:
        assert rows(hub) == before
    else:
        assert drafts(hub) == 1
    third = make(hub, repo, [Put("z", other, False)])  # at the place that was given up
    assert paths(hub, third) == [*(f"x/{number:02}" for number in range(20)), "z"]
    assert drafts(hub) == 0


def test_a_line_that_broke_off_goes_when_the_hub_is_served_again(hub, repo, monkeypatch):
    _owner, made = repo
    blob = put(hub, made, b"1")
    with monkeypatch.context() as patched:
        patched.setattr(steps, "run", lambda *_: (_ for _ in ()).throw(DiedError()))
        with pytest.raises(DiedError):
            make(hub, repo, many(blob))
    assert drafts(hub) == 1
    steps.undo_all(hub.database)
    assert rows(hub) == []
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM lines").fetchone()[0] == 0


def test_who_may_not_any_more_when_it_is_written_changes_nothing(hub, repo):
    blob = put(hub, repo[1], b"1")
    asked = []

    def check(_db):
        asked.append(1)
        if len(asked) == 2:
            raise HubError(403, "not any more")

    with pytest.raises(HubError, match="not any more"):
        make(hub, repo, many(blob), check=check)
    assert rows(hub) == []


def test_what_is_said_last_of_a_path_counts(hub, repo):
    blob, other = put(hub, repo[1], b"1"), put(hub, repo[1], b"2")
    made = make(
        hub,
        repo,
        [
            Put("a", blob, False),
            Put("a", other, False),
            Put("b/c", blob, False),
            Delete("b", folder=True),
            Put("b", blob, False),
            Put("d", blob, False),
            Delete("d"),
        ],
    )
    with hub.database.read() as db:
        assert [(file.path, file.blob) for file in files.under(db, made)] == [
            ("a", other),
            ("b", blob),
        ]


@pytest.mark.parametrize(
    "changes",
    [
        [("a", "put"), ("a/b", "put")],
        [("x/00/more", "put")],
        [("x", "put")],
        [("x/00", "delete"), ("x", "put")],
    ],
)
def test_no_file_is_a_folder_however_many_there_are(hub, repo, changes):
    blob = put(hub, repo[1], b"1")
    make(hub, repo, many(blob, 20))
    before = rows(hub)
    told = [Put(path, blob, False) if what == "put" else Delete(path) for path, what in changes]
    for changed in (told, [*many(blob, 20, "z"), *told]):
        with pytest.raises(HubError, match="a file and a folder at once"):
            make(hub, repo, changed)
    assert rows(hub) == before


def test_a_deleted_repository_is_gone_at_once_and_its_rows_in_steps(hub, repo, account):
    owner, made = repo
    commit_files(hub, made, owner, {f"x/{number:02}": b"%d" % number for number in range(30)})
    with hub.database.write() as db:
        repos.delete(db, made)
        assert repos.find(db, "dataset", "ann", "d") is None
        assert repos.by_id(db, made.id) is None
        again = repos.create(db, owner, "dataset", "d", private=False)  # the name is free
    assert len(rows(hub)) == 30
    sweep.sweep(hub)
    with hub.database.read() as db:
        for table in ("files", "commits", "lines", "holdings"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0
        assert [row[0] for row in db.execute("SELECT id FROM repos")] == [again.id]
        assert db.execute("SELECT count(*) FROM blobs").fetchone()[0] == 30  # for a day
