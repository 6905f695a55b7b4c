"""The worked numbers in docstrings of the audit and of scoring are what the code computes."""

import doctest
from importlib import import_module

import pytest

MODULES = {
    "auditing.content.openings": (),
    "auditing.content.patterns": (),
    "auditing.content.writing_systems": (),
    "auditing.questions.direction": ("scipy",),
    "auditing.questions.labels": (),
    "auditing.questions.length": (),
    "auditing.similarity.shingles": (),
    "auditing.similarity.sketches": (),
    "statistics.intervals": (),
    "scoring.linear": (),
}
"""Modules with examples, and the optional libraries that these need."""


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name):
    for library in MODULES[name]:
        pytest.importorskip(library)
    outcome = doctest.testmod(import_module(f"pairsmith.{name}"))
    assert outcome.attempted
    assert not outcome.failed
