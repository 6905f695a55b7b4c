"""Agreement: whether authors and a preference model call the same attacks successful.

The author rates how well it went; the score is of the least harmless reply. Where both measure the
same, successes have the lower scores: the area under the curve of the score is the share of pairs
of a success and a failure in which the success has the lower one, 0.5 where the score tells
nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pairsmith.exploring.adjusting import NEWS, Feature, Rated, effect_of, models_of, rated
from pairsmith.exploring.answer import (
    FEW_MEMBERS,
    FEW_ROWS,
    Answer,
    Effects,
    Reading,
    Row,
    Study,
    UnansweredError,
)
from pairsmith.exploring.attempts import Attempts, name_types
from pairsmith.exploring.turn_scores import read_turn_scores
from pairsmith.statistics.bootstrap import Estimate, Floats
from pairsmith.statistics.correlation import ranks, standardise
from pairsmith.statistics.discrimination import measure_area
from pairsmith.statistics.leaving_out import infer_correlation
from pairsmith.text.spans import Mask

TITLE = "Rating and score"
AREA = "area under the curve"
MOST = 100
"""The most rows of a list to read."""
FAR = 1.0
"""A row is listed if its score is this many deviations off the mean of the model's."""


class Scored(NamedTuple):
    """Scores of attacks.

    Attributes:
        name: Whose they are: `told`, `filled in`, or the name of an annotation.
        words: The same as the subject of a sentence.
        scores: A score for each of n attacks, higher is more harmless; not a number where there is
            none.
    """

    name: str
    words: str
    scores: Floats


def ask(study: Study) -> Answer:
    """Compares ratings and scores, over all attacks and by type of model.

    Raises:
        UnansweredError: There are too few attacks, or members, with both; or all have one outcome.
        AnnotationError: There is no such annotation of scores.
    """
    sources = _sources(study)
    both = rated(study)
    usable = [held for held in sources if np.isfinite(held.scores[both.rows]).sum() >= FEW_ROWS]
    if not len(both):
        raise UnansweredError("No attack has a rating.")
    if not usable:
        raise UnansweredError(f"Fewer than {FEW_ROWS} attacks have both a rating and a score.")
    main = usable[0]
    some = both.part(np.isfinite(main.scores[both.rows]))
    some.check()
    scores = main.scores[some.rows]
    if np.ptp(scores) == 0:
        raise UnansweredError("All scores are the same.")
    numbers: dict[str, Any] = {
        "scores": main.words,
        "area": "share of pairs of a success and a failure in which the success has the lower "
        "score, ties half",
        "interval": "95 %, by leaving out each member",
    }
    by_source = {held.name: _agree(both, held.scores) for held in usable}
    inner = measure_area(-scores, some.success == 1, some.members, some.strata)
    within = inner.estimate
    numbers["all"] = by_source[main.name] | {"area_within_models": within.to_dict()}
    numbers["by_type"] = _by_type(both, main.scores)
    if len(usable) > 1:
        numbers["by_source"] = by_source
    task, task_effects = _of_tasks(both, main.scores)
    numbers |= task
    effects = (Effects(
        "Score and success, by type of model",
        "The area under the curve, within the type; 0.5 is no agreement.",
        _effects(both, main.scores),
    ), *task_effects)  # fmt: skip
    return Answer(
        "agreement",
        TITLE,
        _summarize(numbers, main, within, some),
        _headline(within, some) if (inner.p or 0.0) <= NEWS else "",
        numbers,
        effects,
        _read(study.dialogues, main.scores),
    )


def _sources(study: Study) -> list[Scored]:
    """Scores that the rows tell, those that a build filled in, and those of an annotation."""
    attempts = study.dialogues
    filled = attempts.is_filled
    made = [
        Scored("told", "the scores that rows tell", np.where(filled, np.nan, attempts.score)),
        Scored(
            "filled in", "scores that a build filled in", np.where(filled, attempts.score, np.nan)
        ),
    ]
    name = study.options.scores
    turns = read_turn_scores(study.out, name, attempts) if name else None
    if name and turns is not None:
        lowest = np.full(len(attempts), np.nan)
        np.fmin.at(lowest, turns.rows[turns.owners], turns.scores)
        made.append(Scored(name, f"the scores of {name}", lowest))
    return made


def _agree(both: Rated, scores: Floats) -> dict[str, Any]:
    """Area and rank correlation of rating and score."""
    some = both.part(np.isfinite(scores[both.rows]))
    held = scores[some.rows]
    area = measure_area(-held, some.success == 1, some.members)
    return {
        "area": area.estimate.to_dict(),
        "rank_correlation": _correlate(some, held).to_dict(),
    }


def _correlate(some: Rated, scores: Floats) -> Estimate:
    rating = some.attempts.rating[some.rows]
    return infer_correlation(ranks(rating), ranks(scores), some.members).estimate


def _types(both: Rated, scores: Floats) -> list[tuple[str, Rated]]:
    """The rows with a score, by type of model."""
    has = np.isfinite(scores[both.rows])
    held = both.attempts.model_type
    codes = held.codes[both.rows]
    parts = [(name, has & (codes == c)) for c, name in enumerate(name_types(held))]
    return [(name, both.part(which)) for name, which in parts if which.any()]


def _by_type(both: Rated, scores: Floats) -> dict[str, Any]:
    return {name: _agree(some, scores) for name, some in _types(both, scores)}


def _effects(both: Rated, scores: Floats) -> tuple[Any, ...]:
    made = []
    for name, some in _types(both, scores):
        found = measure_area(-scores[some.rows], some.success == 1, some.members)
        made.append(effect_of(name, AREA, found))
    return tuple(sorted(made, key=lambda effect: -(effect.estimate or 0.0)))


def _of_tasks(both: Rated, scores: Floats) -> tuple[dict[str, Any], list[Effects]]:
    """What the score of a task's description says of the outcome."""
    task = both.attempts.task_score
    some = both.part(np.isfinite(task[both.rows]))
    held = task[some.rows]
    members = len(np.unique(some.groups))
    wins = some.success
    few = len(some) < FEW_ROWS or members < FEW_MEMBERS
    if few or np.ptp(held) == 0 or wins.min() == wins.max():
        return {"task_description": "no scores of task descriptions, or too few"}, []
    area = measure_area(-held, wins == 1, some.members).estimate
    numbers: dict[str, Any] = {"area": area.to_dict()}
    scored = some.part(np.isfinite(scores[some.rows]))
    if len(scored) >= FEW_ROWS:
        found = infer_correlation(
            ranks(task[scored.rows]), ranks(scores[scored.rows]), scored.members
        )
        numbers["rank_correlation_with_score"] = found.estimate.to_dict()
    feature = Feature("score of the task's description, by one deviation", standardise(held))
    out = some.taken_out
    words = f"{out[0].upper()}{out[1:]}. A higher score is of a less harmful description."
    return {"task_description": numbers}, [
        Effects("Task description and success", words, some.effects([feature]))
    ]


def _read(attempts: Attempts, scores: Floats) -> tuple[Reading, ...]:
    """Where the two disagree most: scores are held against those of the model attacked."""
    relative = _standardise_within(attempts, scores)
    rating, success = attempts.rating, attempts.success
    lowest = np.nanmin(rating) if np.isfinite(rating).any() else np.nan
    won, lost = success == 1, (success == 0) & (rating == lowest)
    return (
        Reading(
            "success-scored-harmless",
            "Called a success, yet with scores far above those of the model that was attacked",
            _rows(attempts, scores, relative, won & (relative >= FAR), 1),
        ),
        Reading(
            "failure-scored-harmful",
            "Given the lowest rating, yet with scores far below those of the model that was "
            "attacked",
            _rows(attempts, scores, relative, lost & (relative <= -FAR), -1),
        ),
    )


def _standardise_within(attempts: Attempts, scores: Floats) -> Floats:
    """Scores in deviations from the mean of their model's; of a model with few, of all."""
    has = np.isfinite(scores)
    found = np.full(len(scores), np.nan)
    found[has] = standardise(scores[has])
    cells = models_of(attempts)
    for cell in np.flatnonzero(np.bincount(cells[has]) >= FEW_ROWS):
        mine = has & (cells == cell)
        found[mine] = standardise(scores[mine])
    return found


def _rows(
    attempts: Attempts, scores: Floats, relative: Floats, which: Mask, side: int
) -> tuple[Row, ...]:
    places = np.flatnonzero(which)
    ids = np.asarray(attempts.ids.take(places).to_pylist(), dtype=str)
    order = np.lexsort((ids, -side * relative[places]))[:MOST]
    word = "above" if side > 0 else "below"
    return tuple(
        Row(
            str(ids[place]),
            f"rated {attempts.rating[row]:g}, score {abs(relative[row]):.1f} deviations {word} the "
            "mean of its model",
            float(f"{scores[row]:.7g}"),
        )
        for place, row in ((place, places[place]) for place in order)
    )


def _summarize(numbers: dict[str, Any], main: Scored, within: Estimate, some: Rated) -> str:
    rank = numbers["all"]["rank_correlation"]
    known = rank.get("low") is not None
    ends = f" ({_signed(rank['low'])} to {_signed(rank['high'])})" if known else ""
    told = f"By {main.words}, " if main.name != "told" else ""
    first = (
        f"{told}{'a' if told else 'A'} success has a lower score than a failure against the same "
        f"model in {in_words(within)} of pairs; chance is 50 %."
    )
    return (
        f"{first} The rank correlation of rating and score is {_signed(rank['estimate'])}{ends}, "
        f"over {len(some):,} attacks of {some.authors}."
    )


def _signed(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}".replace("-", "−")


def _headline(within: Estimate, some: Rated) -> str:
    n = f"{in_words(within)} of pairs, over {len(some):,} attacks of {some.authors}."
    if within.above(0.5):
        return (
            "Rating and score agree in part: of a success and a failure against the same model, "
            f"the success has the lower score in {n}"
        )
    if within.below(0.5):
        return (
            "Rating and score contradict each other: of a success and a failure against the same "
            f"model, the success has the lower score in only {n}"
        )
    return ""


def in_words(share: Estimate) -> str:
    """A share with its interval, in percent."""
    if share.estimate is None:
        return "none"
    if share.low is None or share.high is None:
        return f"{100 * share.estimate:.0f} %"
    return f"{100 * share.estimate:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"
