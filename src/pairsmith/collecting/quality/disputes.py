"""Comparisons on which people disagree, to be decided by one of them for all."""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.collecting.adjudicating import case_id
from pairsmith.collecting.board import Board, Opinion
from pairsmith.collecting.collection import Collection
from pairsmith.collecting.deciding import decide_labels, opinions_by_item
from pairsmith.collecting.items import Item, find_item
from pairsmith.collecting.project import Mode


class Dispute(NamedTuple):
    """A comparison on which people disagree, or that was decided on.

    Attributes:
        case: A name for it that tells nothing, for addresses.
        item: What is compared.
        said: The opinions on its label, of others than its author.
        right: The probability that its label is right, by the opinions alone.
        is_decided: Whether somebody decided for all.
    """

    case: str
    item: Item
    said: list[Opinion]
    right: float
    is_decided: bool

    @property
    def picks(self) -> tuple[int, int]:
        """How many people pick the reply that the label calls better, and the other.

        Of a collected comparison its author is among the first.
        """
        for_label = sum(one.strength > 0 for one in self.said) + bool(self.item.author)
        return for_label, sum(one.strength < 0 for one in self.said)


def disputes(collection: Collection) -> list[Dispute]:
    """What people disagree on: first what is not decided on, the most open ahead.

    Those are the items of which each reply was picked by somebody, and those on which somebody
    decided for all.

    Args:
        collection: The collection.
    """
    board = Board()
    found = []
    with collection.store.read() as transaction:
        board.update(transaction)
        mode = collection.project(transaction).mode
        said = {} if mode == Mode.REVIEW else opinions_by_item(board, mode)
        decided = decide_labels(board, mode, ruled=False)
        for id in dict.fromkeys([*said, *board.adjudicated]):
            item = find_item(transaction.db, id)
            if item is None:
                continue
            right = decided[id].right if id in decided else 0.5
            opinions = said.get(id, [])
            done = id in board.adjudicated
            one = Dispute(case_id(collection, id), item, opinions, right, done)
            if done or min(one.picks):
                found.append(one)
    return sorted(found, key=lambda one: (one.is_decided, abs(one.right - 0.5), one.case))
