"""Evaluation of the scores of a build's rows: numbers, a report, and the labels in doubt."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pairsmith._version import __version__
from pairsmith.dataset import manifest
from pairsmith.dataset.annotation_writer import annotate, remove_annotation
from pairsmith.dataset.annotations import local_build
from pairsmith.dataset.folder import local_folder
from pairsmith.dataset.manifest import Manifest, read_manifest
from pairsmith.errors import AnnotationError, RecipeError
from pairsmith.evaluating import contradicted, record
from pairsmith.evaluating.accuracy import (
    PEOPLE,
    PEOPLE_FROM,
    Apart,
    Groups,
    by_group,
    by_margin,
    compare,
    find_apart,
    groups_of,
    is_right,
)
from pairsmith.evaluating.calibration import calibrate
from pairsmith.evaluating.choosing import over_optimise
from pairsmith.evaluating.contradicted import Contradicted, find_contradicted
from pairsmith.evaluating.dialogues import measure_dialogues
from pairsmith.evaluating.lengths import measure_length
from pairsmith.evaluating.record import Evaluation
from pairsmith.evaluating.report.render import draw
from pairsmith.evaluating.rows import Rows, read_rows
from pairsmith.evaluating.scores import AGAIN, Scores, places_of, read_scores, told
from pairsmith.evaluating.verdict import verdict_on_dialogues, verdict_on_pairs
from pairsmith.extras import require
from pairsmith.io.durable import sha256_of
from pairsmith.schema.reasons import Note
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.statistics.bootstrap import DRAWS, FEW, Bootstrap, Floats


def evaluate(
    out: str | os.PathLike[str],
    scores: str,
    *,
    against: str | None = None,
    to: str | os.PathLike[str] | None = None,
    text: bool = False,
    words: bool = True,
    seed: int = 0,
) -> Evaluation:
    """Says how good the scores of a build's rows are, with intervals, and beside baselines.

    `OUT/evaluations/SCORES/` gets `report.html`, which needs nothing else, and `evaluation.json`;
    `OUT/annotations/SCORES-contradicted/` the rows whose label the model surely contradicts. No
    file of the build is changed.

    Args:
        out: The folder of a build.
        scores: The name of an annotation of it that holds scores, as `pairsmith score` writes it.
        against: That of a second model, for over-optimisation: the first chooses the best of n
            replies, and the second says what that is worth.
        to: A folder for the two files, in place of the one beside the build; then the build gets no
            annotation.
        text: Whether the report may show texts of the rows that are contradicted.
        words: Whether a small model of hashed words is trained to compare with; it reads all
            replies of the build.
        seed: Of the bootstrap.

    Returns:
        The numbers, and where the files lie.

    Raises:
        RecipeError: The extra `audit` is not installed, or a model is held against itself.
        AnnotationError: There is no such annotation, it is of another build, or holds no scores
            that can be evaluated.
        OutputError: There is no finished build, or the files cannot be written.
    """
    require("audit", "An evaluation needs")
    place = local_build(out)
    built = read_manifest(place)
    if against == scores:
        raise RecipeError(f"{scores} cannot be held against itself.", "Name another annotation.")
    first = read_scores(place, scores)
    second = None if against is None else read_scores(place, against)
    target = record.place_of(
        place, built, scores, None if to is None else local_folder(os.fspath(to))
    )
    made = _Evaluated(place, built, first, seed)
    made.judge(second, words)
    if to is None:
        made.annotate()
    made.conclude(os.fspath(out))
    evaluation = Evaluation(made.numbers, target)
    record.write(evaluation, draw(evaluation, place, built, text))
    return evaluation


@dataclass
class _Judged:
    """The scored rows: all of them, and those that are judged."""

    rows: Rows
    sides: Floats
    which: Any
    boot: Bootstrap

    @property
    def margins(self) -> Floats:
        held: Floats = self.sides[:, 0] - self.sides[:, 1]
        return held


class _Evaluated:
    """An evaluation while its numbers come together."""

    def __init__(self, out: Path, built: Manifest, scores: Scores, seed: int) -> None:
        self.out, self.built, self.scores, self.seed = out, built, scores, seed
        self.apart: list[Apart] = []
        self.contradicted = Contradicted([], [], [])
        self.all: _Judged | None = None
        self.temperature: float | None = None
        sha256 = sha256_of(out / manifest.NAME)
        self.numbers: dict[str, Any] = {
            "format": record.FORMAT,
            "pairsmith": __version__,
            "manifest": sha256,
            "scores": {**told(scores.annotation), "model": scores.model},
            "bootstrap": {
                "of": "conversations", "draws": DRAWS, "seed": seed, "few": FEW,
                "interval": "percentile, 95 %",
            },
            "verdict": [],
            "remarks": self._remarks(sha256),
        }  # fmt: skip

    def _remarks(self, sha256: str) -> list[str]:
        """What is to be known of the scores before all numbers.

        Raises:
            AnnotationError: They are from before labels were turned round.
        """
        annotation = self.scores.annotation
        if annotation.build.manifest == sha256:
            return []
        flipped = self.built.totals.noted.get(Note.LABEL_FLIPPED, 0)
        if flipped:
            raise AnnotationError(
                f"The scores {annotation.name} are of another build of these rows; in this one "
                f"{flipped:,} labels were turned round.",
                AGAIN,
            )
        return [
            "The scores are of another build of the same rows: its template may differ from this "
            "one's, and if labels were turned round there, these numbers are wrong."
        ]

    def judge(self, second: Scores | None, words: bool) -> None:
        """Judges whatever is scored: pairs, dialogues, or both."""
        has_pairs = any(kind_of(entry.subset) == Kind.PAIRS for entry in self.built.ledger)
        dialogues = self.scores.dialogues
        if has_pairs and (len(self.scores.ids) or not len(dialogues)):
            self.judge_pairs(read_rows(self.out, words))
            self.hold_against(second)
        if self.all is None and second is not None:
            raise AnnotationError(
                f"The annotation {self.scores.annotation.name} scores no pairs, so that there is "
                "nothing to choose from.",
                "Leave --against out.",
            )
        if len(dialogues):
            held = measure_dialogues(self.out, self.built, dialogues, self.seed)
            self.numbers["dialogues"] = held
        elif self.all is None:
            raise AnnotationError(
                f"The annotation {self.scores.annotation.name} scores no row of {self.out}.", AGAIN
            )

    def judge_pairs(self, rows: Rows) -> None:
        """Holds the scores of pairs against their labels."""
        kept = len(rows.ids)
        found, places = places_of(rows.ids, self.scores.ids)
        if not len(found):
            raise AnnotationError(
                f"The annotation {self.scores.annotation.name} scores none of the {kept:,} kept "
                f"pairs of {self.out}.",
                AGAIN,
            )
        rows, sides = rows.take(found), self.scores.sides[places]
        which = rows.held_out
        if self.scores.is_crossed or not which.any():
            which = np.ones(len(which), bool)
        some = rows.take(np.flatnonzero(which))
        judged = sides[which]
        boot = Bootstrap(some.conversation, seed=self.seed)
        self.all = _Judged(rows, sides, which, boot)
        margins = judged[:, 0] - judged[:, 1]
        self.numbers["rows"] = self._counts(kept, rows, which, margins)
        calibration = calibrate(margins, boot)
        divisions = groups_of(some)
        self.numbers["accuracy"] = self._accuracy(margins, some, divisions, boot)
        self.numbers["calibration"] = calibration
        self.numbers["length"] = measure_length(judged, some.characters, boot)
        self.apart = find_apart(margins, [self._by_place(some), *divisions[:2]], boot)
        accuracy = boot.mean(is_right(margins))
        # what doubts labels must be better than chance, or its doubts mean nothing
        if accuracy.above(0.5):
            self.temperature = calibration["temperature"]["estimate"]
        self.contradicted = find_contradicted(rows.ids, self.all.margins, self.temperature)
        self.numbers["contradicted"] = {"annotation": None, **self.contradicted.to_dict()}

    def _counts(self, kept: int, rows: Rows, which: Any, margins: Floats) -> dict[str, Any]:
        known = np.unique(rows.conversation[~which]) if not which.all() else np.zeros(0, np.int64)
        return {
            "kept": kept,
            "scored": len(rows.ids),
            "one_side_missing": self.scores.one_sided,
            "not_said": dict(self.scores.annotation.not_said),
            "judged": int(which.sum()),
            "judged_ties": int((margins == 0).sum()),
            "judged_contradicted": int((margins < 0).sum()),
            "is_held_out": self.scores.is_crossed or bool(rows.held_out.any()),
            "by_folds": self.scores.is_crossed,
            "conversation_also_in_train": int(np.isin(rows.conversation[which], known).sum()),
        }

    def _accuracy(
        self, margins: Floats, some: Rows, divisions: list[Groups], boot: Bootstrap
    ) -> dict[str, Any]:
        return {
            "ties": "wrong",
            "all": boot.mean(is_right(margins)).to_dict(),
            "by_place": self._each_place(),
            "baselines": compare(margins, some, boot),
            "no_hashed_words": some.wordless or None,
            "people": {"share": PEOPLE, "of": PEOPLE_FROM},
            "by_margin": by_margin(margins, boot),
            **{
                f"by_{groups.title.replace(' ', '_')}": by_group(margins, groups, boot)
                for groups in divisions
            },
        }

    def _each_place(self) -> dict[str, Any]:
        """The accuracy by subset and split, of all scored rows."""
        if self.all is None:
            return {}
        whole = Bootstrap(self.all.rows.conversation, seed=self.seed)
        return by_group(self.all.margins, self._by_place(self.all.rows), whole)

    def _by_place(self, rows: Rows) -> Groups:
        return Groups("", rows.places, rows.place)

    def hold_against(self, other: Scores | None) -> None:
        """Lets a second model say what the choices of the first are worth."""
        if other is None or self.all is None:
            return
        rows, sides = self.all.rows, self.all.sides
        mine = np.flatnonzero(self.all.which)
        found, places = places_of(rows.ids.take(mine), other.ids)
        if not len(found):
            raise AnnotationError(
                f"The annotation {other.annotation.name} scores none of the rows that "
                f"{self.scores.annotation.name} is judged on.",
                AGAIN,
            )
        both = mine[found]
        self.numbers["against"] = {
            "scores": {**told(other.annotation), "model": other.model},
            **over_optimise(rows.take(both), sides[both], other.sides[places], self.seed),
        }

    def annotate(self) -> None:
        """Writes the rows that are surely contradicted beside the build."""
        if self.all is None:
            return
        name = contradicted.annotation_name(self.scores.annotation.name)
        if name is None:
            self.numbers["remarks"].append(
                "The annotation's name is too long to have one of contradicted rows beside it."
            )
        elif contradicted.is_taken(self.out, name):
            self.numbers["remarks"].append(
                f"{name} is an annotation by someone else: it was left as it is."
            )
        elif self.temperature is None:
            remove_annotation(self.out, name)  # of earlier scores
        else:
            annotation = self.scores.annotation
            by = contradicted.annotator(annotation.name, annotation.sha256, self.temperature)
            annotate(self.out, name, self.contradicted.statements(), by)
            self.numbers["contradicted"]["annotation"] = name

    def conclude(self, out: str) -> None:
        """Says all of it in five lines."""
        if self.all is not None:
            self.numbers["verdict"] = verdict_on_pairs(self.numbers, self.apart, out)
        else:
            self.numbers["verdict"] = verdict_on_dialogues(self.numbers, out)
