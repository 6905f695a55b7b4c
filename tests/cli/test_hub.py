"""The commands of a hub: what they print, how they end, and what the hub then knows."""

import io
import json
import sys

import pytest

from pairsmith.cli.commands import hosting
from pairsmith.cli.sizes import allotment
from pairsmith.hub.auth import passwords, tokens, users
from pairsmith.hub.context import Allotment, open_hub
from pairsmith.hub.core.blobs import Blobs
from pairsmith.hub.repos import repos

WORD = "correct horse battery"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "hub"


def asked(root, question):
    """What the hub's database answers."""
    with open_hub(root) as hub, hub.database.read() as db:
        return question(db)


@pytest.fixture
def ann(run, root):
    assert run("hub", "user", "add", root, "ann", "--no-password")[0] == 0


def test_an_account_with_a_password(run, root, monkeypatch):
    monkeypatch.setenv(hosting.PASSWORD, WORD)
    status, out, err = run(
        "hub", "user", "add", root, "ann", "--email", "ann@example.org", "--fullname", "Ann Ark"
    )
    assert (status, out, err) == (0, "ann has an account.\n", "")
    found = asked(root, lambda db: users.credentials(db, "ann"))
    assert found.user[1:] == ("ann", "Ann Ark", "ann@example.org")
    assert passwords.verify(found.password, WORD)


def test_an_account_without_a_password(run, root, ann):
    assert asked(root, lambda db: users.credentials(db, "ann")).password is None


def test_a_password_is_asked_for_twice(run, root, monkeypatch):
    monkeypatch.delenv(hosting.PASSWORD, raising=False)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    typed = iter([WORD, "correct mouse battery", WORD, WORD])
    monkeypatch.setattr("getpass.getpass", lambda *_: next(typed))
    status, out, err = run("hub", "user", "add", root, "ann")
    assert (status, out) == (0, "ann has an account.\n")
    assert WORD not in err
    assert list(typed) == []
    found = asked(root, lambda db: users.credentials(db, "ann"))
    assert passwords.verify(found.password, WORD)


def test_no_password_where_nobody_can_be_asked(run, root, monkeypatch):
    monkeypatch.delenv(hosting.PASSWORD, raising=False)
    status, _, err = run("hub", "user", "add", root, "ann")
    assert status == 2
    assert hosting.PASSWORD in err
    assert not root.exists()


def test_a_password_that_is_too_short(run, root, monkeypatch):
    monkeypatch.setenv(hosting.PASSWORD, "short")
    status, _, err = run("hub", "user", "add", root, "ann")
    assert status == 2
    assert "at least" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["ann", "--no-password"], "is taken"),
        (["an n", "--no-password"], "cannot be a user's name"),
        (["bob", "--no-password", "--email", "nowhere"], "e-mail"),
        (["bob", "--no-password", "--fullname", "x" * 500], "full name"),
    ],
)
def test_an_account_that_cannot_be(run, root, ann, options, said):
    status, out, err = run("hub", "user", "add", root, *options)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_another_password(run, root, ann, monkeypatch):
    monkeypatch.setenv(hosting.PASSWORD, WORD)
    assert run("hub", "user", "password", root, "ANN")[0] == 0
    found = asked(root, lambda db: users.credentials(db, "ann"))
    assert passwords.verify(found.password, WORD)


def test_a_token_is_printed_and_known(run, root, ann):
    status, out, err = run("hub", "token", "add", root, "ann", "--write")
    assert (status, err) == (0, "")
    found = asked(root, lambda db: tokens.find(db, out.strip()))
    assert (found.user.name, found.name, found.role) == ("ann", "1", "write")
    told = json.loads(run("hub", "token", "add", root, "ann", "--name", "ci", "--json")[1])
    found = asked(root, lambda db: tokens.find(db, told["token"]))
    assert (told["user"], told["name"], told["role"]) == ("ann", "ci", "read")
    assert (found.name, found.role) == ("ci", "read")
    status, _, err = run("hub", "token", "add", root, "ann", "--name", "ci")
    assert status == 2
    assert "'ci'" in err


def test_a_token_that_is_revoked_opens_nothing(run, root, ann):
    token = run("hub", "token", "add", root, "ann", "--name", "ci")[1].strip()
    assert run("hub", "token", "revoke", root, "ann", "ci")[0] == 0
    assert asked(root, lambda db: tokens.find(db, token)) is None
    status, _, err = run("hub", "token", "revoke", root, "ann", "ci")
    assert status == 2
    assert "there are: none" in err


def test_accounts_and_tokens_are_listed(run, root, ann):
    run("hub", "user", "add", root, "bo", "--no-password", "--email", "bo@example.org")
    secret = run("hub", "token", "add", root, "bo", "--name", "old")[1].strip()
    run("hub", "token", "add", root, "bo", "--name", "new", "--write")
    run("hub", "token", "revoke", root, "bo", "old")
    status, out, err = run("hub", "user", "list", root)
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["ann", "0", "datasets", "0", "tokens"],
        ["bo", "0", "datasets", "1", "tokens", "bo@example.org"],
    ]
    told = json.loads(run("hub", "user", "list", root, "--json")[1])
    assert [account["name"] for account in told] == ["ann", "bo"]
    status, out, _ = run("hub", "token", "list", root, "bo")
    assert (status, out) == (0, "new: write\nold: read, revoked\n")
    assert secret not in run("hub", "token", "list", root, "bo", "--json")[1]
    assert run("hub", "token", "list", root, "nobody")[0] == 2


def test_an_account_that_is_not_there(run, root, ann):
    for words in (["token", "add", root, "bob"], ["token", "revoke", root, "bob", "x"]):
        status, _, err = run("hub", *words)
        assert status == 2
        assert "no account 'bob'" in err


def test_a_hub_that_is_not_there(run, root):
    for words in (
        ["token", "add", root, "ann"],
        ["verify", root],
        ["backup", root, root.parent / "copy"],
    ):
        status, _, err = run("hub", *words)
        assert status == 2
        assert f"There is no folder {root}" in err
    assert not root.exists()


def test_a_hub_is_proved(run, root, ann):
    assert run("hub", "verify", root) == (0, f"{root} is whole.\n", "")
    assert run("hub", "verify", root, "--json") == (0, "[]\n", "")
    with open_hub(root) as hub, hub.database.write() as db:
        db.execute("INSERT INTO blobs VALUES (?, 1, '', 0)", ("ab" * 32,))
    stray = Blobs(root).path("cd" * 32)
    stray.parent.mkdir()
    stray.write_text("")
    status, out, _ = run("hub", "verify", root)
    assert status == 1
    assert out.splitlines() == [
        f"blobs/ab/{'ab' * 32}: The file is missing. No commit refers to it.",
        f"note: blobs/cd/{'cd' * 32}: The database does not know this content.",
        f"{root} is not whole: 1 found.",
    ]
    status, out, _ = run("hub", "verify", root, "--json")
    assert status == 1
    assert [problem["is_note"] for problem in json.loads(out)] == [False, True]


def test_a_backup(run, root, ann, tmp_path):
    out = tmp_path / "copy"
    status, printed, _ = run("hub", "backup", root, out)
    assert status == 0
    assert printed == f"{out} is a backup of {root}: 0 contents, 0 bytes; 0 are new.\n"
    told = json.loads(run("hub", "backup", root, out, "--json")[1])
    assert told == {"contents": 0, "bytes": 0, "new": 0, "lost": []}
    assert asked(out, lambda db: users.named(db, "ann"))
    assert run("hub", "verify", out)[0] == 0


def test_a_public_url_that_is_none(run, root):
    status, _, err = run("serve", root, "--public-url", "hub.example.org")
    assert status == 2
    assert "hub.example.org" in err
    assert "Traceback" not in err


def test_a_backup_of_a_hub_that_has_lost_something(run, root, ann, tmp_path):
    with open_hub(root) as hub, hub.database.write() as db:
        db.execute("INSERT INTO blobs VALUES (?, 1, '', 0)", ("ab" * 32,))
        repo = repos.create(db, users.named(db, "ann"), "dataset", "d", private=False)
        line = db.execute("INSERT INTO lines (repo) VALUES (?)", (repo.id,)).lastrowid
        db.execute(
            "INSERT INTO files (line, path, born, blob, lfs) VALUES (?, 'a', 0, ?, 0)",
            (line, "ab" * 32),
        )
    out = tmp_path / "copy"
    status, printed, _ = run("hub", "backup", root, out)
    assert status == 1
    lost = f"blobs/ab/{'ab' * 32}: The file is missing. It is 'a' of ann/d."
    assert printed.splitlines() == [
        f"not in the backup: {lost}",
        f"{out} is a backup of {root}: 0 contents, 0 bytes; 0 are new."
        " It lacks 1, which the hub has lost.",
    ]
    status, printed, _ = run("hub", "backup", root, out, "--prove", "--json")
    assert (status, json.loads(printed)["lost"]) == (1, [lost])


@pytest.mark.parametrize("word", ["user", "user=", "user=much", "all=5GB", "free=-1"])
def test_room_that_is_none(run, tmp_path, word):
    status, _, err = run("serve", tmp_path / "new", "--room", word)
    assert status == 2
    assert "Such as 500MB" in err or "user=, repo= or free=SIZE" in err
    assert not (tmp_path / "new").exists()


def test_room_is_told_in_sizes():
    words = ["user=1.5GB", "repo=500 MiB", "free=2048"]
    assert allotment(words) == Allotment(2048, 1_500_000_000, 500 << 20)
    assert allotment([]) == Allotment()


def test_an_account_is_suspended_and_let_in_again(run, root, ann):
    token = run("hub", "token", "add", root, "ann")[1].strip()
    assert run("hub", "user", "suspend", root, "ann")[0] == 0
    assert asked(root, lambda db: tokens.find(db, token)) is None
    assert "(suspended)" in run("hub", "user", "list", root)[1]
    assert "is let in again" in run("hub", "user", "restore", root, "ann")[1]
    assert asked(root, lambda db: tokens.find(db, token)).user.name == "ann"
    assert "was not suspended" in run("hub", "user", "restore", root, "ann")[1]


class Typed(io.StringIO):
    """What is typed at a terminal."""

    def isatty(self) -> bool:
        return True


def test_an_account_is_removed_once_that_is_confirmed(run, root, ann, monkeypatch):
    status, out, err = run("hub", "user", "remove", root, "ann")
    assert (status, out) == (2, "")
    assert "--yes" in err
    assert "0 licences" in err
    for word, ends in (("no", 2), ("yes", 0)):
        monkeypatch.setattr(sys, "stdin", Typed(f"{word}\n"))
        status, out, err = run("hub", "user", "remove", root, "ann")
        assert status == ends
        assert "Stays: licences" in err
    assert out.strip() == "ann is removed."  # Python's `input` wrote a blank after its prompt
    assert "(removed)" in run("hub", "user", "list", root)[1]
    status, _, err = run("hub", "user", "add", root, "Ann", "--no-password")
    assert (status, "is taken" in err) == (2, True)
    assert run("hub", "user", "remove", root, "ann", "--yes")[0] == 2


def test_an_account_that_owns_something_is_not_removed(run, root, ann):
    with open_hub(root) as hub, hub.database.write() as db:
        repos.create(db, users.named(db, "ann"), "dataset", "teas", private=False)
    status, _, err = run("hub", "user", "remove", root, "ann", "--yes")
    assert status == 2
    assert "dataset ann/teas" in err
    assert asked(root, lambda db: users.named(db, "ann")) is not None
