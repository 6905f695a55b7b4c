"""The command line: what is printed where, and with which exit status."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from pairsmith.text import diff

TOTAL = (
    "read 80 = kept 63 + malformed 4 + no_reply 2 + prompt_mismatch 2 + bad_roles 3 "
    "+ empty_turn 1 + empty_reply 2 + identical 1 + control_token 2"
)


def test_build_prints_the_ledger_and_what_to_do_next(run, tmp_path):
    out = tmp_path / "out"
    code, printed, errors = run("build", "sample", out, "--template", "llama2")
    assert (code, errors) == (0, "")
    assert TOTAL in printed
    assert "noted role_marker_in_text 3, truncated_marker 1, near_empty_reply 2" in printed
    assert "Rows are text in the llama2 format." in printed
    assert f"pairsmith check {out}" in printed


def test_on_a_narrow_terminal_no_name_of_the_ledger_is_cut(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    _, printed, _ = run("build", "sample", tmp_path / "narrow")
    ledger = printed.partition("\nread 80 = ")[0]
    assert "…" not in ledger
    assert all(len(line) <= 40 for line in ledger.splitlines())
    said = "helpful-rejection-sampled/test: read 3 = kept 2 + no_reply 1 "
    assert said in " ".join(ledger.split()) + " "


def test_a_long_name_is_not_cut_in_a_table(run, tmp_path):
    name = "helpful-" + "very-" * 8 + "long"
    (tmp_path / "rows.jsonl").write_text('{"prompt": "Dry?", "chosen": "Yes.", "rejected": "No."}')
    _, printed, _ = run("build", tmp_path / "rows.jsonl", tmp_path / "o", "--subset", name)
    assert "…" not in printed.partition("\nread 1 = ")[0]


def test_a_folder_with_a_space_is_quoted_where_a_command_names_it(run, tmp_path):
    out = tmp_path / "my teas"
    _, printed, _ = run("build", "sample", out)
    assert f"pairsmith check '{out}'\n" in printed
    assert f"pairsmith show '{out}'\n" in printed


def test_build_without_a_template_says_that_it_gives_messages(run, tmp_path):
    _, printed, _ = run("build", "sample", tmp_path / "out")
    assert "Without a template, rows are lists of {role, content} messages." in printed


def test_build_again_says_so(run, tmp_path):
    run("build", "sample", tmp_path / "out")
    code, printed, _ = run("build", "sample", tmp_path / "out")
    assert code == 0
    assert "already holds this build; nothing was done." in printed


def test_build_takes_every_option(run, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(
        "license: other\nlicense_name: by-purchase\nlicense_link: LICENSE\n"
        "extra_gated_prompt: Agree first.\nextra_gated_fields:\n  Affiliation: text\n"
    )
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"chosen": "\\n\\nHuman: a\\n\\nAssistant: b", "rejected": "x"}\n')
    code, printed, _ = run(
        *("build", rows, tmp_path / "out", "--template", "llama2", "--as", "messages"),
        *("--system", "Be kind.", "--shard-rows", 10, "--subset", "mine", "--split", "test"),
        *("--on", "bad_roles=merge", "--on", "identical=keep", "--card", card, "--force", "--json"),
        *("--from", "hh"),
    )
    assert code == 1  # its one row is malformed
    held = json.loads(printed)
    assert held == json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert held["recipe"]["as"] == "messages"
    assert held["recipe"]["policies"] == {"bad_roles": "merge", "identical": "keep"}
    assert held["recipe"]["from"] == "hh"
    assert held["ledger"][0]["subset"] == "mine"
    text = (tmp_path / "out" / "README.md").read_text()
    assert "license_name: by-purchase\n" in text
    assert "extra_gated_fields:\n  Affiliation: text\n" in text


def test_build_says_what_shape_it_read(run, tmp_path):
    row = {"prompt": "\n\nHuman: a\n\nAssistant:", "chosen": "b", "rejected": "c"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    _, printed, _ = run("build", tmp_path / "rows.jsonl", tmp_path / "out")
    assert "Rows were read in the shape hh-prompt." in printed
    code, _, said = run("build", tmp_path / "rows.jsonl", tmp_path / "out", "--from", "csv")
    assert code == 2
    assert "There is no shape 'csv'." in said


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["build", "nowhere", "{out}"], "There is no ", "Check the spelling."),
        (["build", "sample", "{out}", "--template", "x"], "no template called 'x'", "llama2"),
        (
            ["build", "sample", "{out}", "--on", "identical"],
            "identical gives no value",
            "--on NAME=VALUE",
        ),
        (["build", "sample", "{out}", "--card", "nowhere"], "card file nowhere cannot be", ""),
        (
            ["build", "sample", "https://example.org/out"],
            "is a URL that no build can be written to",
            "s3://BUCKET/NAME",
        ),
        (["check", "{out}"], "There is no folder", "Name the folder"),
        (["show", "{out}"], "There is no folder", "Name the folder"),
        (["show", __file__], "is a file, not the folder of a build", "Build it first"),
        (["build", "", "{out}"], "names no source", "sample"),
        (["build", "sample", ""], "names no folder", "Name a new"),
        (["show", "{out}", "--reason", "ugly"], "There is no reason 'ugly'", "identical"),
        (["show", "{out}", "--note", "ugly"], "There is no note 'ugly'", "near_empty_reply"),
        (["show", "{out}", "--raw"], "--raw prints quarantined rows", "--reason"),
    ],
)
def test_a_bad_request_is_one_sentence_and_a_hint(run, tmp_path, args, message, hint):
    code, printed, errors = run(*(arg.format(out=tmp_path / "out") for arg in args))
    assert (code, printed) == (2, "")
    assert errors.startswith("pairsmith: ")
    assert message in errors
    assert hint in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "text", ["{", "[a]", "a: [1", "license: 2", "tags: [2024-13-45]", "x: 1", "tags: {}", "\x00"]
)
def test_a_card_file_that_is_not_one(run, tmp_path, text):
    (tmp_path / "card.yaml").write_text(text)
    code, _, errors = run("build", "sample", tmp_path / "o", "--card", tmp_path / "card.yaml")
    assert code == 2
    assert "card" in errors


@pytest.mark.parametrize("command", ["build", "split"])
def test_a_lone_name_is_the_source_and_the_folder_to_write_is_missing(run, command):
    assert "Missing argument 'OUT'" in run(command, "rows.jsonl")[2]
    assert "Missing argument 'SOURCE...'" in run(command, "--json")[2]


def test_check(run, sample_text, tmp_path):
    code, printed, _ = run("check", sample_text)
    assert code == 0
    assert TOTAL in printed
    (tmp_path / "manifest.json").write_text("{}")
    code, printed, _ = run("check", tmp_path)
    assert code == 1
    assert "is not as it was built: 1 found." in printed
    code, printed, _ = run("check", tmp_path, "--json")
    assert code == 1
    assert json.loads(printed)[0]["path"] == "manifest.json"


def test_show_marks_the_words_that_differ(run, sample_text):
    code, printed, _ = run("show", sample_text, "-n", 1)
    assert code == 0
    assert "harmless-base/test/1" in printed
    assert "chosen" in printed
    assert "{+" in printed
    assert "[-" in printed


def test_show_refused_rows_with_why_and_where(run, sample_text):
    _, printed, _ = run("show", sample_text, "--reason", "any", "-n", 100)
    assert printed.count("\nwhy    ") == 17
    _, printed, _ = run("show", sample_text, "--reason", "prompt_mismatch", "-n", 1)
    assert "why    the sides differ from turn 1 on; chosen has 4 turns, rejected 4" in printed
    assert "where  harmless-base/train.jsonl, line 6" in printed
    assert "really {+good+} yogurt" in printed


def test_show_picks_rows(run, sample_text, sample_messages):
    _, printed, _ = run("show", sample_text, "--note", "truncated_marker", "--json")
    assert [json.loads(line)["id"] for line in printed.splitlines()] == ["harmless-base/train/8"]
    _, printed, _ = run("show", sample_messages, "--subset", "red-team-attempts", "-n", 2)
    assert "red-team-attempts/train/2" in printed
    assert "user: " in printed
    assert '"rating": ' in printed
    code, _, errors = run("show", sample_text, "--subset", "x")
    assert code == 2
    assert "It has harmless-base" in errors
    code, _, errors = run("show", sample_text, "--note", "identical")
    assert code == 0
    assert "has no such rows" in errors


def test_show_raw_gives_lines_that_build_again(run, sample_text, tmp_path):
    _, printed, _ = run("show", sample_text, "--reason", "control_token", "--raw")
    (tmp_path / "rows.jsonl").write_text(printed)
    code, printed, _ = run("build", tmp_path / "rows.jsonl", tmp_path / "out")
    assert code == 0
    assert "read 2 = kept 2\n" in printed


def test_texts_do_not_steer_the_terminal(run, tmp_path):
    row = {
        "chosen": "\n\nHuman: [bold]a\x1b[2J\u202eb\n\nAssistant: :smile: \x07\x9b",
        "rejected": "\n\nHuman: [bold]a\x1b[2J\u202eb\n\nAssistant: fine",
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    run("build", tmp_path / "rows.jsonl", tmp_path / "out")
    _, printed, _ = run("show", tmp_path / "out")
    assert "[bold]a␛[2J\\u202eb" in printed
    assert ":smile: ␇\\u009b" in printed


def test_names_do_not_steer_the_terminal(run, tmp_path):
    code, _, errors = run("build", tmp_path / "a\x1b[2J.jsonl", tmp_path / "out")
    assert code == 2
    assert "a␛[2J.jsonl" in errors


def test_compare_gives_back_both_texts():
    left, right = diff.compare("one two  three", "one 2 three!")
    assert "".join(span.text for span in left) == "one two  three"
    assert "".join(span.text for span in right) == "one 2 three!"
    assert [span.text for span in left if span.differs] == ["two  "]
    assert [span.text for span in right if span.differs] == ["2 ", "!"]


def test_compare_gives_up_on_texts_that_would_take_too_long():
    left, right = diff.compare("a " * diff.MAX_WORDS, "b")
    assert (len(left), len(right)) == (1, 1)
    assert left[0].differs


def command(*args, **options):
    environment = {**os.environ, "COLUMNS": "100"}
    line = [sys.executable, "-m", "pairsmith", *map(str, args)]
    return subprocess.run(line, env=environment, capture_output=True, check=False, **options)


def test_a_terminal_of_few_letters(sample_text):
    line = [sys.executable, "-m", "pairsmith", "show", sample_text, "-n", "60"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(line, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
    assert rb"\u4ff3" in done.stdout


def test_a_reader_that_goes_away_is_no_fault(sample_text):
    line = f"{sys.executable} -m pairsmith show {sample_text} -n 60 | head -n 1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("harmless-base/test/1")
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_progress_goes_to_stderr_only_if_that_is_a_terminal(run, tmp_path):
    _, printed, errors = run("build", "sample", tmp_path / "a", "--json")
    assert errors == ""
    json.loads(printed)
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "pairsmith", "build", "sample", tmp_path / "b", "--json"]
    drawn, told = b"", tmp_path / "told.json"
    with told.open("wb") as file, subprocess.Popen(line, stderr=theirs, stdout=file):
        os.close(theirs)
        with suppress(OSError):  # at its end; a terminal that nobody reads is full at some time
            while piece := os.read(ours, 100_000):
                drawn += piece
    os.close(ours)
    assert json.loads(told.read_text())["ledger"]
    assert b"rows" in drawn
    assert b"/s" in drawn


def test_ctrl_c_says_how_to_go_on(tmp_path):
    row = {"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}
    (tmp_path / "rows.jsonl").write_text((json.dumps(row) + "\n") * 120_000)
    line = [sys.executable, "-m", "pairsmith", "build", tmp_path / "rows.jsonl", tmp_path / "out"]
    build = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    while not list((tmp_path / "out").glob("*/*/*.partial")):
        assert build.poll() is None
        time.sleep(0.01)
    build.send_signal(signal.SIGINT)
    _, errors = build.communicate(timeout=60)
    assert build.returncode == 130
    assert "interrupted" in errors
    assert "finished shards are kept" in errors
    assert "The same command goes on." in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out" / "manifest.json").exists()
    again = command("build", tmp_path / "rows.jsonl", tmp_path / "out")
    assert b"read 120000 = kept 120000" in again.stdout


def test_the_version():
    import pairsmith

    assert command("--version").stdout.decode().strip() == pairsmith.__version__
