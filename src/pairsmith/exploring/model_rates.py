"""How each model fares: plainly, and once it is taken out who attacked which of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pairsmith.exploring.answer import FEW_MEMBERS, FEW_ROWS, Study, UnansweredError
from pairsmith.exploring.attempts import NOT_TOLD, Attempts, name_sizes, name_types, size_of
from pairsmith.statistics.bootstrap import Bootstrap, Estimate, Floats
from pairsmith.statistics.jackknife import Inference, blocks_of
from pairsmith.statistics.mixed import fit_mixed
from pairsmith.statistics.within import Within, fit_within
from pairsmith.text.spans import Index, Mask

MODELS = 40
"""Of more models than this, the ones with the fewest rows are left out."""
NUMBERS = 12_000_000
"""At most about this many numbers are fitted: of more, some rows by chance."""
POOLED = 5_000
"""Of more members than this, those with few attacks are drawn together."""
TOLD = 0.5
"""A number beside the models is taken out where at least this share of rows tells it."""


class Model(NamedTuple):
    """A model that was attacked.

    Attributes:
        kind: Its type, by the name that the paper has for it.
        size: Its size, as told.
        scale: The decimal logarithm of its parameters; None if the size tells none.
        rows, members: Attacks on it, and who made them.
    """

    kind: str
    size: str
    scale: float | None
    rows: int
    members: int

    @property
    def name(self) -> str:
        """Such as `RLHF 52B`."""
        return " ".join(part for part in (self.kind, self.size) if part != NOT_TOLD) or NOT_TOLD

    @property
    def few(self) -> bool:
        """Whether nothing is said of it but that it has too few rows."""
        return self.rows < FEW_ROWS or self.members < FEW_MEMBERS


class Sums(NamedTuple):
    """Sums of multiples of the means of models.

    Attributes:
        names: What each is.
        weights: The factors, shape (m, models).
        rows, members: Of the models in each.
    """

    names: list[str]
    weights: Floats
    rows: list[int]
    members: list[int]


@dataclass(frozen=True, eq=False)
class Rates:
    """An outcome by model, of the n rows that tell it.

    Attributes:
        models: The models.
        places: The model of each row.
        groups: The member of each row.
        whole: The mean of all rows.
        plain: That of each model; intervals by draws of members.
        adjusted: That of each, were all attacked by the same people: k estimates; None where it
            cannot be told.
        random: The same by a random intercept alone, as the paper has it.
        taken: What is taken out besides members, in words.
        fitted: The model of the adjusted means; None where they cannot be told.
        reference: The model that the others are compared with in it.
        why: Why they cannot; empty if they can.
        left: Rows that tell no model, or one of too many.
        fitted_rows: How many of the n rows the adjusted means are of.
    """

    models: tuple[Model, ...]
    places: Index
    groups: Index
    whole: Estimate
    plain: tuple[Estimate, ...]
    adjusted: tuple[Estimate | None, ...]
    random: tuple[Estimate | None, ...]
    taken: tuple[str, ...]
    fitted: Within | None
    reference: int
    why: str
    left: int
    fitted_rows: int

    def compare(self, sums: Sums) -> Inference | None:
        """Differences of adjusted means; None where these cannot be told."""
        if self.fitted is None or not sums.names:
            return None
        others = np.delete(sums.weights, self.reference, axis=1)
        more = len(self.fitted.coefficients) - others.shape[1]
        weights = np.hstack([others, np.zeros((len(others), more))])
        return self.fitted.contrast(np.zeros(len(others)), weights)

    def count(self, which: Iterable[int]) -> tuple[int, int]:
        """Rows and members of some models."""
        some = np.isin(self.places, list(which))
        return int(some.sum()), len(np.unique(self.groups[some]))


def measure(study: Study, outcome: Floats, rows: Mask, what: str) -> Rates:
    """The mean of an outcome by model.

    Args:
        study: The dialogues.
        outcome: n numbers.
        rows: n flags: of which rows.
        what: What is told of them, such as `rated`.

    Raises:
        UnansweredError: There are too few rows, they do not differ, or none tells its model.
    """
    held = study.dialogues
    if rows.sum() < FEW_ROWS:
        raise UnansweredError(f"{_attacks(int(rows.sum()))} {what}: too few.")
    if np.ptp(outcome[rows]) == 0:
        raise UnansweredError(
            f"All {int(rows.sum()):,} attacks that are {what} have the same outcome, "
            f"{outcome[rows][0]:g}: no model differs."
        )
    models, places = list_models(held, rows)
    some = places >= 0
    if not some.any():
        raise UnansweredError("No attack tells which model it was made on.")
    places, y, groups = places[some], outcome[rows][some], held.groups[rows][some]
    whole, *plain = _means_of_rows(y, places, groups, len(models), study.options.seed)
    why = _refuse(groups, held, len(models))
    fit, own = None, np.flatnonzero(rows)[some]
    if not why:
        step = max(1, -(-len(y) * (len(models) + 3) // NUMBERS))
        drawn = np.random.default_rng(study.options.seed).permutation(len(y))[::step]
        drawn.sort()
        fit = _fit(held, own[drawn], y[drawn], places[drawn], models)
    none: tuple[Estimate | None, ...] = (None,) * len(models)
    return Rates(
        tuple(models), places, groups, whole, tuple(plain),
        adjusted=fit.adjusted if fit else none, random=fit.random if fit else none,
        taken=fit.taken if fit else (), fitted=fit.fitted if fit else None,
        reference=fit.reference if fit else 0, why=why, left=int((~some).sum()),
        fitted_rows=fit.rows if fit else 0,
    )  # fmt: skip


class Fit(NamedTuple):
    """The adjusted means, as `Rates` has them, and how many rows they are of."""

    fitted: Within
    reference: int
    adjusted: tuple[Estimate | None, ...]
    random: tuple[Estimate | None, ...]
    taken: tuple[str, ...]
    rows: int


def _fit(held: Attempts, rows: Index, y: Floats, places: Index, models: list[Model]) -> Fit:
    """Takes out who attacked, in both ways."""
    groups = held.groups[rows]
    columns, taken = _beside(held, rows)
    reference = int(np.argmax([model.rows for model in models]))
    others = np.delete(np.eye(len(models)), reference, axis=1)
    fitted = fit_within(y, np.hstack([others[places], columns]), groups)
    weights = np.hstack([others, np.zeros((len(models), columns.shape[1]))])
    adjusted = _means(fitted.contrast(np.ones(len(models)), weights), models)
    cells = np.eye(len(models))[places]
    mixed = fit_mixed(y, np.hstack([cells, columns, _platform(held, rows)]), groups)
    wanted = np.eye(len(mixed.coefficients))[: len(models)]
    random = _means(mixed.contrast(wanted), models)
    return Fit(fitted, reference, adjusted, random, taken, len(rows))


def _means_of_rows(
    y: Floats, places: Index, groups: Index, count: int, seed: int
) -> list[Estimate]:
    """The mean of all rows, and of each model's, with intervals by draws of members."""
    held, codes = np.unique(groups, return_inverse=True)
    drawn = codes
    if len(held) > POOLED:
        drawn = blocks_of(np.bincount(codes))[codes]
    boot = Bootstrap(drawn.astype(np.int64), seed=seed, of="members")
    made = [boot.mean(y), *boot.means(y, places, count)]
    members = [len(held)]
    members += [len(np.unique(codes[places == place])) for place in range(count)]
    return [one._replace(groups=many) for one, many in zip(made, members, strict=True)]


def list_models(held: Attempts, rows: Mask) -> tuple[list[Model], Index]:
    """The models of some rows, in the order of the paper and by size; and each row's place.

    Returns:
        The models, and a place for each of the rows: -1 where it tells none, or one of too many.
    """
    kinds, sizes = held.model_type, held.size
    wide = len(sizes.names) + 1
    kind = np.where(kinds.known, kinds.codes, len(kinds.names))[rows]
    size = np.where(sizes.known, sizes.codes, len(sizes.names))[rows]
    cells, places, counts = np.unique(kind * wide + size, return_inverse=True, return_counts=True)
    told = cells != len(kinds.names) * wide + len(sizes.names)
    order = np.argsort(np.where(told, -counts, 1), kind="stable")
    kept = np.sort(order[: min(MODELS, int(told.sum()))])
    rank = np.full(len(cells), -1)
    rank[kept] = np.arange(len(kept))
    places = rank[places].astype(np.int64)
    groups = held.groups[rows]
    called = (*name_types(kinds), NOT_TOLD), (*name_sizes(sizes), NOT_TOLD)
    models = []
    for place, cell in enumerate(cells[kept].tolist()):
        kind_of, size_at = divmod(cell, wide)
        scale = size_of([*sizes.names, ""][size_at])
        of = places == place
        models.append(
            Model(
                called[0][kind_of],
                called[1][size_at],
                float(np.log10(scale)) if scale else None,
                int(of.sum()),
                len(np.unique(groups[of])),
            )
        )
    return models, places


def trends(rates: Rates) -> Sums:
    """For each type, the slope of the line through the means of its sizes, a tenfold size."""
    made: dict[str, Floats] = {}
    for kind in dict.fromkeys(model.kind for model in rates.models):
        own = [
            place
            for place, model in enumerate(rates.models)
            if model.kind == kind and model.scale is not None and not model.few
        ]
        scales = np.array([rates.models[place].scale for place in own], np.float64)
        if len(own) < 2 or np.ptp(scales) == 0:
            continue
        off = scales - scales.mean()
        made[kind] = _spread(rates, own, off / (off @ off))
    return _sum(rates, made)


def types(rates: Rates) -> Sums:
    """Each type beside each other: the mean difference over the sizes that both have."""
    made: dict[str, Floats] = {}
    by_kind: dict[str, dict[str, int]] = {}
    for place, model in enumerate(rates.models):
        if not model.few and model.kind != NOT_TOLD:
            by_kind.setdefault(model.kind, {})[model.size] = place
    kinds = list(by_kind)
    for place, one in enumerate(kinds):
        for other in kinds[place + 1 :]:
            both = [size for size in by_kind[one] if size in by_kind[other]]
            if both:
                own = [by_kind[other][size] for size in both]
                beside = [by_kind[one][size] for size in both]
                factor = np.full(len(both), 1 / len(both))
                made[f"{other} less {one}"] = _spread(
                    rates, own + beside, np.append(factor, -factor)
                )
    return _sum(rates, made)


def _sum(rates: Rates, made: dict[str, Floats]) -> Sums:
    counted = [rates.count(np.flatnonzero(weights).tolist()) for weights in made.values()]
    return Sums(
        list(made),
        np.array(list(made.values())).reshape(len(made), len(rates.models)),
        [rows for rows, _ in counted],
        [members for _, members in counted],
    )


def _spread(rates: Rates, places: list[int], factors: Floats) -> Floats:
    made = np.zeros(len(rates.models))
    made[places] = factors
    return made


def _beside(held: Attempts, rows: Index) -> tuple[Floats, tuple[str, ...]]:
    """What is taken out besides: columns less their mean; and its names."""
    score = held.task_score[rows]
    told = np.isfinite(score)
    if told.mean() < TOLD or np.ptp(score[told]) == 0:
        return np.zeros((len(rows), 0)), ()
    filled = np.where(told, score - score[told].mean(), 0.0)
    columns = [filled] if told.all() else [filled, told - told.mean()]
    return np.column_stack(columns), ("the score of the task's description",)


def _platform(held: Attempts, rows: Index) -> Floats:
    """On which platform the author works, less its mean; no column where it is not told."""
    platform = held.is_upworker[rows]
    if not np.isfinite(platform).all() or np.ptp(platform) == 0:
        return np.zeros((len(platform), 0))
    beyond: Floats = platform - platform.mean()
    return beyond[:, None]


def _refuse(groups: Index, held: Attempts, models: int) -> str:
    """Why who attacked cannot be taken out; empty if it can."""
    if not held.member.known.any():
        return "who attacked is not told, so that rows count as independent of each other"
    members, counts = np.unique(groups, return_counts=True)
    if len(members) == 1:
        return "all of them are one person's, which says nothing of others"
    if len(members) < FEW_MEMBERS:
        return f"they are by {len(members)} people, too few to take out who attacked"
    if (counts > 1).sum() < FEW_MEMBERS:
        return "hardly anybody made more than one, so that nobody can be compared with himself"
    if len(groups) < 3 * (models + 3):
        return f"there are {models} models and hardly more rows"
    return ""


def _means(found: Inference, models: list[Model]) -> tuple[Estimate | None, ...]:
    made: list[Estimate | None] = []
    for place, model in enumerate(models):
        sure = np.isfinite(found.se[place]) and not model.few
        middle, low, high = (float(held[place]) for held in (found.estimate, found.low, found.high))
        whole = Estimate(middle, low, high, model.rows, model.members, "members")
        made.append(whole if sure else None)
    return tuple(made)


def _attacks(count: int) -> str:
    return "1 attack is" if count == 1 else f"{count:,} attacks are"
