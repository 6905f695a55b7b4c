"""pairsmith audit: the table, --json, --only, progress, and how it ends."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pairsmith import extras
from pairsmith.auditing import audit
from pairsmith.auditing.answer import Answer
from pairsmith.cli import terminal
from pairsmith.progress import Progress
from support.slow import slow
from support.standins import STANDINS
from support.tiny import llama_tokenizer


@pytest.fixture
def out(sample_text, tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "QUESTIONS", STANDINS)
    return shutil.copytree(sample_text, tmp_path / "out")


def test_the_table_and_where_the_report_is(run, out):
    code, printed, errors = run("audit", out)
    assert (code, errors) == (0, "")
    lines = [line.split() for line in printed.splitlines() if line.strip()]
    assert lines[0] == ["question", "answer", "findings"]
    assert ["longest", "Lengths", "differ.", "20"] in lines
    assert "Not answered. There is one" in printed
    assert printed.endswith(f"The report: {out / 'audit' / 'report.html'}\n")


@slow
def test_the_process_leaves_without_a_word(out):
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from pairsmith.auditing import audit
from pairsmith.auditing.answer import Answer
from pairsmith.cli import main
from support.standins import STANDINS
audit.QUESTIONS = STANDINS
sys.argv = ["pairsmith", "audit", {str(out)!r}, "--json"]
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_json_is_the_file(run, out):
    _, printed, _ = run("audit", out, "--json")
    assert printed == (out / "audit" / "audit.json").read_text()


def test_only_some(run, out):
    _, printed, _ = run("audit", out, "--only", "never", "--only", "nothing", "--json")
    assert list(json.loads(printed)["questions"]) == ["nothing", "never"]
    code, printed, errors = run("audit", out, "--only", "doubles")
    assert (code, printed) == (2, "")
    assert "There is no question 'doubles'." in errors
    assert "openings, longest, nothing, never" in errors


def test_a_tokenizer_reaches_the_questions(run, out, monkeypatch, tmp_path):
    pytest.importorskip("transformers")
    llama_tokenizer(["Is the bus late? No, it is on time."]).save_pretrained(tmp_path / "t")

    def asks(study):
        return Answer("asks", "Asks", f"Told {Path(study.tokenizer).name}.")

    monkeypatch.setattr(audit, "QUESTIONS", {"asks": asks})
    _, printed, _ = run("audit", out, "--tokenizer", tmp_path / "t")
    assert "Told t." in printed


def test_a_tokenizer_that_is_none_is_told_first(run, out, tmp_path):
    code, _, errors = run("audit", out, "--tokenizer", tmp_path / "nowhere")
    assert code == 2
    assert "There is no folder" in errors
    assert not (out / "audit").exists()


def test_a_folder_that_is_no_build(run, tmp_path):
    code, _, errors = run("audit", tmp_path)
    assert code == 2
    assert "holds no finished build" in errors


def test_a_missing_extra_is_a_sentence(run, out, monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "audit", ("no_such_library",))
    code, _, errors = run("audit", out)
    assert code == 2
    assert "pip install '.[audit]'" in errors


def test_progress_on_a_terminal(run, out, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with terminal.watched() as watch:
        assert watch is not None
        watch(Progress("length", 1, 2, 7))
