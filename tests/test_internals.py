"""docs/internals: the layers are those of the contract, and what a page names is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INTERNALS = ROOT / "docs" / "internals"
PACKAGE = ROOT / "src" / "pairsmith"
NOT_THERE_YET = " (not there yet)"
PATH = re.compile(r"`(?:src/pairsmith/)?([\w.-]+(?:/[\w.-]*)+)`(" + re.escape(NOT_THERE_YET) + ")?")
OURS = re.compile(r"(?<![\w/.])docs/(?:(?:tutorial|how-to|reference|internals)/)?[\w-]+\.md\b")
MADE = {".venv", ".loaders", ".clients", ".serving", "OUT"}


def read(page: str) -> str:
    return (INTERNALS / page).read_text(encoding="utf-8")


def is_there(path: str) -> bool:
    """Whether a path is one of the repository, of the package, or beside the repository."""
    return any((folder / path).exists() for folder in (ROOT, PACKAGE, PACKAGE.parent))


def test_the_layers_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c for c in contracts["contracts"] if c["containers"] == ["pairsmith"])["layers"]
    table = read("how-it-works.md").partition("## Layers")[2]
    rows = [re.findall(r"`(\w+)`", cell) for cell in re.findall(r"^\| (`.*?) \|", table, re.M)]
    assert rows == [line.split(" | ") for line in layers]


@pytest.mark.parametrize("page", ["contributing.md", "where.md", "glossary.md"])
def test_every_path_is_there(page: str) -> None:
    """What is still to come says so, and does not say so any longer when it has come."""
    found = PATH.findall(read(page))
    assert len(found) > 20
    for path, to_come in found:
        if path.startswith("../") or path.split("/")[0] in MADE:
            continue
        assert is_there(path) is not bool(to_come), path


def test_pages_that_the_code_names_are_there() -> None:
    for folder in ("src", "tests", "benchmarks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            for page in OURS.findall(path.read_text(encoding="utf-8")):
                assert (ROOT / page).is_file(), f"{path}: {page}"


def test_one_module_at_most_is_the_main_job() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if '"""The main job' in path.read_text()]
    assert files in ([], [PACKAGE / "building" / "build.py"])


def test_folders_of_tests_are_packages_or_named() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("**/*.py"))}
    others = {name for name in folders if not (PACKAGE / name).is_dir()}
    section = read("contributing.md").partition("## Tests")[2].partition("\n## ")[0]
    assert others == set(re.findall(r"`tests/(\w+)`", section))
