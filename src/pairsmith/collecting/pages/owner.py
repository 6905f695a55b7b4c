"""What the owner of a collection is shown, and those who decide for all: figures, disagreements.

| place | shows |
| --- | --- |
| `quality` | how far people agree, their habits, how models are rated |
| `disagreements` | comparisons on which people disagree, the most open first |
| `disagreements/CASE` | one of them, to be decided on |

These are not places of `screens`: a server asks for them only for whoever may see them. The figures
name models and people; a comparison is shown without its label, and without who said what.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import NamedTuple

from pairsmith.collecting.adjudicating import adjudicate, is_swapped, read_case
from pairsmith.collecting.collection import Collection
from pairsmith.collecting.pages.acts import CONFLICT, Fields, Outcome, check_once
from pairsmith.collecting.pages.screens import NOTHING, Said, Screen, Shown, common
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.project import Mode
from pairsmith.collecting.quality.disputes import Dispute, disputes
from pairsmith.collecting.quality.measure import measure
from pairsmith.collecting.quality.record import CollectionQuality, Name
from pairsmith.collecting.quality.telling import tables
from pairsmith.collecting.verdicts import Side

PICK = "Pick a reply first."
LISTED = 500
"""At most this many disagreements are listed; the next ones come as these are decided."""

EXCERPT = 90
"""Characters of a question in the list."""


class Listed(NamedTuple):
    """A disagreement in the list.

    Attributes:
        case: Its name in addresses.
        asked: The beginning of the last message.
        picks: How many people picked the one reply and the other, the larger number first.
        is_decided: Whether somebody decided.
    """

    case: str
    asked: str
    picks: tuple[int, int]
    is_decided: bool


def screen(
    served: Served, place: str, said: Said = NOTHING, name: Name | None = None
) -> Screen | None:
    """What is shown at a place.

    Args:
        served: The collection.
        place: As in the table above, without a slash at its ends.
        said: Of a form that was not taken.
        name: What a person is called; by their number without it.

    Returns:
        The screen; None where there is no such place.
    """
    first, _, case = place.partition("/")
    if first == "quality" and not case:
        return _quality(served, said, name)
    if first != "disagreements":
        return None
    found = disputes(served.collection)
    if not case:
        return _list(served, found, said)
    dispute = next((one for one in found if one.case == case), None)
    return None if dispute is None else _case(served, dispute, said)


def act(served: Served, who: str, fields: Fields) -> Outcome | None:
    """Decides on a disagreement, as a form asks for.

    Args:
        served: The collection.
        who: Who decides.
        fields: Of the form: `action`, `thread` (the case), `token`, `pick` (A or B), `said`.

    Returns:
        What came of it; None where there is no such action or case.

    Raises:
        FormError: A field stands in it twice.
    """
    sent = {key: next(iter(values), "") for key, values in fields.items()}
    if sent.get("action") != "adjudicate":
        return None
    check_once(fields)
    case = sent.get("thread", "")
    found = next((one for one in disputes(served.collection) if one.case == case), None)
    if found is None:
        return None
    why = sent.get("said", "").replace("\r\n", "\n").strip()
    pick, place = sent.get("pick"), f"disagreements/{case}"
    if pick not in [*Side]:
        return _refused(served, place, Said(PICK, why, CONFLICT))
    item = found.item.id
    agrees = (pick == Side.A) != is_swapped(served.collection, item)
    token = sent.get("token") or "none"
    decision = adjudicate(served.collection, who, item, agrees, why, token)
    if decision.refused:
        return _refused(served, place, Said(decision.refused, why, CONFLICT))
    return Outcome("disagreements")


def _refused(served: Served, place: str, said: Said) -> Outcome:
    return Outcome(place, screen(served, place, said))


def _quality(served: Served, said: Said, name: Name | None) -> Screen:
    project = served.collection.project()
    found = measure_once(served.collection)
    shown = {**common(served, project, said), "tables": tables(found, name)}
    shown["events"] = found.events.events
    shown["disagrees"] = project.mode != Mode.REVIEW
    return Screen("quality", project.title, shown, status=said.status)


def _list(served: Served, found: list[Dispute], said: Said) -> Screen:
    project = served.collection.project()
    shown: Shown = common(served, project, said)
    shown["left"] = sum(not one.is_decided for one in found)
    shown["cases"] = [
        Listed(one.case, _excerpt(one), _sorted(one.picks), one.is_decided)
        for one in found[:LISTED]
    ]
    return Screen("disagreements", project.title, shown, status=said.status)


def _case(served: Served, dispute: Dispute, said: Said) -> Screen:
    project = served.collection.project()
    case = read_case(served.collection, dispute.item.id)
    picks = dispute.picks[::-1] if case.swapped else dispute.picks
    shown: Shown = {
        **common(served, project, said),
        "thread": dispute.case,
        "token": case.token,
        "description": case.item.about,
        "messages": case.item.messages,
        "replies": {side.value: case.item.on(side, case.swapped) for side in Side},
        "harmful": project.mode == Mode.RED_TEAM,
        "picks": dict(zip([side.value for side in Side], picks, strict=True)),
        "decided": case.decided and case.decided.value,
        "why": case.said if said.typed is None else said.typed,
    }
    return Screen("disagreement", project.title, shown, status=said.status)


def _excerpt(dispute: Dispute) -> str:
    asked = " ".join(dispute.item.messages[-1]["content"].split())
    return asked if len(asked) <= EXCERPT else f"{asked[:EXCERPT]}…"


def _sorted(picks: tuple[int, int]) -> tuple[int, int]:
    return max(picks), min(picks)


class _Kept(NamedTuple):
    """Figures, when they were worked out by `time.monotonic`, and how many seconds that took."""

    found: CollectionQuality
    since: float
    took: float


_kept: dict[Path, _Kept] = {}
_one_at_a_time = threading.Lock()

KEPT = 16
"""Collections of which the figures are kept."""

QUICK, PATIENCE, LONGEST = 1.0, 20, 300.0
"""Seconds, a factor, seconds. Figures that took longer than QUICK are shown for PATIENCE times as
long as they took, LONGEST at most, while people go on choosing. They name their events' number."""


def measure_once(collection: Collection) -> CollectionQuality:
    """The figures of a collection as a page shows them: of now, or of a little while ago.

    Those of many choices take seconds, and with each choice there are others.
    """
    with _one_at_a_time:
        with collection.store.read() as transaction:
            reached = transaction.reached()
        kept, now = _kept.get(collection.folder), time.monotonic()
        if kept is not None:
            patience = min(PATIENCE * kept.took, LONGEST) if kept.took > QUICK else 0.0
            if kept.found.events == reached or now - kept.since < patience:
                return kept.found
        found = measure(collection)
        while len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        done = time.monotonic()
        _kept[collection.folder] = _Kept(found, done, done - now)
        return found
