"""The folder of samples while it is made: whose it is, what it goes on from, how it becomes whole.

Samples grow in `OUT/unfinished`, under a lock, beside their plan: all that decides them. Files are
then written in their places, which the plan tells, and the manifest comes last. What pairsmith did
not write is neither overwritten nor removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.dataset.folder import grown_in, local_folder, writing
from pairsmith.errors import OutputError
from pairsmith.generating.journal import NAME as JOURNAL
from pairsmith.generating.manifest import (
    NAME,
    UNKEPT,
    SamplesManifest,
    check_samples,
    has_samples,
    read_samples,
)
from pairsmith.io.durable import fsync, whole_name, write_text_durably
from pairsmith.io.locks import LOCK

GROWING, PLAN = "unfinished", "plan.json"


class SamplesFolder:
    """A folder that samples are to be in.

    Args:
        out: Its path.
        plan: All that decides them, as JSON has it; see `make_plan`.
        force: Whether samples by another plan may be replaced.

    Attributes:
        path, growing: The folder, and the one in it that samples grow in.
    """

    def __init__(self, out: str, plan: Mapping[str, Any], force: bool) -> None:
        self.path = local_folder(out)
        self.growing = self.path / GROWING
        self.plan: dict[str, Any] = json.loads(json.dumps(plan))
        self.force = force

    def whole(self) -> SamplesManifest | None:
        """The samples by this plan that the folder holds; None where they are to be made.

        Raises:
            OutputError: It holds something else, or samples by another plan, or changed ones.
        """
        if not self.path.exists():
            return None
        if not self.path.is_dir():
            raise OutputError(f"{self.path} is a file.", "Name a new or an empty folder.")
        held = read_samples(self.path) if has_samples(self.path) else None
        begun = self._begun()
        if held is not None and not self.force:
            if plan_of(held) != self.plan:
                raise self._other(plan_of(held), "samples")
            check_samples(self.path, held)
            return held
        if begun is not None and begun != self.plan and self._has_samples() and not self.force:
            raise self._other(begun, "the beginning of samples")
        self._check_strangers(held, begun)
        return None

    def _check_strangers(
        self, held: SamplesManifest | None, begun: Mapping[str, Any] | None
    ) -> None:
        """Checks that there is nothing in the folder that is not ours."""
        tops = {file.path.split("/")[0] for file in held.outputs} | {NAME} if held else set()
        if begun is not None:
            tops |= {*_tops(begun), NAME}
        if (self.growing / LOCK).exists():
            tops.add(GROWING)
        names = (path.name for path in self.path.iterdir())
        others = sorted(name for name in names if whole_name(name) not in tops)
        if others:
            raise OutputError(
                f"{self.path} holds something else: {others[0]}.", "Name a new or an empty folder."
            )

    def _begun(self) -> dict[str, Any] | None:
        try:
            held = json.loads((self.growing / PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return held if isinstance(held, dict) else None

    def _other(self, other: Mapping[str, Any], what: str) -> OutputError:
        return OutputError(
            f"{self.path} holds {what} by other settings: {difference(other, self.plan)}.",
            "Name another folder, or give --force to replace this one.",
        )

    @contextmanager
    def claimed(self) -> Iterator[Path]:
        """Holds the folder; what another plan left is removed. Yields the folder to grow in.

        Raises:
            OutputError: Another process holds it, or it cannot be written.
        """
        with writing(self.path):
            if self.growing.is_symlink():
                raise OutputError(f"{self.growing} is a link.", "Move it away.")
        with grown_in(self.growing, self.path):
            self._begin()
            try:
                yield self.growing
            finally:
                self._tidy()

    def _begin(self) -> None:
        begun = self._begun()
        if begun is not None:
            for name in (NAME, *_outputs_of(begun)):
                self._sweep(name)
        if begun != self.plan:
            self._clear(begun)
            text = json.dumps(self.plan, indent=2, sort_keys=True)
            write_text_durably(self.growing / PLAN, text + "\n")

    def _sweep(self, name: str) -> None:
        """Removes what was being written of a file when its process was killed."""
        path = self.path / name
        if path.parent.is_dir() and not path.parent.is_symlink():
            for part in path.parent.iterdir():
                if part.name != path.name and whole_name(part.name) == path.name:
                    part.unlink()

    def _has_samples(self) -> bool:
        """Whether anything was sampled that is not in its place yet."""
        path = self.growing / JOURNAL
        return path.is_file() and path.stat().st_size > 0

    def _tidy(self) -> None:
        """Leaves no folder to grow in that nothing grew in."""
        if not self._has_samples() and not has_samples(self.path):
            shutil.rmtree(self.growing)

    def _clear(self, begun: Mapping[str, Any] | None) -> None:
        """Removes what is finished here, and what another plan began."""
        names = _outputs_of(begun) if begun else []
        if has_samples(self.path):
            names += [file.path for file in read_samples(self.path).outputs]
            (self.path / NAME).unlink()
            fsync(self.path)
        for name in names:
            _remove_below(self.path, name)
        for path in self.growing.iterdir():
            if path.is_file() and path.name in (PLAN, JOURNAL):
                path.unlink()

    def leave(self) -> None:
        """Removes what the samples grew in, once their manifest is there."""
        shutil.rmtree(self.growing)


def _remove_below(folder: Path, name: str) -> None:
    """Removes a file of a folder that a plan or a manifest names, and its folder if that is empty.

    Nothing is removed that lies elsewhere, as behind a link.
    """
    path = folder / name
    if path.resolve().is_relative_to(folder.resolve()) and path.is_file():
        path.unlink()
        if path.parent != folder:
            with suppress(OSError):
                path.parent.rmdir()


def _outputs_of(plan: Mapping[str, Any]) -> list[str]:
    places = plan.get("places")
    listed = places if isinstance(places, list) else []
    return [UNKEPT, *(f"{place}.jsonl" for place in listed if isinstance(place, str))]


def _tops(plan: Mapping[str, Any]) -> set[str]:
    return {name.split("/")[0] for name in _outputs_of(plan)}


class Parents(NamedTuple):
    """What samples are made from; each field as `SamplesManifest` has it."""

    prompts: dict[str, str]
    model: dict[str, str] | None
    endpoint: dict[str, str] | None
    score: dict[str, str] | None


def make_plan(parents: Parents, config: Mapping[str, Any], places: list[str]) -> dict[str, Any]:
    """All that decides samples.

    Args:
        parents: What they are made from.
        config: The options.
        places: Where prompts stand, as `subset/split`.
    """
    told = {
        role: {key: value for key, value in held.items() if key != "name"} if held else None
        for role, held in parents._asdict().items()
    }
    return {"kind": "samples", **told, "config": dict(config), "places": sorted(places)}


def plan_of(made: SamplesManifest) -> dict[str, Any]:
    """The plan by which finished samples were made."""
    parents = Parents(made.prompts, made.model, made.endpoint, made.score)
    return make_plan(parents, made.config, [*made.ledger])


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """In what two plans differ, in a few words."""
    words = {
        "prompts": "they are of other prompts",
        "model": "another model wrote them",
        "endpoint": "another endpoint wrote them",
        "score": "another model scored them",
    }
    for name, said in words.items():
        if one.get(name) != other.get(name):
            hashes = [(plan.get(name) or {}).get("sha256") for plan in (one, other)]
            if name == "model" and hashes[0] == hashes[1]:
                return "their model ended replies at other tokens, by its generation_config.json"
            return said
    theirs, mine = one.get("config") or {}, other.get("config") or {}
    names = sorted(n for n in {*mine, *theirs} if mine.get(n) != theirs.get(n))
    if not names:
        return "they are of other splits"
    name = names[0]
    more = f", and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{name} is {theirs.get(name)!r} there and {mine.get(name)!r} here{more}"
