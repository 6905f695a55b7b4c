"""What goes with success, with the model that was attacked and who attacked taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from pairsmith.exploring.answer import FEW_MEMBERS, FEW_ROWS, Effect, Study, UnansweredError
from pairsmith.exploring.attempts import Attempts
from pairsmith.statistics.adjusted import Adjustment, merge_rare
from pairsmith.statistics.bootstrap import Bootstrap, Floats
from pairsmith.statistics.leaving_out import Inferred
from pairsmith.text.spans import Index, Mask

POINTS = "points of success"
"""The unit of adjusted effects: the share of attacks that succeed, times 100."""
NEWS = 0.01
"""What is told in the verdict has at most this p-value, times what it is chosen among."""


class Feature(NamedTuple):
    """What some of m attacks have, or all have more or less of.

    Attributes:
        of: What it is.
        values: m finite numbers; of what is there or not, 1 and 0.
        numbers: What the effect tells besides.
    """

    of: str
    values: Floats
    numbers: dict[str, Any] = {}  # noqa: RUF012  (never changed)


@dataclass(frozen=True, eq=False)
class Rated:
    """The m attacks of which it is known whether they succeeded, or some of them.

    Attributes:
        attempts: All attacks.
        rows: The places of the m in them, ascending.
        seed: Of draws.
    """

    attempts: Attempts
    rows: Index
    seed: int = 0

    def __len__(self) -> int:
        """The number of rows, m."""
        return len(self.rows)

    @property
    def success(self) -> Floats:
        """M times 1 or 0."""
        held: Floats = self.attempts.success[self.rows]
        return held

    @cached_property
    def groups(self) -> Index:
        """M numbers: the same for rows of one member."""
        return self.attempts.groups[self.rows]

    @cached_property
    def strata(self) -> Index:
        """M numbers from 0: the same for rows that attacked one model, of a type and a size."""
        return models_of(self.attempts)[self.rows]

    @cached_property
    def members(self) -> Bootstrap:
        """Draws of the members who wrote these."""
        return Bootstrap(self.groups, seed=self.seed, of="members")

    @cached_property
    def adjustment(self) -> Adjustment:
        """Success, with model and member taken out: rows of one member are compared.

        Where no row tells its member, only the model is taken out.
        """
        self._check_models()
        return Adjustment(self.success, self.strata, self.groups, within=self.is_told)

    @property
    def is_told(self) -> bool:
        """Whether any of these rows tells its member."""
        return bool((self.groups >= 0).any())

    @property
    def authors(self) -> str:
        """Who made these attacks, in words."""
        known = self.groups[self.groups >= 0]
        unknown = len(self) - len(known)
        if not len(known):
            return "members who are not told"
        count = len(np.unique(known))
        told = f"{count:,} {'member' if count == 1 else 'members'}"
        return f"{told}, and {unknown:,} whose member is not told" if unknown else told

    @property
    def taken_out(self) -> str:
        """What effects are controlled for, a clause."""
        if self.is_told:
            return "the model that was attacked and the member who attacked are taken out"
        return "the model that was attacked is taken out; who attacked is not told"

    @cached_property
    def between(self) -> Adjustment:
        """The same for what all rows of a member have in common: members are compared."""
        self._check_models()
        return Adjustment(self.success, self.strata, self.groups, within=False)

    def _check_models(self) -> None:
        models = int(merge_rare(self.strata).max(initial=0)) + 1
        if len(self) <= models:
            raise UnansweredError(
                f"{len(self):,} rated attacks on {models:,} models are too few to take models out."
            )

    def part(self, which: Mask) -> Rated:
        """Some of these rows.

        Args:
            which: m flags.
        """
        return Rated(self.attempts, self.rows[which], self.seed)

    def check(self) -> None:
        """Checks that there are two outcomes to compare, and rows and members enough.

        Raises:
            UnansweredError: There are not.
        """
        members = len(np.unique(self.groups))
        if not len(self):
            raise UnansweredError("No attack has a rating.")
        if len(self) < FEW_ROWS:
            raise UnansweredError(
                f"Attacks with a rating are too few: {len(self)}, under {FEW_ROWS}."
            )
        if members < FEW_MEMBERS:
            raise UnansweredError(
                f"The rated attacks are of {members} {'member' if members == 1 else 'members'}: "
                f"too few to tell what is theirs from what is not."
            )
        if self.success.min() == self.success.max():
            raise UnansweredError(
                f"All rated attacks {'succeeded' if self.success[0] else 'failed'}, "
                "so that there is nothing to compare."
            )

    def why_not(self) -> str:
        """Why nothing can be compared, a sentence; empty where something can."""
        try:
            self.check()
        except UnansweredError as error:
            return str(error)
        return ""

    def effects(
        self, features: Sequence[Feature], adjustment: Adjustment | None = None
    ) -> tuple[Effect, ...]:
        """What each feature adds to success, in points, each by itself.

        Args:
            features: Of these m rows.
            adjustment: What is taken out; None for model and member.

        Returns:
            An effect each. Rows and members are those that have the feature, or all, where it is a
            number; without an estimate where they are too few.
        """
        if not features:
            return ()
        columns = np.column_stack([held.values for held in features])
        told = (adjustment or self.adjustment).effects(columns)
        made = []
        for place, held in enumerate(features):
            rows, members = int(told.rows[place]), int(told.groups[place])
            found = [float(column[place]) for column in (told.estimate, told.low, told.high)]
            p = float(told.p[place])
            known = all(map(isfinite, (*found, p)))
            ends = [100 * value if known else None for value in found]
            made.append(
                make_effect(
                    held.of, POINTS, (*ends, p if known else None), (rows, members), held.numbers
                )
            )
        return tuple(made)


def rated(study: Study) -> Rated:
    """The attacks of a study of which it is known whether they succeeded.

    Raises:
        UnansweredError: There are no dialogues.
    """
    attempts = study.dialogues
    return Rated(attempts, np.flatnonzero(attempts.rated), study.options.seed)


def models_of(attempts: Attempts) -> Index:
    """N numbers from 0: the same for attacks on one model, of a type and a size, known or not."""
    width = len(attempts.size.names) + 1
    cells = (attempts.model_type.codes + 1) * width + attempts.size.codes + 1
    found: Index = np.unique(cells, return_inverse=True)[1].astype(np.int64)
    return found


def effect_of(of: str, unit: str, held: Inferred) -> Effect:
    """A number as an effect; without its estimate where rows or members are too few."""
    found = held.estimate
    few = found.rows < FEW_ROWS or found.groups < FEW_MEMBERS
    if not few and not found.sure and found.estimate is not None:  # without any variation
        alone = short(found.estimate)
        return Effect(of, unit, alone, None, None, found.rows, found.groups, None)
    told = (None,) * 4 if few else (*found[:3], held.p)
    return make_effect(of, unit, told, (found.rows, found.groups))


def make_effect(
    of: str,
    unit: str,
    told: Sequence[float | None],
    count: tuple[int, int],
    numbers: dict[str, Any] | None = None,
) -> Effect:
    """An effect.

    Args:
        of: What it is.
        unit: What the estimate is in.
        told: The estimate, both ends of its interval, and p; all are left out if one is None.
        count: Rows and members.
        numbers: More about it.
    """
    known = [short(value) for value in told if value is not None]
    estimate, low, high, p = known if len(known) == len(told) else (None,) * 4
    return Effect(of, unit, estimate, low, high, *count, p, numbers or {})


def short(value: float) -> float:
    """Seven significant digits: the rest differs between machines."""
    return float(f"{value:.7g}")
