"""One run over an engine: the parts that are not finished, and what became of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from pairsmith.building.options import PROVE, ExecutionOptions
from pairsmith.building.partition import parts_of
from pairsmith.building.task import Task, work
from pairsmith.dataset import checkpoint
from pairsmith.dataset.shard_record import SourceRecord
from pairsmith.engines import ENGINES
from pairsmith.engines.base import Engine, Outcome
from pairsmith.errors import (
    DamagedInputError,
    OutputError,
    PairsmithError,
    RecipeError,
    SourceError,
    WorkerError,
)
from pairsmith.io.paths import size
from pairsmith.io.remote import StoragePath
from pairsmith.kernel.row_render import Jinja
from pairsmith.progress import Progress, Watch
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.templates import Compiled
from pairsmith.sources.formats.format import WHOLE
from pairsmith.sources.layouts import SourceFile

MUCH = 64 << 20
"""Bytes of input that are worth more than one process."""


@dataclass(frozen=True)
class RunSpec:
    """What is to be run.

    Attributes:
        files: The source's files.
        finished: By `id_prefix`, what of each is finished.
        staging: The folder that the build grows in.
        recipe: What to make.
        compiled: The template; None where the recipe makes messages.
        jinja: Renders it in this process.
        execution: How to run it.
        watch: A progress callback.
        decisions: The sha256 of the table of decisions; None where the recipe asks for none.
    """

    files: list[SourceFile]
    finished: dict[str, checkpoint.Finished]
    staging: StoragePath
    recipe: Recipe
    compiled: Compiled | None
    jinja: Jinja | None
    execution: ExecutionOptions
    watch: Watch | None
    decisions: str | None = None

    @property
    def total(self) -> int:
        """Bytes of all files."""
        return sum(size(file.place) for file in self.files)

    @property
    def workers(self) -> int:
        """How many processes are to work at once."""
        worth = min(os.cpu_count() or 1, len(self.files)) if self.total > MUCH else 1
        return self.execution.workers or worth

    @property
    def in_process(self) -> bool:
        """Whether this process does all the work."""
        return self.engine.in_process and self.workers == 1

    @property
    def engine(self) -> Engine:
        """What maps its tasks."""
        return ENGINES[self.execution.engine]


def check_execution(options: ExecutionOptions) -> None:
    """Checks that a build can be run like this.

    Raises:
        RecipeError: It cannot.
    """
    engine = options.engine
    if engine not in ENGINES:
        raise RecipeError(f"There is no engine {engine!r}.", f"Engines: {', '.join(ENGINES)}.")
    if options.address is not None and not ENGINES[engine].takes_address:
        raise RecipeError("--address is of a Ray cluster.", "Add --engine ray.")
    if options.prove not in PROVE:
        raise RecipeError(f"--prove takes no {options.prove!r}.", f"It takes {' or '.join(PROVE)}.")
    for name, number in (("--workers", options.workers), ("--batch-rows", options.batch_rows)):
        if number is not None and number < 1:
            raise RecipeError(f"{name} {number} is less than 1.")


def run(spec: RunSpec) -> None:
    """Builds what is not finished, the sound files too where others are damaged.

    Raises:
        DamagedInputError: Files stop short.
        PairsmithError: Another fault of a file or of a worker.
        UnfaithfulError: The compiled template fails its proof.
    """
    state = _State(spec)
    with closing(_map(spec, state)) as outcomes:  # or workers would outlive a fault
        for outcome in outcomes:
            state.take(outcome)
    if state.errors:
        raise _together(state.errors, spec.staging)


def _map(spec: RunSpec, state: _State) -> Generator[Outcome[Task, SourceRecord]]:
    engine, execution = spec.engine, spec.execution
    if spec.in_process:
        here = partial(work, jinja=spec.jinja, tick=state.tick)
        return engine.run(here, state.tasks(), workers=1, name=_name)
    workers = spec.workers if engine.in_process else execution.workers
    return engine.run(work, state.tasks(), workers=workers, name=_name, address=execution.address)


def _name(task: Task) -> str:
    return task.name


class _State:
    """How far a run has come."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec, self.total = spec, spec.total
        self.rows, self.bytes = Counter[str](), Counter[str]()
        self.seen = (0, 0)
        self.file = spec.files[0]
        self.open: Counter[str] = Counter()
        self.sources: dict[str, SourceRecord] = {}
        self.errors: list[PairsmithError] = []

    def tasks(self) -> Iterator[Task]:
        """The tasks as the plan finds them; faults of a file are kept for the end."""
        spec = self.spec
        staging = spec.staging.absolute()  # a worker may have another working directory
        threads = max((os.cpu_count() or 1) // spec.workers, 1)
        for self.file in spec.files:
            finished = spec.finished[self.file.id_prefix]
            try:
                for part in parts_of(self.file, spec.recipe, finished, not spec.in_process):
                    if isinstance(part, SourceRecord):
                        self._learn(self.file, part)
                        continue
                    self.open[self.file.id_prefix] += 1
                    yield Task(
                        part=part,
                        recipe=spec.recipe,
                        compiled=spec.compiled,
                        staging=staging,
                        threads=threads,
                        batch_rows=spec.execution.batch_rows,
                        decisions=spec.decisions,
                        check_all=spec.execution.prove == "all",
                    )
            except SourceError as error:
                self.errors.append(error)

    def take(self, outcome: Outcome[Task, SourceRecord]) -> None:
        """Takes what became of a task.

        Raises:
            Exception: It failed, and through no fault of a user.
        """
        part, made = outcome.task.part, outcome.result
        if made is None:
            if isinstance(outcome.error, MemoryError):
                outcome = outcome._replace(error=_too_large(outcome.task))
            # where the output cannot be written, no other task fares better
            if isinstance(outcome.error, OutputError) or not isinstance(
                outcome.error, PairsmithError
            ):
                raise outcome.error or RuntimeError("a task came to nothing")
            self.errors.append(outcome.error)
            return
        self.open[part.file.id_prefix] -= 1
        self.rows[part.file.id_prefix] += made.rows
        self.bytes[part.file.id_prefix] += part.bytes or made.whole.bytes
        if part.span == WHOLE:
            self._learn(part.file, made)
        elif part.file.id_prefix in self.sources:
            self._learn(part.file, self.sources[part.file.id_prefix])
        self._tell(part.file.path)

    def tick(self, rows: int, bytes: int) -> None:
        """Tells how far the task at hand has come."""
        self._tell(self.file.path, rows, bytes)

    def _learn(self, file: SourceFile, source: SourceRecord) -> None:
        """Records what a file makes, once all of its parts are finished."""
        self.sources[file.id_prefix] = source
        if not self.open[file.id_prefix]:
            self.rows[file.id_prefix] = source.rows
            self.bytes[file.id_prefix] = source.whole.bytes
            checkpoint.record_source(self.spec.staging, file, source)

    def _tell(self, path: str, rows: int = 0, bytes: int = 0) -> None:
        if self.spec.watch:
            so_far = self.rows.total() + rows, self.bytes.total() + bytes
            # a part that is tried again begins anew
            self.seen = max(self.seen[0], so_far[0]), max(self.seen[1], so_far[1])
            self.spec.watch(Progress(path, *self.seen, self.total))


def _too_large(task: Task) -> WorkerError:
    return WorkerError(
        f"There is not enough memory for {task.name}.",
        "Take fewer --workers, or --batch-rows 1000. What is finished is kept: the same command "
        "goes on.",
    )


def _together(errors: list[PairsmithError], staging: StoragePath) -> PairsmithError:
    """The faults of several tasks as one."""
    if len(errors) == 1 and not isinstance(errors[0], DamagedInputError):
        return errors[0]
    said = "\n".join(error.message for error in errors)
    hints = [error.hint for error in errors]
    if any(isinstance(error, DamagedInputError) for error in errors):
        hints.append(
            f"What came before the damage is in {staging}; it has no manifest and is no finished "
            "build."
        )
    kind = next((type(e) for e in errors if not isinstance(e, DamagedInputError)), type(errors[0]))
    return kind(said, " ".join(dict.fromkeys(hints)))
