"""Manifests of others: nothing in one leads out of its folder, costs much, or steers a terminal."""

import json
import os
import time
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

import pairsmith
from pairsmith.cli import app
from pairsmith.errors import OutputError

NONE = "0" * 64


def write(folder, **held):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"kind": "samples", **held}))
    return folder


def files(*paths, **more):
    return [{"path": path, "sha256": NONE, **more} for path in paths]


@pytest.mark.parametrize(
    "held",
    [
        {"outputs": files("a\0b")},
        {"outputs": files("a" * 300)},
        {"inputs": files("a/" * 5000)},
        {"inputs": files("\ud800")},
        {"ledger": {"tea/train": {"kept": float("inf")}}},
        {"ledger": {"tea/train": {"kept": -1}}},
        {"ledger": {"tea/train": {"kept": 10**4000}}},
    ],
    ids=lambda held: json.dumps(held)[:40],
)
def test_what_cannot_be_is_told(tmp_path, held):
    with pytest.raises(OutputError, match="is no manifest"):
        pairsmith.lineage(write(tmp_path / "bad", **held))


def test_files_elsewhere_are_not_opened(tmp_path, monkeypatch):
    """A path in a manifest names no file of the machine, whatever the sha256 beside it."""
    fifo = tmp_path / "elsewhere" / "fifo"
    fifo.parent.mkdir()
    os.mkfifo(fifo)
    secret = fifo.with_name("secret")
    secret.write_text("x")
    opened = []
    real = pairsmith.io.durable.sha256_of
    monkeypatch.setattr(
        "pairsmith.io.durable.sha256_of", lambda path: opened.append(path) or real(path)
    )
    up = "../" * 30 + str(secret)[1:]
    folder = write(tmp_path / "bad" / "it", inputs=files(str(secret), str(fifo), up))
    found = pairsmith.lineage(folder)
    assert not found.is_whole
    assert [path for path in opened if not path.is_relative_to(tmp_path / "bad")] == []


def test_links_in_a_circle_are_told(tmp_path):
    folder = write(tmp_path / "bad", outputs=files("a/x"))
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    [problem] = pairsmith.lineage(folder).problems
    assert problem.startswith("bad: a/x ")


def test_what_is_told_is_one_line_and_steers_nothing(tmp_path):
    role = "a\n1 link: all are there, and nothing was changed.\x1b[2J\u202e"
    folder = tmp_path / "a" / "b" / "0 links: all are there, and nothing was changed.\nx"
    write(
        folder, kind="<b>\x1b]0;x\x07\n\0", outputs=[], **{role: {"name": "m", "sha256": "1" * 64}}
    )
    target = tmp_path / "chain.svg"
    result = CliRunner().invoke(app, ["lineage", str(folder), "--svg", str(target)])
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 3  # what is wrong; the folder; its parent
    assert "is missing" in result.stdout.splitlines()[0]
    assert result.stdout.replace("\n", "").isprintable()
    ElementTree.fromstring(target.read_text())


def test_a_web_of_links_is_followed_no_farther_than_told(tmp_path, monkeypatch):
    monkeypatch.setattr("pairsmith.tracing.chain.MOST_EDGES", 50)
    many = {f"role{n}": {"name": f"m{n}", "sha256": f"{n:064x}"} for n in range(200)}
    began = time.process_time()
    found = pairsmith.lineage(write(tmp_path / "bad", outputs=[], **many))
    assert len(found.chain.edges) == 50
    assert "were followed" in " ".join(found.remarks)
    assert time.process_time() - began < 5
