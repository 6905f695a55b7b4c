"""`pairsmith.collect`: one person's collection, from its beginning to what is made of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Unpack

from pairsmith.collecting.asking import Score
from pairsmith.collecting.collection import Collection
from pairsmith.collecting.events import Kind
from pairsmith.collecting.export import export
from pairsmith.collecting.faults import told
from pairsmith.collecting.live import Live, Manner, Tell, log, score_by
from pairsmith.collecting.manifest import CollectionManifest
from pairsmith.collecting.options import CollectArguments, CollectOptions
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.solo.opening import open_or_begin
from pairsmith.collecting.tasks import Tasks
from pairsmith.extras import require
from pairsmith.schema.splits import TEST, TRAIN
from pairsmith.sources import redteam

if TYPE_CHECKING:
    from pairsmith.dataset.annotation import Annotation

ALONE = 0.99
"""How often somebody is right whose word is to count by itself."""

Ready = Callable[[str], None]
"""Takes the link to the pages."""


class Collected(NamedTuple):
    """What a collection holds, written out.

    Attributes:
        folder: Its folder, now a source too.
        manifest: What was written there.
        annotation: Of the build whose rows were judged; None where none were, or it is not there.
        build: The folder of that build; None where pairs of no build are judged.
        mode: What people did.
    """

    folder: Path
    manifest: CollectionManifest
    annotation: Annotation | None
    build: Path | None
    mode: Mode

    @property
    def held_out(self) -> int:
        """How many collected pairs are held out as test, where none of them is train; else 0."""
        kept: Counter[str] = Counter()
        for entry in self.manifest.ledger if self.mode.talks else ():
            kept[entry.split] += 0 if entry.subset == redteam.SUBSET else entry.kept
        return 0 if kept[TRAIN] else kept[TEST]


def collect(
    folder: str | os.PathLike[str],
    *,
    port: int = 0,
    ready: Ready = print,
    tell: Tell = log.warning,
    **options: Unpack[CollectArguments],
) -> Collected:
    """Serves the pages of a collection to one person on this machine, until Ctrl-C.

    Args:
        folder: The collection's; without options it has to be there already.
        port: Of 127.0.0.1; 0 for a free one.
        ready: Takes the link to the pages, which lets a browser in once.
        tell: Takes what goes wrong with a model's server.
        options: What is collected, see `CollectOptions`.

    Returns:
        What was collected.

    Raises:
        CollectionError: There is no such collection, it is another, or the port cannot be had.
        ModelError: The model cannot be asked for its name, or the preference model not be loaded.
        OutputError: The build to judge is none.
        RecipeError: Options do not go together, or the extra `collect` is missing.
    """
    from pairsmith.collecting.solo.server import serve

    held = CollectOptions.of(**options)
    require("collect", "Collecting needs")
    scores: dict[str, Score] = {}

    def prepare(project: Project) -> None:
        if project.mode.talks and project.score is not None:
            scores[project.score] = score_by(project.score)

    with told(), open_or_begin(folder, held, prepare) as collection:
        _check_end(collection, held)
        project = collection.project()
        live = None
        if project.mode.talks:
            score = scores.get(project.score or "")
            live = Live(collection, Manner(tell=tell, score=score))
        try:
            if live is not None:
                live.recover()
            serve(Served(collection, Tasks(collection), live), port, ready, tell)
        finally:
            if live is not None:
                live.close()
        return _write(collection, held)


def export_collection(
    folder: str | os.PathLike[str], **options: Unpack[CollectArguments]
) -> Collected:
    """Writes what a collection holds, as `collect` does at its end, and serves nothing.

    Args:
        folder: The collection's.
        options: Of `collect`; `from_` and `name` say which annotation is written where.

    Raises:
        CollectionError: There is no such collection, or it is another.
        OutputError: The build that was judged is none.
    """
    held = CollectOptions.of(**options)
    with told(), open_or_begin(folder, held) as collection:
        _check_end(collection, held)
        return _write(collection, held)


def _check_end(collection: Collection, options: CollectOptions) -> None:
    """Checks, before anybody works for it, that the annotation can be written."""
    from pairsmith.dataset.annotations import annotation_folder

    build = _build_of(collection, options)
    if build is not None:
        annotation_folder(build, options.name)


def _build_of(collection: Collection, options: CollectOptions) -> Path | None:
    """The folder of the build that is judged: as it is said now, or was said in the beginning."""
    if options.from_ is not None:
        return Path(options.from_)
    with collection.store.read() as transaction:
        taken = transaction.last(Kind.IMPORTED)
    place = None if taken is None else taken.body.get("folder")
    return Path(place) if place is not None and Path(place).is_dir() else None


def _write(collection: Collection, options: CollectOptions) -> Collected:
    from pairsmith.collecting.opinions import annotate_opinions

    manifest, project = export(collection), collection.project()
    build = _build_of(collection, options)
    said = any(task.counts for task in Tasks(collection).read().tasks.values())
    annotation = None
    if build is not None and said:
        alone = project.opinions == 1
        accuracy = options.accuracy or (ALONE if alone else None)
        annotation = annotate_opinions(collection, build, options.name, accuracy=accuracy)
    return Collected(collection.folder, manifest, annotation, build, project.mode)
