"""Items on which people disagree, decided by an owner or a reviewer, who sees no label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from pairsmith.collecting import draws
from pairsmith.collecting.board import Board
from pairsmith.collecting.items import GOLD, Item, find_item
from pairsmith.collecting.pages.rendering import folded
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.project import Mode
from pairsmith.collecting.verdicts import Side
from pairsmith.hub.auth import forms
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.web.collecting.entering import enter, enter_form
from pairsmith.hub.web.collecting.hosting import hosting_of
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response


def is_disputed(served: Served, task: str) -> bool:
    """Whether people disagree about the item of a task, and nobody has decided."""
    board = served.tasks.read()
    found = board.tasks.get(task)
    return found is not None and _disputed(board, served.collection.project().mode, found.item)


def disputed(served: Served) -> list[str]:
    """The items on which people disagree and nobody has decided, in the order of their offer."""
    board, mode = served.tasks.read(), served.collection.project().mode
    if mode == Mode.REVIEW:
        return []
    return [item for item in board.order if _disputed(board, mode, item)]


def _disputed(board: Board, mode: Mode, item: str) -> bool:
    if item in board.adjudicated or item.startswith(GOLD):
        return False
    said = board.opinions(item, mode)
    return any(one.strength > 0 for one in said) and any(one.strength < 0 for one in said)


def show(request: Request) -> Response:
    """`GET …/decide`: the next item on which people disagree."""
    entered = enter(request, Role.REVIEWER)
    with hosting_of(request).served(entered.collection) as served:
        waiting = disputed(served)
        item = _item(served, waiting[0]) if waiting else None
        replies = {}
        if item is not None:
            swapped = _is_swapped(served, item.id, entered.who)
            replies = {side.value: folded(item.on(side, swapped)) for side in Side}
    return page(
        request,
        "collection_decide.html.jinja",
        entered.caller,
        **entered.shown,
        item=item.id if item else "",
        messages=[
            {"role": one["role"], "said": folded(one["content"])}
            for one in (item.messages if item else ())
        ],
        replies=replies,
        left=len(waiting),
    )


def take(request: Request, sent: FormData) -> Response:
    """`POST …/decide`: which reply is better, for all."""
    entered = enter_form(request, Role.REVIEWER)
    better = forms.text(sent, "better")
    if better not in [*Side]:
        raise bad_request("Say which reply is better, A or B.")
    with hosting_of(request).served(entered.collection) as served:
        item = forms.text(sent, "item")
        if item in disputed(served):  # or somebody else decided meanwhile
            agrees = (better == Side.A) != _is_swapped(served, item, entered.who)
            served.tasks.adjudicate(entered.who, item, agrees, forms.text(sent, "said")[:2000])
    return RedirectResponse(f"{entered.collection.page}/decide", 303)


def _item(served: Served, id: str) -> Item | None:
    with served.collection.store.read() as transaction:
        return find_item(transaction.db, id)


def _is_swapped(served: Served, item: str, who: str) -> bool:
    return draws.is_swapped(served.collection.secret, item, f"decides {who}")
