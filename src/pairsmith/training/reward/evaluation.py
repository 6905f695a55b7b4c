"""A trained model on the rows that were held out: scored, kept beside the build, evaluated."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pairsmith._version import __version__
from pairsmith.dataset.annotation import NAME, Annotator
from pairsmith.dataset.annotation_writer import annotate
from pairsmith.dataset.annotations import annotation_folder, local_build, open_annotation
from pairsmith.dataset.manifest import Manifest, read_manifest
from pairsmith.errors import AnnotationError, PairsmithError
from pairsmith.evaluating.evaluate import evaluate
from pairsmith.evaluating.record import Evaluation
from pairsmith.extras import require
from pairsmith.models.folders import model_sha256, record_name
from pairsmith.schema.annotations import STATEMENTS, Action
from pairsmith.schema.rows import Kind
from pairsmith.schema.splits import is_held_out
from pairsmith.scoring.judge import ELO_FACTOR, Judge, Request, open_judge
from pairsmith.scoring.options import ScoreOptions
from pairsmith.scoring.pairs import COLUMNS
from pairsmith.scoring.pieces import (
    Piece,
    Told,
    cut_into_pieces,
    finished_pieces,
    read_statements,
    write_piece,
)
from pairsmith.scoring.score import ANNOTATOR
from pairsmith.training.job import Job
from pairsmith.training.method import Found
from pairsmith.training.progress import Tell

FOLDER = "evaluation"
"""In a run: the report and the numbers."""


@dataclass(frozen=True)
class HeldOut:
    """What is evaluated.

    Attributes:
        out: The folder of the build.
        model: The folder of the model.
        run: Where it is going to be.
        subsets: Of these subsets alone; empty for all.
        max_length: The most tokens of a side.
        cut: Whether the ends of longer ones are read.
    """

    out: str
    model: Path
    run: Path
    subsets: frozenset[str]
    max_length: int
    cut: bool


def evaluate_held_out(job: Job, finished: Path, staging: Path, tell: Tell) -> Found:
    """Scores the pairs that were held out and evaluates that; a fault of it is no fault of the run.

    The scores are kept as an annotation of the build, the report and the numbers in the model's
    folder.

    Args:
        job: The run.
        finished: The folder of the model.
        staging: A folder for what is made on the way; it goes.
        tell: Called with how far it is.
    """
    wanted = HeldOut(
        out=str(job.out),
        model=finished,
        run=job.place.path,
        subsets=frozenset(job.settings["subset"]),
        max_length=job.settings["max_length"],
        cut=job.settings["cut"],
    )
    name = ""
    try:
        require("audit", "An evaluation needs")
        place = local_build(wanted.out)
        built = read_manifest(place)
        pieces = _pieces(built, wanted.subsets)
        if not pieces:
            return Found(why="no pairs are held out")
        name = _name(place, wanted)
        _score(place, name, pieces, (wanted, staging), tell)
        made = evaluate(place, name, to=wanted.model / FOLDER)
    except PairsmithError as error:
        return Found(scores=name, why=error.message.rstrip("."))
    except RuntimeError as error:  # of torch's: a GPU without room for it, say
        return Found(scores=name, why=(str(error).splitlines() or ["?"])[0].rstrip(".")[:200])
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Found(made.to_markdown(), tuple(made.verdict), numbers_of(made), name)


def _pieces(built: Manifest, subsets: frozenset[str]) -> list[Piece]:
    return [
        piece
        for piece in cut_into_pieces(built)
        if piece.kind == Kind.PAIRS
        and is_held_out(piece.split)
        and (not subsets or piece.subset in subsets)
    ]


def _name(place: Path, wanted: HeldOut) -> str:
    """A name for the scores after the run's: of that alone, where it is free or the model's own."""
    slug = re.sub(r"[^a-z0-9_-]+", "-", wanted.run.resolve().name.lower()).strip("-_")[:48] or "run"
    sha256 = model_sha256(wanted.model)
    try:
        folder = annotation_folder(place, slug)
        held = open_annotation(folder) if (folder / NAME).exists() else None
    except AnnotationError:
        return f"{slug}-{sha256[:8]}"
    model: Any = held.annotator.recipe.get("model") if held else None
    same = isinstance(model, dict) and model.get("sha256") == sha256
    return slug if held is None or same else f"{slug}-{sha256[:8]}"


def _score(
    place: Path, name: str, pieces: list[Piece], asked: tuple[HeldOut, Path], tell: Tell
) -> None:
    """Scores the pieces, and keeps that beside the build."""
    wanted, staging = asked
    read, total = 0, sum(piece.rows for piece in pieces)
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    options = ScoreOptions.of(max_length=wanted.max_length, cut=wanted.cut)
    told: list[Told] = []
    with open_judge(Request(place, str(wanted.model), options)) as judge:
        for piece in pieces:
            scored, one = judge.score(piece)
            write_piece(staging, piece.number, scored.rows, one)
            told.append(one)
            read += piece.rows
            tell("held-out rows", read, total)
        by = _annotator(judge, told, wanted.run)
    found = finished_pieces(staging)
    columns = pa.schema([*STATEMENTS, *COLUMNS])
    statements = read_statements((found[piece.number] for piece in pieces), columns)
    not_said: Counter[str] = Counter()
    for one in told:
        not_said.update(one.not_said)
    annotate(place, name, statements, by, dict(not_said))


def _annotator(judge: Judge, told: list[Told], run: Path) -> Annotator:
    """As `pairsmith score` says it, of the rows that were held out alone."""
    sums = sum(one.sums[0] for one in told), sum(one.sums[1] for one in told)
    described = judge.describe()
    recipe = {
        **described,
        "model": {**described["model"], "name": record_name(str(run))},
        "mean": sums[0] / sums[1] if sums[1] else 0.0,
        "elo_factor": ELO_FACTOR,
        "one_pass": all(one.fast for one in told if one.fast is not None),
        "rows": "held out",
    }
    return Annotator(ANNOTATOR, __version__, recipe, {"contradicts": Action.FLIP.value})


def numbers_of(made: Evaluation) -> dict[str, float]:
    """What a run's manifest keeps of an evaluation: the accuracy, its interval, the rows."""
    held = made.numbers
    if "accuracy" not in held:
        return {}
    share = held["accuracy"]["all"]
    named = {
        "held_out_accuracy": share["estimate"],
        "held_out_accuracy_low": share["low"],
        "held_out_accuracy_high": share["high"],
        "held_out_rows": held["rows"]["judged"],
    }
    return {name: float(value) for name, value in named.items() if value is not None}
