"""A collection as its pages need it: open, with the tasks, and with what asks models."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pairsmith.collecting.collection import Collection
from pairsmith.collecting.conversation import Conversation
from pairsmith.collecting.tasks import Tasks


class Answering(Protocol):
    """What gets replies for conversations that wait for them; see `live.Live`."""

    def wake(self, state: Conversation) -> None:
        """Has replies asked for, unless they are, or have been since it was seen in this state."""

    def is_asking(self, conversation: str) -> bool:
        """Whether replies are being asked for."""

    def stop(self, conversation: str) -> None:
        """Has no more replies asked for: nobody waits for them."""


class Served(NamedTuple):
    """A collection that is served.

    Attributes:
        collection: The collection.
        tasks: Its tasks: one for everybody, since it holds an index of them.
        live: What asks models; None where none may be asked.
    """

    collection: Collection
    tasks: Tasks
    live: Answering | None = None
