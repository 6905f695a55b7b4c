"""Which rows of a page have discussions, and where one of a row is begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from pairsmith.hub.community import anchors
from pairsmith.hub.community.anchors import Discussed

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.repos import Repo
    from pairsmith.hub.viewer.sides import RenderedRow

ID = "id"  # the column that names a row


class Talk(NamedTuple):
    """What is said of a row: its discussions, and the address where one is begun; and its id."""

    discussions: Sequence[Discussed]
    new: str
    id: str = ""


def of_rows(
    hub: Hub, repo: Repo, place: tuple[str, str, str], rows: Sequence[RenderedRow]
) -> dict[int, Talk]:
    """What is said of rows, by their numbers.

    Args:
        hub: The hub.
        repo: The repository.
        place: The subset, the split and the commit.
        rows: The rows as a page shows them.
    """
    if not rows:
        return {}
    named = [(row.number, _id_of(row)) for row in rows]
    with hub.database.read() as db:
        found = anchors.of_rows(db, repo, place, named)
    return {
        number: Talk(found.get(number, ()), _new(repo, place, number, name), name)
        for number, name in named
    }


def _id_of(row: RenderedRow) -> str:
    """The id of a row; '' where it has none that can name it."""
    for fact in row.facts:
        if fact.name == ID and fact.kind == "text":
            turn = fact.side.turns[0]
            return "" if turn.left_out else anchors.name_of(turn.text)
    return ""


def _new(repo: Repo, place: tuple[str, str, str], number: int, name: str) -> str:
    subset, split, revision = place
    query = {"config": subset, "split": split, "row": number, "id": name, "revision": revision}
    told = {key: value for key, value in query.items() if value}
    return f"{repo.page}/discussions/new?{urlencode(told)}"
