"""Hubs to begin with, each in a folder of its own; the tables are made once."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from pairsmith.hub.context import DATABASE, Hub, Settings

KEY = "a key of the tests"


def new_hub(root: Path, settings: Settings | None = None) -> Hub:
    """A new hub, which is the caller's to close.

    Its database is a copy of one that was brought up by all migrations, which takes longer than
    most tests; `tests/hub/core` brings up its own.
    """
    root.mkdir(mode=0o700, parents=True)
    (root / DATABASE).write_bytes(_empty_database())
    return Hub(root, settings or Settings("http://testserver", key=KEY))


@cache
def _empty_database() -> bytes:
    root = Path(tempfile.mkdtemp())
    try:
        Hub(root, Settings("")).close()
        return (root / DATABASE).read_bytes()
    finally:
        shutil.rmtree(root)
