"""Collections that are open: each once, with its tasks and with what asks its models.

A few are open at a time; one that nobody looks at is closed for another. Models are asked in
threads, and only those that whoever runs the hub allows: an owner of a collection names addresses,
and the hub must not call any that they like.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from pairsmith.collecting.collection import open_collection
from pairsmith.collecting.live import Live, Manner, score_by
from pairsmith.collecting.pages.acts import FormError
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.project import Project
from pairsmith.collecting.tasks import Tasks
from pairsmith.errors import CollectionError, PairsmithError
from pairsmith.extras import require
from pairsmith.hub.collections.registry import Collection, folder_of
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.context import Hub, Reachable, hub_of
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.models.generation.endpoint import parse_address

if TYPE_CHECKING:
    from starlette.requests import Request

    from pairsmith.collecting.asking import Score

MAX_OPEN = 32  # collections; each has a few descriptors
AT_ONCE = 4  # conversations of one collection that are answered together

BROKEN = "Something is wrong with this collection. Its owner sees what: tell them."

log = logging.getLogger("pairsmith.hub")
_made = threading.Lock()


class Hosting:
    """The open collections of a hub."""

    def __init__(self, hub: Hub) -> None:
        require("collect", "Collections need")
        self.hub = hub
        self._guard = threading.RLock()
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._scores: dict[str, Score] = {}
        self._scoring = threading.Lock()
        self._closed = False

    @contextmanager
    def served(self, collection: Collection, role: Role = Role.OWNER) -> Iterator[Served]:
        """A collection as its pages need it; it stays open for as long as the block lasts.

        Args:
            collection: The collection.
            role: Of who asks. What is wrong with it may name models and rows: to its owner alone.

        Raises:
            HubError: 409 with what the collection says, where something is wrong with it; 400 for
                a form that is none.
        """
        try:
            held = self._take(collection)
            try:
                yield held.served
            finally:
                self._give_back(held)
        except FormError as error:
            raise bad_request(error.message) from error
        except CollectionError as error:
            if role < Role.OWNER:
                log.warning("%s: %s", collection.full_name, error.message)
                raise HubError(409, BROKEN) from error
            place = str(folder_of(self.hub, collection))  # which is nobody's to know
            said = f"{error.message} {error.hint}".replace(place, collection.full_name)
            raise HubError(409, said.strip()) from error

    def renew(self, collection: Collection) -> None:
        """Has another project count: which models are asked may be others."""
        with self._guard:
            held = self._open.get(collection.id)
            if held is None:
                return
            before = held.live
            held.serve(self._live(held.served))
        if before is not None:
            before.close()  # what it was asking is asked again
        if held.live is not None:
            held.live.recover()

    def forget(self, collection: Collection) -> None:
        """Closes a collection: it is deleted."""
        with self._guard:
            held = self._open.pop(collection.id, None)
        if held is not None:
            held.close()

    def close(self) -> None:
        """Closes all; what waits for a model waits until the hub is served again."""
        with self._guard:
            self._closed = True
            held = [*self._open.values()]
            self._open.clear()
        for one in held:
            one.close()

    def _take(self, collection: Collection) -> _Open:
        idle: list[_Open] = []
        try:
            return self._taken(collection, idle)
        finally:
            for one in idle:  # a model may keep it waiting for a while, but nobody else
                one.close()

    def _taken(self, collection: Collection, idle: list[_Open]) -> _Open:
        with self._guard:
            held = self._open.get(collection.id)
            if held is None:
                if self._closed:
                    raise HubError(503, "This hub is being stopped. Try again in a moment.")
                idle += self._take_idle()
                held = self._open[collection.id] = self._opened(collection)
            self._open.move_to_end(collection.id)
            held.users += 1
            return held

    def _give_back(self, held: _Open) -> None:
        with self._guard:
            held.users -= 1

    def _take_idle(self) -> list[_Open]:
        """Those that were looked at longest ago, until there is room for another: to be closed."""
        idle = [n for n, one in self._open.items() if not one.users]
        return [self._open.pop(n) for n in idle[: max(0, len(self._open) - MAX_OPEN + 1)]]

    def _opened(self, collection: Collection) -> _Open:
        held = open_collection(folder_of(self.hub, collection))
        made = _Open(Served(held, Tasks(held)))
        made.serve(self._live(made.served))
        if made.live is not None:
            made.live.recover()
        return made

    def _live(self, served: Served) -> Live | None:
        project = served.collection.project()
        if not project.mode.talks or why_not(project, self.hub.settings.reachable):
            return None
        score = None if project.score is None else partial(self._score, project.score)
        return Live(served.collection, Manner(AT_ONCE, score=score, tell=log.warning))

    def _score(
        self, model: str, messages: Sequence[dict[str, str]], texts: Sequence[str]
    ) -> Sequence[float]:
        """Scores replies; a model is loaded when it is first asked, once for all collections."""
        with self._scoring:
            if model not in self._scores:
                self._scores[model] = score_by(model)
            return self._scores[model](messages, texts)


class _Open:
    """A collection that is open, and how many are at work in it."""

    def __init__(self, served: Served) -> None:
        self.served, self.users = served, 0
        self.live: Live | None = None

    def serve(self, live: Live | None) -> None:
        """Has this ask models from here on."""
        self.live = live
        self.served = self.served._replace(live=live)

    def close(self) -> None:
        """Ends questions that are under way, and closes the file."""
        if self.live is not None:
            self.live.close()
        self.served.collection.close()


def hosting_of(request: Request) -> Hosting:
    """The open collections of the hub that a request was made to."""
    state = request.app.state
    with _made:
        if not hasattr(state, "hosting"):
            state.hosting = Hosting(hub_of(request))
    found: Hosting = state.hosting
    return found


def why_not(project: Project, reachable: Reachable) -> str:
    """Why a project's models may not be asked here, in a sentence; '' where they may."""
    allowed = {_same(one) for one in reachable.endpoints}
    for model in project.models:
        if project.mode.talks and _same(model.endpoint) not in allowed:
            return (
                f"The endpoint of the model {model.name!r} is none that this hub may call."
                f" {_known(reachable.endpoints)}"
            )
    if project.mode.talks and project.score and project.score not in reachable.scores:
        return (
            f"The preference model in score is none that this hub loads. {_known(reachable.scores)}"
        )
    return ""


def _known(names: Sequence[str]) -> str:
    if not names:
        return "Whoever runs it has allowed none; projects that judge what is there need none."
    return f"Whoever runs it allows {', '.join(names)}."


def _same(endpoint: str) -> str:
    """An address as it is asked, however it is written."""
    try:
        parts = parse_address(endpoint)
    except PairsmithError:
        return ""
    return parts._replace(netloc=parts.netloc.lower()).geturl()
