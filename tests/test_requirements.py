"""The lock holds what pyproject.toml asks for, and every requirement of users' names its floor."""

from __future__ import annotations

import re
import runpy
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8").splitlines()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FLOORS: dict[str, Any] = runpy.run_path(str(ROOT / "requirements" / "floors.py"))
ANEW = "`make lock` writes requirements/lock.txt anew"

locked = {
    canonicalize_name(name): Version(version)
    for name, _, version in (line.partition("==") for line in LOCK if not line.startswith("#"))
}


def asked() -> Iterator[Requirement]:
    """What the product, its extras and development ask for; torch by the Makefile."""
    groups = PYPROJECT["dependency-groups"]
    yield from FLOORS["requirements"]()
    for name in ("lint", "test", "trainers"):
        yield from map(Requirement, groups[name])
    yield Requirement(re.search(r"^TORCH := (.*)$", (ROOT / "Makefile").read_text(), re.M)[1])


def lacking(wanted: Requirement) -> str | None:
    """What the lock lacks of a requirement."""
    held = locked.get(canonicalize_name(wanted.name))
    if held is None:
        return f"{wanted} is not in the lock: {ANEW}"
    if not wanted.specifier.contains(held, prereleases=True):
        return f"{wanted}, but the lock has {held}: {ANEW}"
    return None


def test_the_lock_satisfies_what_is_asked_for():
    wanted = list(asked())
    assert len(wanted) > 60
    assert not [fault for one in wanted if (fault := lacking(one))]


def test_the_lock_holds_what_that_needs_in_turn():
    """Else a package that nobody names comes in another version each time."""
    seen: set[tuple[str, frozenset[str]]] = set()
    queue, faults = list(asked()), []
    while queue:
        wanted = queue.pop()
        key = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if key in seen:
            continue
        seen.add(key)
        faults += filter(None, [lacking(wanted)])
        try:
            needs = map(Requirement, requires(wanted.name) or [])
        except PackageNotFoundError:
            continue  # a package of another machine's
        for need in needs:
            given = [{"extra": extra} for extra in wanted.extras] or [{"extra": ""}]
            if need.marker is None or any(need.marker.evaluate(one) for one in given):
                queue.append(need)
    assert len(seen) > 100
    assert not faults


def test_the_lock_is_names_and_versions_alone():
    """No address, no path, no build of one machine: it holds wherever pip has an index."""
    assert LOCK[0].startswith("# ")
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in LOCK[1:])
    assert LOCK[1:] == sorted(LOCK[1:], key=lambda line: line.partition("==")[0].lower())
    assert len(locked) == len(LOCK) - 1


def test_the_makefile_installs_by_the_lock():
    installs = re.findall(
        r"^\t\$\(BIN\)/python -m pip install (.*)", (ROOT / "Makefile").read_text(), re.M
    )
    assert len(installs) > 4
    others = [line for line in installs if "--constraint $(LOCK)" not in line]
    assert others == ['--quiet --upgrade "pip>=25.1"']


def test_every_requirement_of_users_names_one_floor():
    floors = FLOORS["floors"]()
    assert floors["pyarrow"]
    assert len(floors) > 30
    for name, version in floors.items():
        assert locked[name] >= Version(version)


def test_extras_that_are_tried_are_all():
    lists = re.findall(r"^(?:EXTRAS|HEAVY) := (.*)$", (ROOT / "Makefile").read_text(), re.M)
    extras = ",".join(lists).split(",")
    assert sorted(extras) == sorted(PYPROJECT["project"]["optional-dependencies"])


@pytest.mark.parametrize("group", ["lint", "test", "trainers"])
def test_groups_and_extras_agree(group):
    """A development requirement that users have too admits nothing lower than theirs."""
    floors = FLOORS["floors"]()
    for wanted in map(Requirement, PYPROJECT["dependency-groups"][group]):
        floor = floors.get(canonicalize_name(wanted.name))
        lowest = [s.version for s in wanted.specifier if s.operator == ">="]
        assert floor is None or not lowest or Version(lowest[0]) >= Version(floor), wanted
