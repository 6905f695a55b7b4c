"""A training that is asked for, resolved; and one that is finished. Nothing of any one method."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairsmith.dataset.manifest import Manifest
from pairsmith.io.remote import StoragePath
from pairsmith.models.run_folder import RunManifest
from pairsmith.training.confidence import Told
from pairsmith.training.folder import RunFolder
from pairsmith.training.method import Loaded, Method, Parents


@dataclass(frozen=True)
class TrainedModel:
    """A run, finished.

    Attributes:
        folder: Where it lies.
        manifest: Its manifest.
        reused: Whether it was there already, by the same settings, and nothing was done.
        remarks: Sentences on how it was made, for whoever made it.
        scores: The annotation of the build with the scores of the rows that were held out; empty
            without one.
        verdict: What an evaluation of these says, in five lines; empty without one.
        is_main: Whether this process is the one that writes; others train beside it.
    """

    folder: Path
    manifest: RunManifest
    reused: bool = False
    remarks: tuple[str, ...] = ()
    scores: str = ""
    verdict: tuple[str, ...] = ()
    is_main: bool = True


@dataclass(frozen=True)
class Job:
    """A request, resolved.

    Attributes:
        method: How it trains.
        out: The folder of the build.
        built: Its manifest.
        loaded: The model, with a new head perhaps.
        settings: All that decides the run.
        told: What tells the confidence in labels.
        place: The folder of the run.
        args: TRL's configuration.
        parents: What the run is made from, by role: `build`, `base`, and others of the method.
        evaluates: Whether the model is evaluated at the end, on rows that are held out.
        remarks: Sentences on what was found before it began.
    """

    method: Method
    out: StoragePath
    built: Manifest
    loaded: Loaded
    settings: dict[str, Any]
    told: Told
    place: RunFolder
    args: Any
    parents: Parents
    evaluates: bool = True
    remarks: tuple[str, ...] = ()

    @property
    def is_main(self) -> bool:
        """Whether this process writes the run."""
        return bool(self.args.process_index == 0)

    @property
    def is_local_main(self) -> bool:
        """Whether this process writes the rows for those of its machine."""
        return bool(self.args.local_process_index == 0)

    def wait(self) -> None:
        """Waits for the processes beside this one."""
        self.args.distributed_state.wait_for_everyone()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Holds the folder of the run, in the main process."""
        if self.is_main:
            with self.place.claimed():
                self.wait()
                yield
        else:
            self.wait()
            yield
