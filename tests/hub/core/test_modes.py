"""What a hub keeps is its user's alone, however its folder was made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import typer

from pairsmith import extras
from pairsmith.cli.commands.hub import hub as commands
from pairsmith.hub.context import DATABASE, open_hub
from support.hub.running import running
from support.slow import slow

HERE = Path(__file__)
USER = ("user", "add", "ROOT", "ann", "--no-password")
TOKEN = ("token", "add", "ROOT", "ann", "--write", "--name", "one")
GUILD = ("organization", "add", "ROOT", "guild", "--admin", "ann")
TEAS = (
    "collection",
    "add",
    "ROOT",
    "ann",
    "teas",
    "--project",
    str(HERE.parent / "data/project.yaml"),
)
LINES: dict[tuple[str, ...], list[tuple[str, ...]]] = {  # what writes, and what has to go before it
    ("user", "add"): [USER],
    ("user", "password"): [USER, ("user", "password", "ROOT", "ann")],
    ("user", "list"): [USER, ("user", "list", "ROOT")],
    ("token", "add"): [USER, TOKEN],
    ("token", "list"): [USER, TOKEN, ("token", "list", "ROOT", "ann")],
    ("token", "revoke"): [USER, TOKEN, ("token", "revoke", "ROOT", "ann", "one")],
    **{
        ("user", name): [USER, ("user", name, "ROOT", "ann", *more)]
        for name, *more in (["suspend"], ["restore"], ["codes-off"], ["remove", "--yes"])
    },
    ("organization", "add"): [USER, GUILD],
    ("organization", "list"): [USER, GUILD, ("organization", "list", "ROOT")],
    ("organization", "role"): [
        USER,
        GUILD,
        ("organization", "role", "ROOT", "guild", "ann", "admin"),
    ],
    ("collection", "add"): [USER, TEAS],
    ("collection", "list"): [USER, TEAS, ("collection", "list", "ROOT")],
    ("collection", "export"): [USER, TEAS, ("collection", "export", "ROOT", "ann", "teas", "OUT")],
    ("backup",): [USER, ("backup", "ROOT", "OUT")],
    ("verify",): [USER, ("verify", "ROOT")],
}
QUICK = [("user", "add"), ("backup",)]


@pytest.fixture
def careless():
    """A user whose files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def pairsmith(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pairsmith", *map(str, words)],
        env={**os.environ, "PAIRSMITH_HUB_PASSWORD": "correct horse battery"},
        capture_output=True,
        text=True,
        check=False,
    )


def run(root: Path, out: Path, *words: str) -> str:
    """Runs `pairsmith hub`; what it wrote to stderr."""
    done = pairsmith("hub", *({"ROOT": root, "OUT": out}.get(word, word) for word in words))
    assert done.returncode == 0, done.stderr
    return done.stderr


def open_paths(folder: Path) -> list[Path]:
    """What of a folder other users may read, write or enter."""
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077]


def listed() -> set[tuple[str, ...]]:
    group: Any = typer.main.get_command(commands)
    names: set[tuple[str, ...]] = set()
    for name, command in group.commands.items():
        inner: dict[str, object] = getattr(command, "commands", {})
        names |= {(name, one) for one in inner} or {(name,)}
    return names


def test_every_command_is_tried():
    assert listed() == set(LINES)


@pytest.mark.parametrize("command", LINES, ids=" ".join)
def test_a_command_without_the_extra_says_which(monkeypatch, run, command):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    ended, printed, errors = run("hub", *LINES[command][-1])
    assert (ended, printed) == (2, "")
    assert "A hub needs libraries" in errors
    assert "pip install '.[hub]'" in errors
    assert run("hub", *command, "--help")[0] == 0


@pytest.mark.usefixtures("careless")
@pytest.mark.parametrize(
    "command",
    [line if line in QUICK else pytest.param(line, marks=slow) for line in LINES],
    ids=" ".join,
)
def test_whatever_a_command_writes_is_its_users_alone(tmp_path, command):
    root, out = tmp_path / "hub", tmp_path / "copy"
    root.mkdir()
    out.mkdir()
    said = []
    for words in LINES[command]:
        said.append(run(root, out, *words))
    assert open_paths(root) == []
    assert not any("open to other users" in line for line in said[1:-1])
    assert f"{root} was open to other users" in said[0]
    if "backup" in command:
        assert open_paths(out) == []
        assert f"{out} was open to other users" in said[-1]


@pytest.mark.usefixtures("careless")
def test_whatever_a_served_hub_keeps_is_its_users_alone(tmp_path):
    root = tmp_path / "hub"
    root.mkdir()
    run(root, root, *USER)
    token = pairsmith("hub", "token", "add", root, "ann", "--write").stdout.strip()
    with running(root) as server:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as ann:
            assert ann.post("/api/repos/create", json={"name": "d", "type": "dataset"}).is_success
            body = (
                b'{"key":"header","value":{"summary":"s"}}\n'
                b'{"key":"file","value":{"path":"a","content":"YQ==","encoding":"base64"}}\n'
            )
            assert ann.post("/api/datasets/ann/d/commit/main", content=body).is_success
        assert len(list(root.rglob("*"))) > 6
        assert open_paths(root) == []


def test_what_was_open_before_is_closed(tmp_path):
    """A hub of an earlier version, in a folder that was made beforehand."""
    root = tmp_path / "hub"
    with open_hub(root, create=True):
        pass
    root.chmod(0o755)
    (root / DATABASE).chmod(0o644)
    (root / "blobs").chmod(0o755)
    (root / "aside").symlink_to(HERE)
    mode = HERE.stat().st_mode
    with open_hub(root):
        assert [path.name for path in open_paths(root)] == ["aside"]
    assert HERE.stat().st_mode == mode


def test_a_closed_folder_is_not_told_of(tmp_path):
    run(tmp_path / "hub", tmp_path, *USER)
    assert run(tmp_path / "hub", tmp_path, "verify", "ROOT") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
def test_a_folder_that_another_owns_is_refused():
    code = (
        "import os, sys; from pathlib import Path\n"
        "from pairsmith.errors import OutputError\n"
        "from pairsmith.hub.core.modes import close_to_others\n"
        "os.setuid(65534)\n"
        "try: close_to_others(Path(sys.argv[1]))\n"
        "except OutputError as error: print(error)"
    )
    with TemporaryDirectory() as folder:  # tmp_path lies in what others may not enter
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", code, folder], capture_output=True, text=True, check=False
        )
    assert "belongs to one of them" in done.stdout, done.stderr


def test_a_folder_that_holds_something_else_stays_as_it_is(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    tmp_path.chmod(0o755)
    assert pairsmith("hub", "user", "add", tmp_path, "ann", "--no-password").returncode == 2
    assert tmp_path.stat().st_mode & 0o777 == 0o755
