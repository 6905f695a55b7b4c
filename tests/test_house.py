"""The house stays small: short files, short functions, short signatures."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src"
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_PARAMETERS = 8
KINDS = {".py", ".css", ".jinja", ".sql"}
FOLDERS = ("src", "tests", "benchmarks", "examples")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files() -> list[Path]:
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in KINDS)


@cache
def functions() -> list[tuple[str, Function]]:
    """Every function of the sources, the name of its file before it."""
    return [
        (path.relative_to(ROOT).as_posix(), node)
        for path in sorted(SRC.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Function)
    ]


def parameters(function: Function) -> int:
    """How many a caller can name; `**options` counts as one, self and cls as none."""
    held = function.args
    named = [one.arg for one in (*held.posonlyargs, *held.args)]
    first = named[:1] in (["self"], ["cls"])
    return len(named) - first + len(held.kwonlyargs) + bool(held.vararg) + bool(held.kwarg)


def test_no_file_is_long():
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in files()
    }
    assert len(lengths) > 400
    long = {name: lines for name, lines in lengths.items() if lines > MOST_LINES}
    assert not long


def test_no_function_is_long():
    long = {
        (name, function.name): lines
        for name, function in functions()
        if (lines := function.end_lineno - function.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }
    assert not long


def test_no_signature_is_wide():
    wide = {
        (name, function.name): many
        for name, function in functions()
        if (many := parameters(function)) > MOST_PARAMETERS
    }
    assert not wide


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("self, a, b=1, /, c=2, *, d", 4),
        ("cls, *args, a, **options", 3),
        ("a, self", 2),
        ("**options", 1),
        ("", 0),
    ],
)
def test_parameters_are_counted(signature, expected):
    (function,) = ast.parse(f"def f({signature}): ...").body
    assert isinstance(function, Function)
    assert parameters(function) == expected
