"""What every command's help keeps to, and terminals that are none, narrow, or gone."""

import functools
import io
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from typing import Any

import pytest
import typer

from pairsmith.cli import app
from pairsmith.cli.arranging import COMMON
from pairsmith.cli.listing import SEVERAL

PROGRAM = typer.main.get_command(app)


def walk(command, path=()):
    """A command and all below it, with the words that are typed for each."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*path, name))


HELPS = {" ".join(path): command for path, command in walk(PROGRAM)}
IDS = [name or "pairsmith" for name in HELPS]
every_command = pytest.mark.parametrize("name", HELPS, ids=IDS)


@functools.cache
def help_of(name, spelling="--help", columns=80):
    """What a command prints, in a terminal of so many columns."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as printed:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("NO_COLOR", "1")
        code = PROGRAM.main([*name.split(), spelling], "pairsmith", standalone_mode=False)
    assert not code
    return printed.getvalue()


def examples(printed):
    head, found, tail = printed.partition("\nExamples:\n")
    assert found
    return head, [line.removeprefix("  ") for line in tail.rstrip("\n").split("\n")]


@every_command
def test_help_is_had_by_both_spellings(name):
    assert help_of(name, "-h") == help_of(name)


@every_command
def test_nothing_in_a_help_is_cut_or_named_by_its_type(name):
    printed = help_of(name)
    assert "..." not in re.sub(r"COMMAND \.\.\.|SOURCE\.\.\.", "", printed)
    assert not re.search(r"<[a-z\[\] ]+>|\{\w", printed)
    assert all(len(line) <= 80 for line in printed.splitlines())


@every_command
def test_placeholders_are_in_capitals(name):
    for param in HELPS[name].params:
        if getattr(param, "is_flag", False) or param.name.endswith("_completion"):
            continue
        assert param.metavar, param.name
        assert param.metavar == param.metavar.upper(), param.name


@every_command
def test_every_short_option_has_a_long_one(name):
    for param in HELPS[name].params:
        if param.param_type_name == "option":
            assert any(spelling.startswith("--") for spelling in param.opts), param.opts


@every_command
def test_a_help_ends_in_examples_that_are_commands(name):
    """Each names options and arguments that its command has; none of them is carried out."""
    _, lines = examples(help_of(name))
    assert lines
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "pairsmith"
        context = PROGRAM.make_context("pairsmith", words[1:])
        command: Any = PROGRAM
        while hasattr(command, "commands"):
            word, command, rest = command.resolve_command(
                context, [*context._protected_args, *context.args]
            )
            assert command is not None
            context = command.make_context(word, rest, parent=context)
        assert context.command_path[len("pairsmith ") :].startswith(name)


@every_command
def test_lists_are_told_and_take_commas(name):
    listing = [p for p in HELPS[name].params if getattr(p, "multiple", False)]
    printed = help_of(name)
    for param in listing:
        assert ",…" in param.metavar or param.help.endswith("Repeatable."), param.opts
    several = any(",…" in param.metavar for param in listing)
    assert (SEVERAL in " ".join(printed.split())) == several


@pytest.mark.parametrize(
    ("name", "option", "choices"),
    [
        ("build", "--as", ["text", "messages"]),
        ("build", "--on", ["bad_roles", "identical", "keep", "merge", "escape"]),
        ("build", "--pairs", ["best-worst", "best-rest", "adjacent", "all"]),
        ("build", "--messages", ["plain", "full", "auto"]),
        ("build", "--drop", ["duplicates", "near", "leaks", "flipped"]),
        ("build", "--from", ["hh", "trl", "sharegpt", "tree", "auto"]),
        ("build", "--format", ["jsonl", "csv", "parquet", "feather"]),
        ("build", "--engine", ["local", "ray"]),
        ("build", "--prove", ["sample", "all"]),
        ("export", "--for", ["trl", "axolotl", "openai"]),
        ("preview", "--for", ["trl", "trl-reward"]),
        ("audit", "--only", ["duplicates", "leaks", "tokens"]),
        ("explore", "--only", ["topics", "people", "pair_words"]),
        ("publish", "--gated", ["auto", "manual"]),
        ("build", "--mend", ["encoding", "html_entity", "bidirectional", "all"]),
        ("show", "--reason", ["any", "malformed", "prompt_mismatch", "annotated"]),
        ("show", "--note", ["near_empty_reply", "mended"]),
        ("score", "--dtype", ["float32", "bfloat16", "float16", "auto"]),
        ("score", "--engine", ["local", "ray"]),
        ("split", "--from", ["hh", "tree", "auto"]),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_there_is_to_choose_from_is_listed(name, option, choices):
    told = re.search(rf"^  (-\w, )?{option} (.*\n(?:   .*\n)+|.*\n)", help_of(name), re.M)[2]
    for choice in choices:
        assert re.search(rf"\b{choice}\b", told), choice


def test_options_that_every_command_has_stand_last():
    head, found, common = help_of("build").partition(f"\n{COMMON}:\n")
    assert found
    assert "\nHow rows are written:\n" in head
    assert "-q, --quiet" in common
    assert "-h, --help" in common
    assert "--template" not in common.partition("\nExamples:\n")[0]


def test_every_option_of_a_build_stands_in_a_group():
    plain = re.search(r"^Options:\n((?:  .*\n)+)", help_of("build"), re.M)[1]
    assert re.findall(r"^  (-\S+)", plain, re.M) == ["--json"]


@pytest.mark.parametrize("spelling", ["-V", "--version"])
def test_the_version_by_both_spellings(run, spelling):
    import pairsmith

    assert run(spelling) == (0, f"{pairsmith.__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [["-q", "check", "{out}"], ["check", "{out}", "--quiet"], ["check", "-qv", "{out}"]],
    ids=["before", "behind", "with-more"],
)
def test_quiet_leaves_the_exit_status(run, sample_messages, tmp_path, words):
    code, printed, said = run(*(word.format(out=sample_messages) for word in words))
    assert (code, printed) == (0, "")
    assert bool(said) == ("-qv" in words)
    (tmp_path / "manifest.json").write_text("{}")
    assert run(*(word.format(out=tmp_path) for word in words))[:2] == (1, "")


def test_quiet_prints_what_was_asked_for_and_faults(run, sample_messages, tmp_path):
    assert run("check", sample_messages, "-q", "--json") == (0, "[]\n", "")
    assert run("show", sample_messages, "-q")[1].startswith("harmless-base/test/1")
    code, printed, said = run("check", tmp_path / "none", "-q")
    assert (code, printed) == (2, "")
    assert said.startswith("pairsmith: There is no folder")


def test_quiet_is_of_one_command_line(run, sample_messages):
    run("-q", "check", sample_messages)
    assert "is whole" in run("check", sample_messages)[1]


def test_more_is_said_on_request(run, sample_messages, tmp_path):
    code, _, said = run("check", sample_messages, "-v")
    assert code == 0
    assert re.fullmatch(r"pairsmith: \d+\.\d s\.\n", said)
    card = tmp_path / "card.yaml"
    card.write_text("a: [1")
    plain = run("build", "sample", tmp_path / "out", "--card", card)[2]
    more = run("build", "sample", tmp_path / "out", "--card", card, "--verbose")[2]
    assert "behind it: " not in plain
    assert "behind it: ParserError: " in more
    assert plain in re.sub(r"pairsmith: \d+\.\d s\.\n", "", more)


@pytest.mark.parametrize(
    "given",
    [["--only", "leaks,duplicates"], ["--only", "leaks", "--only", "duplicates"]],
    ids=["commas", "again"],
)
def test_names_with_commas_and_again_are_the_same(run, sample_messages, tmp_path, given):
    pytest.importorskip("sklearn")
    out = shutil.copytree(sample_messages, tmp_path / "out")
    code, printed, _ = run("audit", out, *given, "--json")
    assert code == 0
    assert '"leaks"' in printed
    assert '"duplicates"' in printed
    assert '"length"' not in printed


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, []),
        (["a,b"], ["a", "b"]),
        (["a", "b"], ["a", "b"]),
        (["a, b", "c"], ["a", "b", "c"]),
        (["a\\,b,c"], ["a,b", "c"]),
        (["a,,b"], ["a", "", "b"]),
        ([""], [""]),
    ],
    ids=["none", "commas", "again", "both", "a-comma-of-a-name", "nothing-between", "empty"],
)
def test_names_of_an_option(given, names):
    from pairsmith.cli.values import names_of

    assert names_of(given) == names


def shell(line, **environment):
    command = line.replace("pairsmith", f"{shlex.quote(sys.executable)} -m pairsmith", 1)
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )  # fmt: skip


@every_command
def test_a_help_of_forty_columns(name):
    """What can be broken is; a command that is to be copied stays on its line."""
    head, _ = examples(help_of(name, columns=40))
    assert [line for line in head.splitlines() if len(line) > 40 and " " in line.strip()] == []


def test_a_help_has_no_colours_in_a_terminal_either():
    ours, theirs = pty.openpty()
    line = [sys.executable, "-m", "pairsmith", "build", "-h"]
    subprocess.run(
        line, stdout=theirs, stderr=theirs, check=True, env={**os.environ, "NO_COLOR": "1"}
    )
    os.close(theirs)
    printed = b""
    with suppress(OSError):  # at its end
        while piece := os.read(ours, 100_000):
            printed += piece
    os.close(ours)
    assert b"Usage: pairsmith build" in printed
    assert b"\x1b" not in printed


def test_a_help_that_nobody_reads_to_its_end():
    done = shell("pairsmith build --help | head -n 1")
    assert done.stdout.startswith("Usage: ")
    assert done.stderr == ""


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_without_installing_it(shell_name):
    """As the scripts of `--install-completion` ask for it."""
    typed = {
        "COMP_WORDS": "pairsmith ch",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "pairsmith ch",
    }
    asked = {
        "_PAIRSMITH_COMPLETE": f"complete_{shell_name}",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    script = "import sys; sys.argv = ['pairsmith']; from pairsmith.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False,
        env={**os.environ, **typed, **asked},
    )  # fmt: skip
    assert "check" in done.stdout
    assert "export" not in done.stdout
