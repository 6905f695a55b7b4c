"""Prints the lowest versions that pyproject.toml allows users to have, as constraints for pip."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def requirements() -> Iterator[Requirement]:
    """What users install: the dependencies, and those of every extra, on this machine."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    for group in (project["dependencies"], *project["optional-dependencies"].values()):
        for held in map(Requirement, group):
            if held.marker is None or held.marker.evaluate():
                yield held


def floors() -> dict[str, str]:
    """The floor of each, by name.

    Raises:
        ValueError: A requirement names none, or two name different ones.
    """
    found: dict[str, str] = {}
    for held in requirements():
        named = [given.version for given in held.specifier if given.operator in (">=", "==")]
        name = canonicalize_name(held.name)
        if len(named) != 1 or found.setdefault(name, named[0]) != named[0]:
            raise ValueError(f"{held} in pyproject.toml names no floor, or another than before")
    return found


if __name__ == "__main__":
    print("\n".join(f"{name}=={version}" for name, version in floors().items()))
