"""The public `score`: a build's rows by a preference model, as an annotation beside the build."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import pyarrow as pa

from pairsmith._version import __version__
from pairsmith.dataset import manifest
from pairsmith.dataset.annotation import Annotation, Annotator
from pairsmith.dataset.annotation_writer import annotate
from pairsmith.dataset.annotations import annotation_folder, local_build, open_annotation
from pairsmith.dataset.folder import PLAN, writing
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import AnnotationError, RecipeError
from pairsmith.extras import require
from pairsmith.io.durable import sha256_of, write_text_durably
from pairsmith.io.locks import is_lock, locked
from pairsmith.models.batches import Work
from pairsmith.models.folders import find_model, model_sha256
from pairsmith.progress import Watch
from pairsmith.schema.annotations import DIALOGUE, MARGIN_LABELS, STATEMENTS, Action
from pairsmith.schema.rows import Kind
from pairsmith.scoring import dialogues, pairs, words
from pairsmith.scoring.endpoint import parse_endpoint
from pairsmith.scoring.judge import ELO_FACTOR, Request
from pairsmith.scoring.options import ScoreArguments, ScoreOptions
from pairsmith.scoring.pieces import (
    Piece,
    Told,
    cut_into_pieces,
    finished_pieces,
    read_statements,
    read_told,
)
from pairsmith.scoring.run import Run, run

ANNOTATOR = "pairsmith score"
STAGING = "unfinished"
"""In the annotation's folder: what was said so far."""

COLUMNS = {Kind.PAIRS: pairs.COLUMNS, Kind.DIALOGUES: dialogues.COLUMNS}


@dataclass(frozen=True)
class Outcomes:
    """What became of all pieces.

    Attributes:
        annotation: As written.
        rows: Rows of the build that were to be scored.
        not_said: Those that were not, by why.
        tokens, places: What was read, with padding and without; what was kept from an earlier,
            broken run with it.
        read_now: The tokens that this run read.
        fast: By kind of row whether pairs shared their prompts, and dialogues were read once:
            in `yes` of the pieces, and in `no` of them.
        difference: The largest difference to the plain way, on the rows that proved it; None
            where nothing was tried.
        mean: Of all scores.
        remarks: Sentences on the model.
    """

    annotation: Annotation
    rows: int
    not_said: dict[str, int]
    tokens: int
    places: int
    read_now: int
    fast: dict[str, dict[str, int]]
    difference: float | None
    mean: float
    remarks: tuple[str, ...]

    @property
    def padding(self) -> float:
        """The share of what was read that is padding, from 0 to 1."""
        return Work(self.tokens, self.places).padding


def score(
    out: str | os.PathLike[str],
    model: str | os.PathLike[str],
    *,
    name: str = "scores",
    subset: str | None = None,
    progress: Watch | None = None,
    **options: Unpack[ScoreArguments],
) -> Annotation:
    """Scores the rows of a build by a preference model, and keeps that beside the build.

    A run that was broken off is gone on with: what was said so far is kept in
    `OUT/annotations/NAME/unfinished`.

    Args:
        out: The folder of the build.
        model: The folder of a run or of another preference model, or an id on the hub; or
            `linear`, a weak model of the words of replies that is trained on the other rows.
        name: The annotation's.
        subset: Only rows of this subset; None for all.
        progress: Called after every batch or piece, with rows in place of bytes.
        options: Fields of `pairsmith.scoring.options.ScoreOptions`, by name.

    Returns:
        The annotation. Of pairs it has `chosen_score`, `rejected_score` and their difference as
        `score`; of dialogues `turn_scores`, one for each of the assistant's turns, and the lowest
        of them as `score`.

    Raises:
        RecipeError: An option is out of range, or no row could be scored.
        ModelError: The model cannot be loaded, gives no scores, or does not fit.
        TokenizerError: Its tokenizer cannot do what the rows want.
        AnnotationError: The name is another annotator's, or scores begun with other options are
            in the way.
        OutputError: There is no finished build, or its folder cannot be written.
        WorkerError: A worker died again and again, or the engine cannot be reached.
    """
    made = ScoreOptions.of(**options)
    return score_build(out, os.fspath(model), name, made, subset, progress).annotation


def score_build(
    out: str | os.PathLike[str],
    model: str,
    name: str,
    options: ScoreOptions,
    subset: str | None = None,
    progress: Watch | None = None,
) -> Outcomes:
    """As `score`, with an account of the run."""
    if model == words.NAME:
        return _score_by_words(local_build(out), name, subset)
    require("train", "Scoring needs")
    place = local_build(out).absolute()  # a worker may have another working directory
    built = read_manifest(place)
    pieces = cut_into_pieces(built, subset)
    if not pieces:
        raise RecipeError(f"{place} holds no rows to score.")
    target = annotation_folder(place, name)
    _check_place(target)
    folder = find_model(model)
    spec = Run(place, target / STAGING, Request(place, model, options), pieces, progress)
    plan = _plan(place, model_sha256(folder), options, subset)
    with writing(place), _growing(spec.staging, plan, options.force):
        now = run(spec)
        found = finished_pieces(spec.staging)
        told = [read_told(found[piece.number]) for piece in pieces]
        if not any(one.said for one in told):
            shutil.rmtree(spec.staging)
            raise _nothing_said(told)
        columns = _columns(pieces)
        made = annotate(
            place,
            name,
            read_statements((found[piece.number] for piece in pieces), columns),
            _annotator(told, {piece.kind for piece in pieces}),
            dict(_sum(one.not_said for one in told)),
        )
        shutil.rmtree(spec.staging)
    return _outcomes(made, pieces, told, now)


def _score_by_words(place: Path, name: str, subset: str | None) -> Outcomes:
    _check_place(annotation_folder(place, name))
    rows, recipe = words.score_by_words(place, subset)
    recipe |= {"mean": words.mean_of(rows), "elo_factor": ELO_FACTOR}
    by = Annotator(ANNOTATOR, __version__, recipe, {"contradicts": Action.FLIP.value})
    made = annotate(place, name, [rows], by)
    return Outcomes(made, len(rows), {}, 0, 0, 0, {}, None, recipe["mean"], ())


def _check_place(target: Path) -> None:
    """Checks that an annotation may be written there.

    Raises:
        AnnotationError: There is one by another annotator.
    """
    if not (target / manifest.NAME).exists():
        return
    held = open_annotation(target).annotator.name
    if held != ANNOTATOR:
        raise AnnotationError(
            f"The annotation {target.name} is by {held}.", "Name another with --name."
        )


def _plan(place: Path, model: str, options: ScoreOptions, subset: str | None) -> dict[str, Any]:
    """All that decides scores: pieces that were scored under another plan are of no use."""
    return {
        "pairsmith": __version__,
        "build": sha256_of(place / manifest.NAME),
        "model": model,
        "subset": subset,
        "max_length": options.max_length,
        "cut": options.cut,
        "dtype": options.dtype,
        "endpoint": options.endpoint and parse_endpoint(options.endpoint).path,
    }


@contextmanager
def _growing(staging: Path, plan: dict[str, Any], force: bool) -> Iterator[None]:
    """Holds the folder that an annotation grows in, with what was made under the same plan.

    Raises:
        AnnotationError: It holds scores that were begun under another plan.
        OutputError: Another process holds it.
    """
    staging.mkdir(parents=True, exist_ok=True)
    with locked(staging, staging.parent):
        held = _read_plan(staging)
        if held != plan:
            differ = [key for key in plan if held is not None and held.get(key) != plan[key]]
            if finished_pieces(staging) and held is not None and not force:
                raise AnnotationError(
                    f"{staging} holds scores that were begun with another "
                    f"{', '.join(differ) or 'plan'}.",
                    "Give the options that they were begun with, or --force to begin anew.",
                )
            for path in staging.iterdir():
                if not is_lock(path.name):
                    path.unlink()
            write_text_durably(staging / PLAN, json.dumps(plan, indent=2) + "\n")
        try:
            yield
        finally:
            if staging.is_dir() and not finished_pieces(staging):
                shutil.rmtree(staging)
            with suppress(OSError):  # it holds something
                staging.parent.rmdir()
                staging.parent.parent.rmdir()


def _read_plan(staging: Path) -> dict[str, Any] | None:
    try:
        held = json.loads((staging / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return held if isinstance(held, dict) else None


def _columns(pieces: list[Piece]) -> pa.Schema:
    kinds = {piece.kind for piece in pieces}
    names: dict[str, pa.Field] = {field.name: field for field in STATEMENTS}
    for kind, own in COLUMNS.items():
        if kind in kinds:
            names |= {field.name: field for field in own}
    return pa.schema(list(names.values()))


def _annotator(told: list[Told], kinds: set[Kind]) -> Annotator:
    """Who says it: all that decides the scores, and how they were computed."""
    one_pass = {one.fast for one in told if one.fast is not None}
    recipe = {
        **told[0].scorer,
        "mean": _mean(told),
        "elo_factor": ELO_FACTOR,
        "one_pass": one_pass == {True},
        "task_score": "out of distribution: the model has seen no lone task descriptions",
    }
    actions = dict.fromkeys(MARGIN_LABELS, Action.LEAVE.value)
    actions["contradicts"] = Action.FLIP.value
    if Kind.DIALOGUES in kinds:
        actions[DIALOGUE] = Action.FILL.value
    return Annotator(ANNOTATOR, __version__, recipe, actions)


def _mean(told: list[Told]) -> float:
    count = sum(one.sums[1] for one in told)
    return sum(one.sums[0] for one in told) / count if count else 0.0


def _sum(counts: Iterator[dict[str, int]]) -> Counter[str]:
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return total


def _nothing_said(told: list[Told]) -> RecipeError:
    reasons = _sum(one.not_said for one in told)
    listed = ", ".join(f"{why} {count:,}" for why, count in sorted(reasons.items()))
    return RecipeError(
        f"None of the {sum(reasons.values()):,} rows could be scored: {listed}.",
        "Raise --max-length, or score the ends of long texts with --cut."
        if reasons["too_long"]
        else "",
    )


def _outcomes(made: Annotation, pieces: list[Piece], told: list[Told], read_now: int) -> Outcomes:
    fast: dict[str, Counter[str]] = {}
    for piece, one in zip(pieces, told, strict=True):
        if one.fast is not None:
            fast.setdefault(piece.kind.value, Counter())["yes" if one.fast else "no"] += 1
    differences = [one.difference for one in told if one.difference is not None]
    return Outcomes(
        annotation=made,
        rows=sum(piece.rows for piece in pieces),
        not_said=dict(sorted(_sum(one.not_said for one in told).items())),
        tokens=sum(one.tokens for one in told),
        places=sum(one.places for one in told),
        read_now=read_now,
        fast={kind: dict(counts) for kind, counts in fast.items()},
        difference=max(differences, default=None),
        mean=_mean(told),
        remarks=tuple(dict.fromkeys(one.remark for one in told if one.remark)),
    )
