"""Writes what a collection holds as a source: at any time, and again as it grows.

    DIR/<subset>/<split>.jsonl   a pair a line, or a red-team attempt: what `pairsmith build` reads
    DIR/unkept.jsonl             what made no row, each with why, and all that there was of it
    DIR/manifest.json            written last

Equal events give equal bytes. Everything that people were shown is counted: in each split of each
subset, what was read is what was kept and what was not, by why.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO

from pairsmith.collecting.board import Board
from pairsmith.collecting.collection import Collection, project_in
from pairsmith.collecting.conversation import fold
from pairsmith.collecting.events import Kind
from pairsmith.collecting.items import find_item, gold_items
from pairsmith.collecting.judgements import (
    adjudicated_row,
    judgement_row,
    reviewed_row,
    second_opinions,
)
from pairsmith.collecting.manifest import (
    NAME,
    CollectionManifest,
    Entry,
    Output,
    describe,
    read_manifest,
    write_manifest,
)
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.rows import Author, Row, rows_of
from pairsmith.collecting.store import Transaction
from pairsmith.errors import CollectionError
from pairsmith.io.durable import finalize, partial_path
from pairsmith.sources import redteam

UNKEPT = "unkept.jsonl"


def export(collection: Collection, out: str | os.PathLike[str] | None = None) -> CollectionManifest:
    """Writes all that a collection holds as a source.

    Args:
        collection: The collection.
        out: Another folder than that of the collection: a new or an empty one, or one that an
            export wrote.

    Returns:
        What was written.

    Raises:
        CollectionError: `out` holds something else.
    """
    folder = collection.folder if out is None else Path(out)
    earlier = _claim(folder, collection.folder)
    with collection.store.read() as transaction, _Writing(folder) as writing:
        project = project_in(transaction)
        people = set()
        for row, *made_by in _rows(collection, transaction):
            writing.write(row)
            people.update(made_by)
        reached = transaction.reached()
        (folder / NAME).unlink(missing_ok=True)  # until the new one is there, nothing vouches
        outputs = writing.finish()
    for entry in earlier.outputs if earlier else ():
        if entry.path not in {output.path for output in outputs}:
            (folder / entry.path).unlink(missing_ok=True)
            with suppress(OSError):  # it holds something else
                (folder / entry.path).parent.rmdir()
    made = CollectionManifest(
        title=project.title,
        project=project.sha256,
        events=reached,
        people=len(people),
        ledger=writing.ledger,
        outputs=outputs,
    )
    write_manifest(folder, made)
    return made


def _claim(folder: Path, own: Path) -> CollectionManifest | None:
    earlier = read_manifest(folder)
    if folder != own and earlier is None and folder.exists() and any(folder.iterdir()):
        raise CollectionError(f"{folder} holds something else.", "Name a new or an empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    return earlier


def _rows(
    collection: Collection, transaction: Transaction
) -> Iterator[tuple[Row, *tuple[str, ...]]]:
    """All rows, and who made them, in the order in which they were begun."""
    project = project_in(transaction)
    board = Board()
    board.update(transaction)
    if project.mode == Mode.RELABEL:
        yield from _judged(collection, transaction, project, board)
    if project.mode == Mode.REVIEW:
        yield from _reviewed(collection, transaction, board)
    begun = [event.thread for event in transaction.events((Kind.STARTED,))]
    for thread in begun:
        state = fold(transaction.thread(thread))
        author = Author(project, collection.pseudonym(state.who))
        for row in rows_of(state, author):
            id = str(row.held["id"])
            opinions = second_opinions(board.opinions(id, project.mode), collection.pseudonym)
            held = {**row.held, "opinions": opinions} if opinions else row.held
            if id in board.adjudicated:
                held = adjudicated_row(held, board.adjudicated[id])
            yield row._replace(held=held), state.who


def _judged(
    collection: Collection, transaction: Transaction, project: Project, board: Board
) -> Iterator[tuple[Row, *tuple[str, ...]]]:
    gold = {item.id: item for item in gold_items(project.gold)}
    for task in board.tasks.values():
        item = gold.get(task.item) or find_item(transaction.db, task.item)
        if item is not None:  # a known answer that the project has no more measures nothing
            author = Author(project, collection.pseudonym(task.who))
            yield judgement_row(task, item, author), task.who


def _reviewed(
    collection: Collection, transaction: Transaction, board: Board
) -> Iterator[tuple[Row, *tuple[str, ...]]]:
    """All transcripts, those that nobody has reviewed too; of people those who reviewed."""
    for id in board.order:
        item = find_item(transaction.db, id)
        if item is not None:
            tasks = [task for task in board.on(id) if task.answer is not None]
            row = reviewed_row(item, tasks, collection.pseudonym)
            yield row, *{task.who for task in tasks}


class _Writing:
    """Files of rows while they grow, beside their places."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = ExitStack()
        self.files: dict[str, tuple[Path, TextIO]] = {}
        self.rows: Counter[str] = Counter()
        self.kept: Counter[tuple[str, str]] = Counter()
        self.unkept: dict[tuple[str, str], Counter[str]] = {}

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *fault: object) -> None:
        self.stack.close()
        for partial, _ in self.files.values():
            partial.unlink(missing_ok=True)

    def write(self, row: Row) -> None:
        """Adds a row to the file of its split, or to what is not kept."""
        place = row.subset, row.split
        counted = self.unkept.setdefault(place, Counter())
        held = dict(row.held)
        path = UNKEPT
        if row.why is None:
            self.kept[place] += 1
            path = _path(*place)
        else:
            counted[row.why] += 1
            held = {"reason": row.why, "subset": row.subset, "split": row.split, **held}
        self._open(path).write(json.dumps(held, ensure_ascii=False) + "\n")
        self.rows[path] += 1

    @property
    def ledger(self) -> tuple[Entry, ...]:
        """What became of all."""
        return tuple(
            Entry(*place, self.kept[place], dict(sorted(counted.items())))
            for place, counted in sorted(self.unkept.items())
        )

    def finish(self) -> tuple[Output, ...]:
        """Puts the files in their places."""
        self.stack.close()
        for path, (partial, _) in sorted(self.files.items()):
            finalize(partial, self.folder / path)
        made = [describe(self.folder, path, self.rows[path]) for path in sorted(self.files)]
        self.files.clear()
        return tuple(made)

    def _open(self, path: str) -> TextIO:
        if path not in self.files:
            (self.folder / path).parent.mkdir(exist_ok=True)
            partial = partial_path(self.folder / path)
            file = self.stack.enter_context(partial.open("w", encoding="utf-8", newline="\n"))
            self.files[path] = partial, file
        return self.files[path][1]


def _path(subset: str, split: str) -> str:
    name = redteam.STEM if subset == redteam.SUBSET else split
    return f"{subset}/{name}.jsonl"
