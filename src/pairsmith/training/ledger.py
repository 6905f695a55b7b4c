"""The ledger of a training: what became of every row of the build.

read = trained + cut + the sum of the others, in every split of every subset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """Why a row of the build is not trained on, in the order in which it is asked."""

    DIALOGUES = "dialogues"
    HELD_OUT = "held_out"
    LEFT_OUT = "left_out"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    TOO_LONG = "too_long"
    PROMPT_FILLS = "prompt_fills"
    IDENTICAL = "identical_after_cut"


EXPLANATIONS = {
    Fate.DIALOGUES: "without a chosen and a rejected reply",
    Fate.HELD_OUT: "of a split that is not for training, kept for evaluation",
    Fate.LEFT_OUT: "of a subset that was not named",
    Fate.REFUSED: "the chat template refuses them",
    Fate.DUPLICATE: "the prompt is that of an earlier row",
    Fate.TOO_LONG: "a side has more tokens than max_length",
    Fate.PROMPT_FILLS: "the prompt alone has max_length tokens or more",
    Fate.IDENTICAL: "both sides are the same tokens",
}


class Account(NamedTuple):
    """The ledger of one split of one subset.

    Attributes:
        subset, split: Which.
        read: Rows of the build.
        trained: Rows that the trainer has whole.
        cut: Rows that it has without the beginning of the prompt.
        others: The rest by `Fate`, in its order, those that occur.
    """

    subset: str
    split: str
    read: int
    trained: int
    cut: int
    others: dict[str, int]

    @property
    def balances(self) -> bool:
        """Whether every row is accounted for."""
        return self.read == self.learnt + sum(self.others.values())

    @property
    def learnt(self) -> int:
        """Rows that the trainer has."""
        return self.trained + self.cut

    def to_dict(self) -> dict[str, int]:
        """As a manifest holds it: `read` is the sum of the others."""
        parts = {"cut": self.cut} if self.cut else {}
        return {"read": self.read, "trained": self.trained, **parts, **self.others}


def account(
    subset: str, split: str, read: int, fates: Counter[Fate], trained: int = 0, cut: int = 0
) -> Account:
    """An account, its fates in their order."""
    others = {fate.value: fates[fate] for fate in Fate if fates[fate]}
    return Account(subset, split, read, trained, cut, others)


def add_up(accounts: Iterable[Account]) -> Account:
    """The sum of accounts, as one whose subset and split are empty."""
    read = trained = cut = 0
    fates: Counter[Fate] = Counter()
    for one in accounts:
        read, trained, cut = read + one.read, trained + one.trained, cut + one.cut
        fates.update({Fate(name): many for name, many in one.others.items()})
    return account("", "", read, fates, trained, cut)


def sentence(entry: Account) -> str:
    """The ledger's law in one line: `read 8 = trained 6 + too_long 1 + held_out 1`."""
    held = entry.to_dict()
    read = held.pop("read")
    return f"read {read:,} = " + " + ".join(f"{name} {many:,}" for name, many in held.items())
