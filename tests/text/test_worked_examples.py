"""The examples at the head of the dense modules say what their code does."""

import doctest
from importlib import import_module

import pytest

MODULES = (
    "text.spans",
    "text.questions",
    "text.transcript",
    "text.turns",
    "kernel.text_render",
    "kernel.unrender",
)


@pytest.mark.parametrize("name", MODULES)
def test_example_is_true(name):
    module = import_module(f"pairsmith.{name}")
    assert module.__doc__.count(">>>") >= 4  # it has one
    assert doctest.testmod(module).failed == 0
