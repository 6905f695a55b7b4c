"""A package of somebody else's adds a format, a question, a trainer and an engine by its name."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pairsmith.auditing.questions import QUESTIONS
from pairsmith.engines import ENGINES
from pairsmith.exporting import TRAINERS
from pairsmith.plugins import Registry
from pairsmith.sources.formats import FORMATS
from support.slow import slow

SOURCE = Path(__file__).parent.parent / "src"

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.0"

[tool.setuptools]
py-modules = ["{module}"]

"""

TSVPAIRS = '''
"""Tab-separated pairs, and how loud replies are."""

import numpy as np
import pyarrow as pa

from pairsmith.auditing.answer import Answer, UnansweredError
from pairsmith.engines.base import Engine, Outcome
from pairsmith.exporting.format import Config, Format as Trainer
from pairsmith.sources.formats.table import TableRows, table_format

NAMES = ("prompt", "chosen", "rejected")
TITLE = "Loudness"


def read(reading):
    lines = b"".join(reading.content()).splitlines()
    rows = [line.split(b"\\t") for line in lines]
    columns = [
        pa.array([row[n] if n < len(row) else None for row in rows], pa.binary()).view(pa.string())
        for n in range(len(NAMES))
    ]
    yield TableRows(pa.table(dict(zip(NAMES, columns))), np.arange(1, len(rows) + 1))


def ask(study):
    loud = rows = 0
    for batch in study.data.batches():
        texts = batch.chosen.replies.texts().to_pylist()
        loud += sum(text.endswith("!") for text in texts)
        rows += len(texts)
    if not rows:
        raise UnansweredError("No row was kept.")
    sentence = f"{loud} of {rows} chosen replies end in an exclamation mark."
    return Answer("loudness", TITLE, sentence, {"loud": loud, "calm": rows - loud})


def to_ids(pairs):
    return [{"id": pair.id} for pair in pairs]


def backwards(work, tasks, *, workers, name, address=None):
    for task in reversed(list(tasks)):
        yield Outcome(task, work(task), None)


FORMAT = table_format(read)
IDS = Trainer(to_ids, lambda files: Config("ids.txt", "ids"), takes_text=True)
BACKWARDS = Engine(backwards)
'''
POINTS = """
[project.entry-points."pairsmith.formats"]
tsvpairs = "tsvpairs:FORMAT"
[project.entry-points."pairsmith.questions"]
loudness = "tsvpairs"
[project.entry-points."pairsmith.trainers"]
ids = "tsvpairs:IDS"
[project.entry-points."pairsmith.engines"]
backwards = "tsvpairs:BACKWARDS"
"""
FAULTY = """
[project.entry-points."pairsmith.formats"]
broken = "faulty:FORMAT"
[project.entry-points."pairsmith.questions"]
length = "faulty"
[project.entry-points."pairsmith.trainers"]
twice = "faulty:FORMAT"
"""
OTHER = """
[project.entry-points."pairsmith.formats"]
odd = "other:FORMAT"
[project.entry-points."pairsmith.trainers"]
twice = "other:FORMAT"
"""
ROWS = (
    "What is new?\tNothing, thank you!\tWho asks?\n"
    "Is it late?\tIt is noon.\tYes.\n"
    "Half a row\tand no more\n"
)


def install(folder, *packages):
    """Makes packages, each of a name, a module, its entry points and text; pip installs them."""
    for name, module, points, text in packages:
        project = folder / name
        project.mkdir()
        (project / "pyproject.toml").write_text(PROJECT.format(name=name, module=module) + points)
        (project / f"{module}.py").write_text(text)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    target = folder / "installed"
    projects = [folder / name for name, *_ in packages]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options]
    done = subprocess.run(
        [*pip, "--target", target, *projects], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the plugin installed, and a file of its format."""
    folder = tmp_path_factory.mktemp("plugins")
    install(folder, ("pairsmith-tsvpairs", "tsvpairs", POINTS, TSVPAIRS))
    (folder / "x.tsvpairs").write_text(ROWS)
    return folder


def run(folder, *arguments, plugins=True):
    """Runs the command line in a folder, with what is installed there, or without."""
    path = [str(SOURCE), *([str(folder / "installed")] if plugins else [])]
    return subprocess.run(
        [sys.executable, "-m", "pairsmith", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONSAFEPATH": "1"},
    )


def told(done):
    """What a refused command says: one sentence and its hint."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    said, hint = done.stderr.splitlines()
    assert said.startswith("pairsmith: ")
    return said.removeprefix("pairsmith: "), hint.strip()


@pytest.fixture(scope="module")
def out(home):
    """A build of the plugin's file, in two shards, by the plugin's engine."""
    options = ["--engine", "backwards", "--shard-rows", "2", "--json"]
    done = run(home, "build", "x.tsvpairs", "out", *options)
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["recipe"]["from"] == "trl-text"
    (entry,) = manifest["ledger"]
    assert (entry["read"], entry["kept"]) == (3, 2)
    return home / "out"


def test_a_format_is_read_and_a_bad_row_keeps_its_words(out):
    (row,) = (out / "quarantine" / "pairs-train.jsonl").read_text().splitlines()
    held = json.loads(row)
    assert held["detail"] == "the field rejected is null"
    assert "Half a row" in row


@slow
def test_a_compressed_file_of_it_in_a_folder(home):
    (home / "data").mkdir()
    (home / "data" / "train.tsvpairs.gz").write_bytes(gzip.compress(ROWS.encode()))
    (home / "data" / "test.tsvpairs").write_text(ROWS)
    done = run(home, "build", "data", "both", "--json")
    assert done.returncode == 0, done.stderr
    assert [entry["kept"] for entry in json.loads(done.stdout)["ledger"]] == [2, 2]


EXPECTED = (
    "Expected .jsonl, .json, .ndjson, .csv, .tsv, .arrow, .feather, plain, .gz or .zst, or .parquet"
)


@slow
def test_without_the_package_its_files_are_of_no_format(home):
    said, hint = told(run(home, "build", "x.tsvpairs", "none", plugins=False))
    assert said == "x.tsvpairs is not a file of preference data by its name."
    assert hint == f"{EXPECTED}."
    (home / "x.other").write_text(ROWS)
    _, hint = told(run(home, "build", "x.other", "none"))
    assert hint == f"{EXPECTED}, or .tsvpairs."


@slow
def test_a_question_is_asked_by_its_name(home, out):
    pytest.importorskip("sklearn")
    done = run(home, "audit", out, "--only", "loudness", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)["questions"]["loudness"]
    assert answer["sentence"] == "1 of 2 chosen replies end in an exclamation mark."
    report = (out / "audit" / "report.html").read_text()
    assert "Loudness" in report
    assert "Bars: loud 1; calm 1." in report


@slow
def test_a_trainer_is_exported_for_and_listed(home, out):
    done = run(home, "export", out, "ids", "--for", "ids")
    assert done.returncode == 0, done.stderr
    lines = (home / "ids" / "pairs" / "train.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"id": f"pairs/train/{n}"} for n in (1, 2)]
    shown = " ".join(run(home, "export", "--help").stdout.split())
    assert "ms-swift, openai or ids." in shown


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A folder with two packages that cannot be used: each fault of a plugin, in one group."""
    folder = tmp_path_factory.mktemp("faulty")
    install(
        folder,
        ("pairsmith-faulty", "faulty", FAULTY, "import no_such_library\n"),
        ("pairsmith-other", "other", OTHER, "FORMAT = 'a text'\n"),
    )
    for ending in ("broken", "odd"):
        (folder / f"x.{ending}").write_text(ROWS)
    return folder


def test_a_package_that_cannot_be_loaded_is_told(faulty):
    said, hint = told(run(faulty, "build", "x.broken", "out"))
    assert said == (
        "The format 'broken' of the package pairsmith-faulty cannot be loaded: "
        "ModuleNotFoundError: No module named 'no_such_library'."
    )
    assert hint == "Update the package, or remove it: python -m pip uninstall pairsmith-faulty."
    assert not (faulty / "out").exists()


@slow
def test_something_else_is_no_format(faulty):
    said, _ = told(run(faulty, "build", "x.odd", "out"))
    assert said == (
        "The format 'odd' of the package pairsmith-other is none: other:FORMAT is something else."
    )


@slow
def test_a_name_that_is_built_in_is_refused_when_names_are_listed(faulty):
    said, hint = told(run(faulty, "audit", "out", "--only", "loudness"))
    assert said == "The package pairsmith-faulty adds a question 'length', which is built in."
    assert "python -m pip uninstall pairsmith-faulty" in hint


@slow
def test_two_packages_with_one_name_are_refused(faulty):
    said, _ = told(run(faulty, "export", "out", "dest", "--for", "twice"))
    assert said.endswith("both add a trainer 'twice'.")
    assert {"pairsmith-faulty", "pairsmith-other"} <= set(said.split())


@slow
def test_what_is_built_in_meets_no_faulty_package(faulty):
    assert run(faulty, "build", "sample", "fine").returncode == 0
    assert run(faulty, "export", "fine", "dest", "--for", "trl").returncode == 0


def test_the_page_on_plugins_shows_this_package():
    page = (SOURCE.parent / "docs" / "how-to" / "plugins.md").read_text()
    shown = re.findall(r"^def \w+\(.*?(?=^\S(?<!def)|^```)", page, re.S | re.M)
    assert len(shown) == 2
    assert all(function.strip() in TSVPAIRS for function in shown)
    project = page.partition("```toml\n")[2].partition("```")[0]
    for line in project.split("[project.entry-points", 1)[1].splitlines():
        assert line in POINTS, line


def test_what_lies_in_a_data_set_is_not_imported(tmp_path):
    """Neither a module nor the metadata of a package, in a folder that is built from."""
    folder = tmp_path / "data"
    info = folder / "pairsmith_trap-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pairsmith-trap\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pairsmith.formats]\nodd = trap:FORMAT\n")
    (folder / "trap.py").write_text("raise SystemExit('imported')\n")
    (folder / "train.odd").write_text(ROWS)
    done = run(tmp_path, "build", "data", "out")
    assert "There are no preference data in" in done.stderr
    assert done.returncode == 2


@slow
def test_metadata_is_not_looked_at_for_what_is_built_in(tmp_path):
    program = (
        "import sys; from pairsmith.cli import main; sys.argv = ['pairsmith', 'build', 'sample', "
        f"{str(tmp_path / 'out')!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "from pairsmith.sources.formats import FORMATS\n"
        "sys.exit('plugins' in vars(FORMATS))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("registry", [FORMATS, QUESTIONS, TRAINERS, ENGINES], ids=lambda r: r.what)
def test_what_is_built_in_loads(registry):
    assert isinstance(registry, Registry)
    assert list(registry)[: len(registry.builtin)] == list(registry.builtin)
    for name in registry.builtin:
        assert registry[name] is registry[name]
        assert name in registry
    with pytest.raises(KeyError):
        registry["no such thing"]


def test_a_mistake_of_ours_is_a_bug_and_no_fault_of_a_package():
    ours = Registry("pairsmith.none", "thing", {"a": "pairsmith.plugins:Registry"}, lambda _: None)
    with pytest.raises(TypeError, match="is no thing"):
        ours["a"]
    assert len(ours) == 1
