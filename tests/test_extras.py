"""The table of extras is pyproject's, and one that is missing is told in a sentence."""

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from pairsmith import extras
from pairsmith.errors import RecipeError

ROOT = Path(__file__).parent.parent

IMPORTED = {
    "scikit-learn": "sklearn",
    "argon2-cffi": "argon2",
    "markdown-it-py": "markdown_it",
    "python-multipart": "python_multipart",
}
"""Libraries that are imported by another name than they are installed by."""

SPARED = {"uvloop", "py3langid", "segno"}
"""What an extra brings where there is such a thing, and goes without elsewhere."""


def declared():
    """The names that pyproject's extras install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        extra: {re.match(r"[\w.-]+", library)[0] for library in libraries}
        for extra, libraries in project["optional-dependencies"].items()
    }


def test_the_table_is_that_of_pyproject():
    imported = {
        extra: {IMPORTED.get(name, name) for name in names - SPARED}
        for extra, names in declared().items()
    }
    assert imported == {extra: set(names) for extra, names in extras.EXTRAS.items()}


@pytest.mark.parametrize("extra", extras.EXTRAS)
def test_the_names_are_those_of_modules(extra):
    missing = [name for name in extras.EXTRAS[extra] if find_spec(name) is None]
    if len(missing) == len(extras.EXTRAS[extra]):
        pytest.skip(f"the extra {extra} is not installed")
    assert missing == []


def test_what_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "audit", ("json", "no_such_library", "nor_this"))
    with pytest.raises(RecipeError) as caught:
        extras.require("audit", "An audit needs")
    assert caught.value.message == "An audit needs libraries: no_such_library, nor_this not found."
    assert caught.value.hint == (
        "Install the extra from a checkout of pairsmith: pip install '.[audit]'."
    )


def test_what_is_there_is_not_told(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "audit", ("json",))
    assert extras.require("audit", "An audit needs") is None


def test_nothing_says_that_pairsmith_is_on_an_index():
    here = Path(__file__)
    for folder, pattern in (("src", "*.py"), ("tests", "*.py"), ("docs", "*.md"), (".", "*.md")):
        for path in (ROOT / folder).rglob(pattern) if folder != "." else ROOT.glob(pattern):
            said = re.search(r"pip install '?pairsmith\b", path.read_text(encoding="utf-8"))
            assert path == here or not said, path
