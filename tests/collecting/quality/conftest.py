"""A clock, and collections in which people judge each other's comparisons."""

import secrets

import pytest

from pairsmith.collecting import store
from support import collected
from support.judged import MODELS, Clock


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(store, "time", made)
    return made


@pytest.fixture
def talks(tmp_path, monkeypatch):
    """Begins a collection in which two models are compared, and others judge each comparison."""
    monkeypatch.setattr(secrets, "token_bytes", bytes)  # the same chances in every run
    opened = []

    def make(**settings):
        usual = {"models": MODELS, "tranche": "online", "pairing": "different", "overlap": 1.0}
        opened.append(collected.begin(tmp_path / f"c{len(opened)}", **{**usual, **settings}))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
