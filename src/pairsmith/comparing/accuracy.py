"""How often each model's scores agree with the pairs of each round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.comparing.tags import Row, Tags
from pairsmith.dataset.annotations import list_annotations, read_annotation
from pairsmith.errors import AnnotationError
from pairsmith.evaluating.scores import Scores, read_scores
from pairsmith.schema.splits import is_held_out
from pairsmith.scoring.score import ANNOTATOR
from pairsmith.statistics.intervals import Share, wilson
from pairsmith.tracing.find import find
from pairsmith.tracing.made import Is, Link, Made
from pairsmith.tracing.places import Places


class OfRound(NamedTuple):
    """The accuracy of one model on the pairs of one round.

    Attributes:
        round: The round's tag.
        held_out: On rows that are held out; None where none of them is scored.
        all: On all rows, None where none is scored.
        is_new: Whether the model learnt from no row of the round; None where that is not known.
    """

    round: str
    held_out: Share | None
    all: Share | None
    is_new: bool | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        shares = {"held_out": self.held_out, "all": self.all}
        told = {name: share.to_dict() if share else None for name, share in shares.items()}
        return {"round": self.round, **told, "is_new": self.is_new}


class OfModel(NamedTuple):
    """The accuracy of one model, round by round.

    Attributes:
        scores: The annotation that holds its scores.
        model: Its name.
        learnt_from: The rounds that it learnt from; None where its build was not found.
        rounds: Its accuracy on each round.
        unscored: Pairs of the build that it did not score.
    """

    scores: str
    model: str
    learnt_from: tuple[str, ...] | None
    rounds: tuple[OfRound, ...]
    unscored: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "scores": self.scores,
            "model": self.model,
            "learnt_from": None if self.learnt_from is None else [*self.learnt_from],
            "rounds": [one.to_dict() for one in self.rounds],
            "unscored": self.unscored,
        }


def names_of_scores(out: Path) -> list[str]:
    """The annotations of a build that models' scores are in.

    Raises:
        OutputError: There is no finished build.
    """
    found = []
    for name in list_annotations(out):
        try:
            if read_annotation(out, name).annotator.name == ANNOTATOR:
                found.append(name)
        except AnnotationError:
            continue  # of another build, or damaged: whoever names it is told
    return found


def measure(
    name: str, tags: Tags, rows: Sequence[Row], rounds: Sequence[str], places: Places
) -> OfModel:
    """The accuracy of a model on each round: how often chosen scores higher; a tie is wrong.

    Args:
        name: The annotation of the build that holds its scores.
        tags: The build's.
        rows: Its pairs.
        rounds: The rounds that they are of, in order.
        places: Where the model's run, and its build, are looked for.

    Raises:
        AnnotationError: There is no such annotation, or it holds no scores of pairs.
    """
    scores = read_scores(tags.out, name)
    margins = dict(zip(scores.ids.to_pylist(), scores.margins.tolist(), strict=True))
    scored = [row for row in rows if row.id in margins]
    if not scored:
        raise AnnotationError(
            f"The annotation {name} scores no pair of {tags.out}.",
            f"Run pairsmith score {tags.out} --model MODEL --name {name}.",
        )
    learnt = learnt_from(scores, tags, places)
    found = [_of_round(tag, scored, margins, learnt) for tag in rounds]
    return OfModel(name, scores.model, learnt, tuple(found), len(rows) - len(scored))


def _of_round(
    tag: str, rows: Sequence[Row], margins: Mapping[str, float], learnt: tuple[str, ...] | None
) -> OfRound:
    mine = [row for row in rows if row.round == tag]
    held_out = [row for row in mine if is_held_out(row.split)]
    is_new = None if learnt is None else tag not in learnt
    return OfRound(tag, _share(held_out, margins), _share(mine, margins), is_new)


def _share(rows: Sequence[Row], margins: Mapping[str, float]) -> Share | None:
    if not rows:
        return None
    return wilson(sum(margins[row.id] > 0 for row in rows), len(rows))


def learnt_from(scores: Scores, tags: Tags, places: Places) -> tuple[str, ...] | None:
    """The rounds that a model learnt from: those in train of the build that its run names.

    Returns:
        Their tags; None where the model is no run, or its run or build was not found.
    """
    told = scores.annotation.annotator.recipe.get("model")
    if not isinstance(told, dict) or not isinstance(sha256 := told.get("sha256"), str):
        return None
    run = _follow(Link("model", str(told.get("name")), sha256, Is.MODEL), tags.made, places)
    link = next((one for one in run.parents if one.role == "build"), None) if run else None
    build = _follow(link, run, places) if link and run else None
    if build is None or build.folder is None:
        return None
    rows = Tags(build.folder, build, places).pairs()
    return tuple({row.round: None for row in rows if not is_held_out(row.split)})


def _follow(link: Link, child: Made, places: Places) -> Made | None:
    """What a link leads to, by its hash, with a manifest; None where that is not found."""
    found = find(link, child, places, check=False)
    made = found[0].made if found else None
    return made if made is not None and made.parents else None
