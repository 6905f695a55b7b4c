"""One task of a build: a part of a source file, through its kernel, into shards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from functools import cache
from typing import NamedTuple, TypeAlias

from pairsmith.chat_templates.sandbox import Sandbox
from pairsmith.dataset.checkpoint import shard_path
from pairsmith.dataset.decisions import read_decisions
from pairsmith.dataset.shard_record import SourceRecord
from pairsmith.dataset.shards import Converted, ShardWriter
from pairsmith.engines.threads import overlap
from pairsmith.errors import DamagedInputError
from pairsmith.io.digests import Digest
from pairsmith.io.identity import Known, WatchedFile
from pairsmith.io.remote import StoragePath
from pairsmith.io.retries import try_again
from pairsmith.kernel import Kernel
from pairsmith.kernel.actions import with_actions
from pairsmith.kernel.dialogues import dialogue_kernel
from pairsmith.kernel.pairs import pair_kernel
from pairsmith.kernel.render import Writer
from pairsmith.kernel.row_render import Jinja
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import Kind
from pairsmith.schema.templates import Compiled, Template
from pairsmith.sources.formats.format import WHOLE, Span
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.read import arrange_rows, read_rows
from pairsmith.sources.reader import reader_of
from pairsmith.sources.records import BLOCK_ROWS, Rows

KERNELS: dict[Kind, Callable[[Recipe, Writer | None], Kernel]] = {
    Kind.PAIRS: pair_kernel,
    Kind.DIALOGUES: dialogue_kernel,
}

SYSTEM_TOTAL = 32 << 20
"""A kernel repeats the system text in every row; at most this many bytes of it at once."""

Tick: TypeAlias = Callable[[int, int], None]
"""A callback for progress: the rows and the bytes read of a file so far."""


class Part(NamedTuple):
    """Rows of a source file that make whole shards.

    Attributes:
        file: The file.
        span: Which part of it.
        first: The number of the first shard that it makes.
        bytes: Its approximate size in bytes of the file.
        read: What is known to have been read of the file; None where the task finds out.
        finished: The numbers of the shards that are finished.
        known: What was known of the file by then; None where nothing has been read of it.
    """

    file: SourceFile
    span: Span = WHOLE
    first: int = 0
    bytes: int = 0
    read: Digest | None = None
    finished: frozenset[int] = frozenset()
    known: Known | None = None


class Task(NamedTuple):
    """What a worker needs to know.

    Attributes:
        part: The rows.
        recipe: What to make of them.
        compiled: The template; None where the recipe makes messages.
        staging: The folder to write to.
        threads: How many work at once on blocks of rows.
        batch_rows: At most this many rows in a block; decides no byte that is written.
        decisions: The sha256 of the table of decisions in the folder; None where the recipe asks
            for none.
        check_all: Whether Jinja renders every row too; see `Writer`.
    """

    part: Part
    recipe: Recipe
    compiled: Compiled | None
    staging: StoragePath
    threads: int
    batch_rows: int | None = None
    decisions: str | None = None
    check_all: bool = False

    @property
    def name(self) -> str:
        """What to call it in a fault."""
        part = self.part
        one = part.span != WHOLE
        return f"shard {part.first} of {part.file.path}" if one else part.file.path


class _Converted(NamedTuple):
    """A block, converted; without columns where its shards are finished."""

    rows: Rows
    made: Converted | None
    first: int
    read: Digest


def work(task: Task, jinja: Jinja | None = None, tick: Tick | None = None) -> SourceRecord:
    """Builds the shards of a part that are not finished, and records each as it is.

    Args:
        task: What to do.
        jinja: Renders the template row by row; None to have it done by a process of this one's.
        tick: Progress callback, called after every block.

    Returns:
        Of a whole file its record; of another part, of which rows and shards count, the same.

    Raises:
        DamagedInputError: The file stops short. What came before lies there.
        BrokenReadError: It cannot be read on, tried again and again.
        SourceError: It was changed or replaced meanwhile.
        UnfaithfulError: The compiled template fails its proof.
    """
    return try_again(lambda: _work(task, jinja, tick or _silent), task.name)


def _silent(_rows: int, _bytes: int) -> None:
    """Tells nobody."""


def _work(task: Task, jinja: Jinja | None, tick: Tick) -> SourceRecord:
    part = task.part
    with ExitStack() as stack:
        metered = stack.enter_context(WatchedFile(part.file.place, part.file.path, part.known))
        out = _Shards(task, metered)
        stack.callback(out.discard)
        try:
            for block in _convert(task, metered, jinja):
                out.write(block)
                tick(out.rows, block.read.bytes)
        except DamagedInputError:
            out.leave()
            raise
        read = part.read or metered.digest
        metered.check()
        return SourceRecord(out.rows, out.finish(read), read)


def _convert(task: Task, metered: WatchedFile, jinja: Jinja | None) -> Iterator[_Converted]:
    """The blocks of a part, converted in threads."""
    part, recipe = task.part, task.recipe
    kernel = _kernel(task, jinja)
    reader = reader_of(recipe, part.file.path)
    most = min(task.batch_rows or BLOCK_ROWS, SYSTEM_TOTAL // len((recipe.system or "-").encode()))

    def convert(item: tuple[Rows, int, Digest]) -> _Converted:
        rows, first, read = item
        if _shards_of(first, len(rows.numbers), recipe.shard_rows) <= part.finished:
            return _Converted(rows, None, first, read)
        block = arrange_rows(part.file, rows, reader)
        return _Converted(
            rows, Converted(rows, kernel(block.rows), block.origins, block.uses), first, read
        )

    blocks = read_rows(part.file, metered, reader, most, part.span)
    return overlap(_counted(blocks, part, metered, recipe.shard_rows), convert, task.threads)


def _kernel(task: Task, jinja: Jinja | None) -> Kernel:
    file, recipe = task.part.file, task.recipe
    kernel = KERNELS[file.kind](recipe, _writer(task, jinja))
    if task.decisions is None:
        return kernel
    decisions = read_decisions(task.staging, task.decisions, f"{file.subset}/{file.split}/")
    return with_actions(kernel, decisions, recipe, file.kind)


def _counted(
    blocks: Iterator[Rows], part: Part, metered: WatchedFile, shard_rows: int
) -> Iterator[tuple[Rows, int, Digest]]:
    """Blocks, each with the number of rows before it, and what of the file had been read then."""
    first = part.first * shard_rows
    for rows in blocks:
        yield rows, first, part.read or metered.digest
        first += len(rows.numbers)


def _shards_of(first: int, rows: int, shard_rows: int) -> set[int]:
    return set(range(first // shard_rows, (first + rows - 1) // shard_rows + 1))


def _writer(task: Task, jinja: Jinja | None) -> Writer | None:
    if task.compiled is None:
        return None
    render = jinja or _sandbox(task.compiled.template).render
    return Writer(task.compiled, render, task.check_all)


@cache
def _sandbox(template: Template) -> Sandbox:
    """A sandbox of this process's own, for as long as it lives."""
    return Sandbox(template, date.fromisoformat(template.date or "2000-01-01"))


class _Shards:
    """Writes the blocks of a part to one shard after another."""

    def __init__(self, task: Task, metered: WatchedFile) -> None:
        self.task, self.metered = task, metered
        self.first = self.at = task.part.first * task.recipe.shard_rows
        self.finished = set(task.part.finished)
        self.writer: ShardWriter | None = None

    @property
    def rows(self) -> int:
        """Rows that came so far."""
        return self.at - self.first

    def write(self, block: _Converted) -> None:
        """Takes the rows of a block, each to its shard."""
        size, done, rows = self.task.recipe.shard_rows, 0, len(block.rows.numbers)
        while done < rows:
            count = min(size - self.at % size, rows - done)
            if block.made is not None and self.at // size not in self.finished:
                self._open().write(block.made.part(done, count))
            done, self.at = done + count, self.at + count
            if self.at % size == 0:
                self._end(block.read)

    def _open(self) -> ShardWriter:
        if self.writer is None:
            place = shard_path(self.task.part.file, self.at // self.task.recipe.shard_rows)
            self.writer = ShardWriter(self.task.staging, place, self.task.recipe)
        return self.writer

    def _end(self, read: Digest) -> None:
        if self.writer is not None:
            self.metered.check()
            self.writer.finish(read)
            self.finished.add(self.writer.place.number)
            self.writer = None

    def finish(self, read: Digest) -> int:
        """Ends the last shard; returns how many there are."""
        self._end(read)
        return -(-self.rows // self.task.recipe.shard_rows)

    def leave(self) -> None:
        """Leaves what came before a fault for whoever looks, but no shard that counts."""
        if self.writer is not None:
            self.writer.leave()

    def discard(self) -> None:
        """Removes what was begun."""
        if self.writer is not None:
            self.writer.discard()
