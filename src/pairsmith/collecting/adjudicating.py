"""One person decides for all on an item, as where people disagree; the last decision counts.

A decision says whether the item's label is right. Whoever decides is not told the label: a side is
picked, and sides are drawn, as everywhere.
"""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.collecting import draws
from pairsmith.collecting.actions import ANSWERED, STALE, check_text
from pairsmith.collecting.collection import Collection
from pairsmith.collecting.events import Event, Kind
from pairsmith.collecting.items import Item, find_item
from pairsmith.collecting.store import Transaction
from pairsmith.collecting.verdicts import Side
from pairsmith.errors import CollectionError

NO_ITEM = "There is no such comparison."


class Case(NamedTuple):
    """An item as whoever decides on it sees it.

    Attributes:
        item: The item; its label and its id are not to be shown.
        swapped: Whether chosen stands on B.
        decided: The side that the last decision picks; None without one.
        said: Why, as it was said then.
        token: What the form carries with which the next is made.
    """

    item: Item
    swapped: bool
    decided: Side | None
    said: str
    token: str


class Decision(NamedTuple):
    """What came of a decision.

    Attributes:
        stored: Whether something was stored by this call.
        refused: Why not, in a sentence; empty where the decision is on record.
    """

    stored: bool
    refused: str = ""


def case_id(collection: Collection, item: str) -> str:
    """The thread of the decisions on an item: a name for it that tells nothing."""
    return draws.thread_id(collection.secret, "adjudicated", item)


def read_case(collection: Collection, item: str) -> Case:
    """An item to be decided on.

    Raises:
        CollectionError: There is none.
    """
    with collection.store.read() as transaction:
        held = _item(transaction, item)
        earlier = transaction.thread(case_id(collection, item))
    swapped = is_swapped(collection, item)
    last = earlier[-1].body if earlier else None
    decided = None if last is None else (Side.A if last["agrees"] != swapped else Side.B)
    token = collection.token(case_id(collection, item), len(earlier))
    return Case(held, swapped, decided, str(last["said"]) if last else "", token)


def is_swapped(collection: Collection, item: str) -> bool:
    """Whether chosen stands on B for whoever decides."""
    return draws.is_swapped(collection.secret, item, "adjudicated")


def adjudicate(
    collection: Collection, who: str, item: str, agrees: bool, said: str = "", token: str = ""
) -> Decision:
    """Decides on an item.

    Args:
        collection: The collection.
        who: Who decides.
        item: The item's id.
        agrees: Whether its label is right.
        said: Why.
        token: Of the form, see `Case`; empty to decide whatever was decided meanwhile.

    Raises:
        CollectionError: There is no such item.
    """
    thread = case_id(collection, item)
    body = {"item": item, "agrees": bool(agrees), "said": said}
    with collection.store.write() as transaction:
        _item(transaction, item)
        earlier = transaction.thread(thread)
        if token:
            same = next((event for event in earlier if event.token == token), None)
            if same is not None:
                return Decision(False, "" if _is_same(same, body) else ANSWERED)
            if token != collection.token(thread, len(earlier)):
                return Decision(False, STALE)
        if refused := check_text(said):
            return Decision(False, refused)
        transaction.append(thread, Kind.ADJUDICATED, who, body, token or None)
    return Decision(True)


def _is_same(event: Event, body: dict[str, object]) -> bool:
    return all(event.body.get(name) == value for name, value in body.items())


def _item(transaction: Transaction, item: str) -> Item:
    held = find_item(transaction.db, item)
    if held is None:
        raise CollectionError(f"The collection has no item {item[:100]!r}.")
    return held
