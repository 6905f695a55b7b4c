"""The folder of a run while it is made: whose it is, what it goes on from, how it becomes whole.

A run grows in `RUN/checkpoints`, under a lock, beside its plan: all that decides it. When it is
whole, an earlier run's manifest goes first, files are moved into place, and the new manifest comes
last. Until then an earlier run stays as it was. What pairsmith did not write is neither overwritten
nor removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pairsmith.dataset.folder import grown_in, local_folder, writing
from pairsmith.errors import ModelError, OutputError
from pairsmith.io.durable import fsync, whole_name, write_text_durably
from pairsmith.io.locks import LOCK, is_lock
from pairsmith.models.folders import hash_files
from pairsmith.models.run_folder import NAME, RunManifest, has_run, read_proved_run, read_run
from pairsmith.training.checkpoints import last_whole

GROWING = "checkpoints"
"""Where a run grows; it goes when the run is whole."""

PLAN = "plan.json"
"""In there: all that decides the run."""

FINISHED = "finished"
"""In there: the files of the run, before they take their places."""

MOVING = "moving.json"
"""In there: the names of the files that are taking their places, once that has begun."""

NAMED = frozenset({"model_name_or_path", "reward", "watch", "score", "held_out"})
"""Settings that name what a run is made from, which its hash says better."""

Plan = Mapping[str, Any]


class RunFolder:
    """A folder that a run is to be in.

    Args:
        run: Its path.
        plan: All that decides the run, as JSON has it; see `plan_of`.
        processes: How many train together, which decides who sees which row.
        force: Whether a run by another plan may be replaced.

    Attributes:
        path, growing, finished: The folder, and those in it.
    """

    def __init__(self, run: str, plan: Plan, processes: int = 1, force: bool = False) -> None:
        self.path = local_folder(run)
        self.growing = self.path / GROWING
        self.finished = self.growing / FINISHED
        self.plan, self.force = dict(plan), force
        self.begun = {**self.plan, "processes": processes}

    def whole(self) -> RunManifest | None:
        """The run by this plan that the folder holds; None where it is to be made.

        Raises:
            OutputError: The folder holds something else, or a run by another plan.
            ModelError: Its model is not what the run wrote.
        """
        if not self.path.exists():
            return None
        if not self.path.is_dir():
            raise OutputError(f"{self.path} is a file.", "Name a new or an empty folder.")
        mine = {GROWING, *(_read(self.growing / MOVING) or {})}
        if len(mine) > 1:  # files take their places, the manifest last
            mine.add(NAME)
        names = (path.name for path in self.path.iterdir())
        others = sorted(name for name in names if whole_name(name) not in mine)
        held = self._held()
        if held is None and others:
            raise OutputError(
                f"{self.path} holds something else: {others[0]}.", "Name a new or an empty folder."
            )
        if held is not None and plan_of(held) == self.plan:
            try:
                return read_proved_run(self.path, hash_files(self.path), str(self.path))
            except ModelError:  # the model was exchanged since
                if not self.force:
                    raise
                return None
        if not self.force:
            self._refuse(held)
        return None

    def _held(self) -> RunManifest | None:
        """The run that the folder holds.

        Raises:
            OutputError: Its manifest is that of something else, or cannot be read.
        """
        try:
            return read_run(self.path) if has_run(self.path) else None
        except ModelError as error:
            raise OutputError(
                f"{self.path} holds something else than a run: {error.message}",
                "Name a new or an empty folder.",
            ) from error

    def _refuse(self, held: RunManifest | None) -> None:
        """Refuses a run by another plan, finished or not, that can be gone on with."""
        begun = _read(self.growing / PLAN) if self._has_grown() else None
        if begun == self.begun:
            return
        hint = "Name another folder, or give --force to replace this one."
        if held is not None:
            differs = difference(plan_of(held), self.plan)
            raise OutputError(f"{self.path} holds a run by other settings: {differs}.", hint)
        if begun is not None:
            differs = difference(begun, self.begun)
            raise OutputError(
                f"{self.path} holds the beginning of a run by other settings: {differs}.", hint
            )

    def _has_grown(self) -> bool:
        """Whether there is anything that a run can be gone on with."""
        return (self.growing / MOVING).exists() or last_whole(self.growing) is not None

    def _tidy(self) -> None:
        """Leaves no folder to grow in that nothing grew in, as where a run is refused."""
        if self.growing.is_dir() and not self._has_grown():
            shutil.rmtree(self.growing)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Holds the folder for one run; what another plan left unfinished is removed.

        What a run leaves that made no whole checkpoint is removed at the end, and the folder with
        it where it holds nothing else.

        Raises:
            OutputError: Another process holds it, or it cannot be written.
        """
        with writing(self.path):
            # a link leads out of the run, where nothing is ours to write and to remove
            if self.growing.is_symlink() or (self.growing.exists() and not self._is_ours()):
                raise OutputError(
                    f"{self.growing} is not pairsmith's.", "Move it away, or name another folder."
                )
        with grown_in(self.growing, self.path):
            try:
                self._begin()
                yield
            finally:
                self._tidy()

    def _begin(self) -> None:
        if _read(self.growing / PLAN) != self.begun:
            self._clear()
            text = json.dumps(self.begun, indent=2, sort_keys=True)
            write_text_durably(self.growing / PLAN, text + "\n")

    def _is_ours(self) -> bool:
        return (self.growing / LOCK).exists() or not any(self.growing.iterdir())

    def _clear(self) -> None:
        for path in self.growing.iterdir():
            if is_lock(path.name):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def empty_finished(self) -> Path:
        """The folder for what is finished, emptied of what a broken run left there."""
        if self.finished.exists():
            shutil.rmtree(self.finished)
        self.finished.mkdir()
        return self.finished

    def move_in(self) -> None:
        """Moves the finished files into place; those of an earlier run go first.

        Where it is broken off on the way, the same command goes on from the last checkpoint.
        """
        names = {path.name: 0 for path in sorted(self.finished.iterdir())}
        earlier = read_run(self.path).outputs if has_run(self.path) else ()
        tops = {entry.path.split("/")[0]: 0 for entry in earlier}
        write_text_durably(self.growing / MOVING, json.dumps({**names, **tops}))
        for path in self.path.iterdir():  # an earlier one, and what was being written of it
            if whole_name(path.name) == NAME:
                path.unlink()
        fsync(self.path)
        for entry in earlier:
            _remove_below(self.path, entry.path)
        for name in names:
            target = self.path / name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            (self.finished / name).replace(target)
        fsync(self.path)

    def leave(self) -> None:
        """Removes what the run grew in, once its manifest is there."""
        shutil.rmtree(self.growing)


def _remove_below(folder: Path, name: str) -> None:
    """Removes a file that a manifest lists, if it is one below the folder."""
    path = folder / name
    if path.resolve().is_relative_to(folder.resolve()) and path.is_file():
        path.unlink()


def _read(path: Path) -> dict[str, Any] | None:
    """A small file of ours; None where there is none, or it is damaged."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return held if isinstance(held, dict) else None


def make_plan(
    kind: str, parents: Mapping[str, Mapping[str, str]], config: Mapping[str, Any]
) -> dict[str, Any]:
    """All that decides a run: hashes of what it is made from, and its settings but for names.

    Args:
        kind: What is trained.
        parents: By role, `build` and `base` among them: each with hashes.
        config: The settings.
    """
    named = {f"{what}_{key}": held[key] for what, held in parents.items() for key in held}
    told = {key: value for key, value in named.items() if key.endswith(("sha256", "_ends"))}
    asked = {key: value for key, value in config.items() if key not in NAMED}
    made: dict[str, Any] = json.loads(json.dumps({"kind": kind, **told, "config": asked}))
    return made


def plan_of(held: RunManifest) -> dict[str, Any]:
    """The plan by which a finished run was made."""
    parents = {"build": held.build, "base": held.base, **held.others}
    return make_plan(held.kind, parents, held.config)


def difference(one: Plan, other: Plan) -> str:
    """In what two plans differ, in a few words."""
    words = {
        "kind": "it is of another kind",
        "build_sha256": "it is of another build",
        "base_sha256": "it began with another model",
        "base_ends": "replies of its model end at other tokens, by generation_config.json",
        "build_confidence_sha256": "the confidence in labels is another",
        "reward_sha256": "the reward is another model's",
        "watch_sha256": "another model watches",
        "held_out_sha256": "other rows are held out",
    }
    for name, said in words.items():
        if one.get(name) != other.get(name):
            return said
    mine, theirs = one.get("config") or {}, other.get("config") or {}
    names = sorted(n for n in {*mine, *theirs} if mine.get(n) != theirs.get(n))
    if not names:
        return f"{one.get('processes')} processes there and {other.get('processes')} here"
    name = names[0]
    more = f", and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{name} is {mine.get(name)!r} there and {theirs.get(name)!r} here{more}"
