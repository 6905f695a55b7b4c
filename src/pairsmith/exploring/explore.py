"""An exploration: every question put to a built dataset, the answers in one page and in files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Unpack

import numpy as np
import pyarrow as pa

from pairsmith._version import __version__
from pairsmith.dataset import manifest
from pairsmith.dataset.annotation import Annotator
from pairsmith.dataset.annotation_writer import annotate
from pairsmith.dataset.annotations import annotation_folder, local_build, read_annotation
from pairsmith.dataset.manifest import LedgerEntry, Manifest, read_manifest
from pairsmith.dataset.reader import Dataset
from pairsmith.dataset.verify import check_whole
from pairsmith.errors import OutputError, RecipeError
from pairsmith.exploring import record
from pairsmith.exploring.answer import Answer, Labels, Question, Study, UnansweredError
from pairsmith.exploring.attempts import read_attempts
from pairsmith.exploring.options import ExploreArguments, ExploreOptions
from pairsmith.exploring.questions import OF_DIALOGUES, OF_PAIRS
from pairsmith.exploring.record import ANNOTATION, Exploration
from pairsmith.exploring.report.render import draw
from pairsmith.extras import require
from pairsmith.io.durable import sha256_of
from pairsmith.progress import Steps, Watch
from pairsmith.schema.annotations import STATEMENTS, Action
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.statistics.multiple import adjust

SENTENCES = 5
"""The most sentences of a verdict."""
LABELLED = 50_000
"""The number of rows that are labelled at once."""


def explore(
    out: str | os.PathLike[str],
    *,
    only: Iterable[str] | None = None,
    progress: Watch | None = None,
    **options: Unpack[ExploreArguments],
) -> Exploration:
    """Says what the contents of a built dataset are, with intervals, and draws a map of them.

    `OUT/explore/` gets `report.html`, which needs nothing else and no network, and `explore.json`;
    `OUT/annotations/explore/` the rows that are listed to be read, and the topic of each. No file
    of the build is changed.

    Args:
        out: The folder of a build.
        only: Names of questions; None for all that fit its rows.
        progress: Called before each step, with its name in place of a path, the rows of the
            dataset, and steps in place of bytes.
        options: Fields of `ExploreOptions`.

    Returns:
        The answers. A question that the dataset gives no answer to says why.

    Raises:
        RecipeError: There is no such question, an option is out of its range, or the extra
            `explore` is not installed.
        AnnotationError: There is no such annotation of scores.
        OutputError: There is no finished build, it is not as its manifest says, it keeps no rows,
            or its folder cannot be written.
    """
    asked = ExploreOptions(**options)
    require("explore", "An exploration needs")
    place = local_build(out)
    built = read_manifest(place)
    target = record.place_of(place, built)
    _check_annotations(place, asked.scores)
    chosen = _choose(built, only)
    steps = Steps(progress, sum(entry.kept for entry in built.ledger), len(chosen) + 3)
    steps.begin("check")
    check_whole(place)
    steps.begin("rows")
    study = _read(place, built, asked)
    answers = tuple(_put(name, question, study, steps) for name, question in chosen.items())
    made = Exploration(
        pairsmith=__version__,
        manifest=sha256_of(place / manifest.NAME),
        options=asdict(asked),
        dialogues=_kept(built, Kind.DIALOGUES),
        pairs=_kept(built, Kind.PAIRS),
        verdict=tuple(a.headline for a in answers if a.headline)[:SENTENCES],
        answers=answers,
        chances=weigh_chances(answers),
        folder=target,
    )
    steps.begin("report")
    made = record.beside_former(made)
    _annotate(study, made)
    record.write(made, _draw(made, study, chosen))
    return made


def _check_annotations(out: Path, scores: str | None) -> None:
    """Checks that an annotation can be written, and that the scores that were named are there."""
    annotation_folder(out, ANNOTATION)
    if scores is not None:
        read_annotation(out, scores)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Linear algebra by one thread: sums in the order of several differ in their last digits.

    A layout, and with it topics, amplifies these, so that a machine of more cores would say
    something else of the same build.
    """
    import sklearn.neighbors  # noqa: F401  (with scipy: what is loaded later is not held)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def _kept(built: Manifest, kind: Kind) -> int:
    return sum(entry.kept for entry in built.ledger if kind_of(entry.subset) == kind)


def _choose(built: Manifest, only: Iterable[str] | None) -> dict[str, Question]:
    """The questions that fit a build's rows.

    Raises:
        OutputError: The build keeps no rows.
        RecipeError: There is no such question, or none of those fits.
    """
    fitting: dict[str, Question] = {}
    for registry, kind in ((OF_DIALOGUES, Kind.DIALOGUES), (OF_PAIRS, Kind.PAIRS)):
        if _kept(built, kind):
            fitting |= dict(registry)
    if not any(entry.kept for entry in built.ledger):
        raise OutputError("The build keeps no rows.", "See why: its manifest and quarantine.")
    if only is None:
        return fitting
    names = list(only)
    known = [*OF_DIALOGUES, *OF_PAIRS]
    strange = [name for name in names if name not in known]
    others = [name for name in names if name not in fitting]
    if strange or not names:
        said = f"There is no question {strange[0]!r}." if strange else "No question is named."
        raise RecipeError(said, f"Questions: {', '.join(known)}.")
    if others:
        raise RecipeError(
            f"The question {others[0]!r} is not about rows that this build keeps.",
            f"Questions about them: {', '.join(fitting)}.",
        )
    return {name: question for name, question in fitting.items() if name in names}


def _read(out: Path, built: Manifest, options: ExploreOptions) -> Study:
    pairs: list[LedgerEntry] = [e for e in built.ledger if kind_of(e.subset) == Kind.PAIRS]
    return Study(
        out,
        built,
        options,
        read_attempts(out, built, options.success_from),
        Dataset(out) if any(entry.kept for entry in pairs) else None,
    )


@_one_thread()
def _put(name: str, question: Question, study: Study, steps: Steps) -> Answer:
    steps.begin(name)
    try:
        return question(study)
    except UnansweredError as error:
        title = getattr(question, "title", name.replace("_", " ").capitalize())
        return Answer(name, title, "", unanswered=str(error))


@_one_thread()  # the map may be laid here
def _draw(made: Exploration, study: Study, questions: dict[str, Question]) -> str:
    return draw(made, study, questions)


def weigh_chances(answers: Iterable[Answer]) -> dict[tuple[str, str, str], float]:
    """The q-values of all effects that are listed: many questions are many chances.

    Each list has the same share of them, or the few differences between models would have to be as
    sure as one word among hundreds.
    """
    held = {
        (answer.question, listed.title, effect.of): effect.p
        for answer in answers
        for listed in answer.effects
        for effect in listed.effects
        if effect.p is not None
    }
    lists = {key[:2]: place for place, key in enumerate(held)}
    of_lists = np.array([lists[key[:2]] for key in held], np.int64)
    adjusted = adjust(np.array(list(held.values()), np.float64), of_lists)
    return dict(zip(held, adjusted.tolist(), strict=True))


def _annotate(study: Study, made: Exploration) -> None:
    """Writes the rows to read, and what questions say of rows, as an annotation."""
    annotator = Annotator(
        "pairsmith explore",
        __version__,
        {**made.options, "asked": [a.question for a in made.answers]},
        # rows are pointed out, and no fault is found with them
        actions=dict.fromkeys(sorted(_labels(made.answers)), Action.LEAVE.value),
    )
    annotate(study.out, ANNOTATION, _statements(made.answers), annotator)


def _labels(answers: Iterable[Answer]) -> set[str]:
    listed = {reading.label for answer in answers for reading in answer.readings}
    return listed | {name for a in answers for labels in a.labels for name in labels.labels}


def _statements(answers: Iterable[Answer]) -> Iterator[pa.RecordBatch]:
    for answer in answers:
        said = [
            {"id": row.id, "label": reading.label, "score": row.score, "detail": row.why}
            for reading in answer.readings
            for row in reading.rows
        ]
        yield pa.RecordBatch.from_pylist(said, STATEMENTS)
        for labels in answer.labels:
            yield from _label_all(labels)


def _label_all(labels: Labels) -> Iterator[pa.RecordBatch]:
    """What is said of many rows, some at a time."""
    names, details = (pa.array(held, pa.string()) for held in (labels.labels, labels.details))
    said = np.flatnonzero(labels.of >= 0)
    for first in range(0, len(said), LABELLED):
        some = said[first : first + LABELLED]
        of = pa.array(labels.of[some])
        scores = labels.scores[some]
        columns = {
            "id": labels.ids.take(pa.array(some)),
            "label": names.take(of),
            "score": pa.array(scores, pa.float64(), mask=~np.isfinite(scores)),
            "detail": details.take(of),
        }
        arrays = [columns[field.name].cast(field.type) for field in STATEMENTS]
        yield pa.RecordBatch.from_arrays(arrays, schema=STATEMENTS)
