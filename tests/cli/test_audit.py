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
from pairsmith.auditing.verdict import Claim, Level
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
    assert ["question", "level", "findings", "answer"] in lines
    assert ["longest", "look", "20", "Lengths", "differ."] in lines
    assert printed.startswith("? Look at this: Lengths differ.\n")
    assert f"    pairsmith show {out} --finding longest\n" in printed
    assert "- Not looked at: Never answered. There is one subset" in printed
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


def claiming(*claims):
    return {"leaky": lambda study: Answer("leaky", "Leaky", "It leaks.", claims=claims)}


LEAKS = Claim(Level.ACT, "9 rows leak.", 0.5, "pairsmith build SOURCE NEW --drop leaks", ("leak",))
DOUBTS = Claim(Level.LOOK, "8 rows are odd.", 0.1)
SOUND = Claim(Level.FINE, "No row is odd.", 0.0)


def test_the_worst_comes_first_with_what_mends_it(run, out, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(audit, "QUESTIONS", claiming(SOUND, DOUBTS, LEAKS))
    _, printed, _ = run("audit", out)
    assert printed.splitlines()[:5] == [
        "! Act on this: 9 rows leak.",
        "    pairsmith build sample NEW --template llama2 --drop leaks",
        f"    pairsmith show {out} --finding leaky:leak",
        "? Look at this: 8 rows are odd.",
        "✓ Fine: No row is odd.",
    ]
    others = [line for line in printed.splitlines()[5:-1] if not line.startswith("    ")]
    assert "leaky" in " ".join(others)
    assert all(len(line) <= 40 for line in others)
    assert "\x1b" not in printed


@pytest.mark.parametrize(
    ("claims", "level", "code"),
    [
        ([LEAKS, DOUBTS], "act", 1),
        pytest.param([LEAKS], "look", 1, marks=slow),
        ([DOUBTS], "look", 1),
        ([DOUBTS, SOUND], "act", 0),
        pytest.param([SOUND], "look", 0, marks=slow),
    ],
    ids=["act", "worse", "look", "less", "fine"],
)
def test_the_verdict_can_fail_a_command(run, out, monkeypatch, claims, level, code):
    monkeypatch.setattr(audit, "QUESTIONS", claiming(*claims))
    ended, printed, errors = run("audit", out, "--fail-on", level, "--json")
    assert ended == code
    assert errors.startswith("pairsmith: the verdict names ") == bool(code)
    assert f"(--fail-on {level})" in errors or not code
    assert len(json.loads(printed)["verdict"]["claims"]) == len(claims)


def test_a_level_that_is_none_is_told_before_anything_is_done(run, out):
    code, printed, errors = run("audit", out, "--fail-on", "fine")
    assert (code, printed) == (2, "")
    assert "Levels are act and look." in errors
    assert not (out / "audit").exists()


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


def test_a_look_at_one_question_says_that_the_report_of_all_stays(run, out):
    run("audit", out)
    code, printed, errors = run("audit", out, "--only", "nothing")
    assert (code, errors) == (0, "")
    more = len(STANDINS) - 1
    last = f"The report stays as it was, with these answers and {more} more: "
    assert printed.splitlines()[-1].startswith(last)


def test_a_report_that_answers_less_says_what_the_one_before_had(run, out, monkeypatch):
    run("audit", out)
    changed = Answer("nothing", "Nothing", "There is something to find.")
    monkeypatch.setattr(audit, "QUESTIONS", {**STANDINS, "nothing": lambda study: changed})
    _, printed, _ = run("audit", out, "--only", "nothing")
    more = len(STANDINS) - 1
    assert printed.splitlines()[-1].startswith(f"The one before had {more} more answers: ")
    _, printed, _ = run("audit", out, "--only", "nothing")
    assert printed.splitlines()[-1].startswith("The report: ")


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
