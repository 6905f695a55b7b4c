"""Engines: a picklable task mapped over shards, results as they finish; that is all they do.

To add an engine, here:

1. a file in this folder with a function `run` as `Run` describes it, and an `ENGINE` that holds it;
2. a line in `ENGINES`;
3. its name in the fixture `run` of `tests/engines/test_engines.py`, the contract of all engines;
4. what it needs as an extra in `pyproject.toml`, and a section in `docs/how-to/engines.md`.

From a package of your own: the same file, and an entry point of the group `pairsmith.engines`.
"""

from __future__ import annotations

from pairsmith.engines.base import Engine
from pairsmith.plugins import Registry

ENGINES: Registry[Engine] = Registry(
    "pairsmith.engines",
    "engine",
    {"local": "pairsmith.engines.local:ENGINE", "ray": "pairsmith.engines.ray:ENGINE"},
    lambda held: held if isinstance(held, Engine) else None,
)
"""All engines, by what `--engine` calls them."""
