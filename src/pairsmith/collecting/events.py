"""What happens in a collection, as events: appended, never changed, and all that is kept.

An event belongs to a *thread*: a conversation, a task, a person, or the project itself. What a
thread is like is a function of its events alone, in order: `conversation.fold`, `tasks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """What an event says, and what its body holds.

    | kind | thread | body |
    | --- | --- | --- |
    | `project` | `PROJECT` | `project`, as `Project.to_dict` |
    | `imported` | `PROJECT` | of items: `build` (name, sha256), `folder`, `annotation`, `items` |
    | `consented`, `withdrew` | a person | `consent`: the sha256 of what was agreed to |
    | `started` | a conversation | `mode`, `description`, `models`, `instructions`, `subset`, … |
    | `said` | a conversation | `text` |
    | `replied` | a conversation | `samples`, `shown` (places of A and B, or null), `fault` |
    | `chose` | a conversation | `verdict`, `better`, `instructions` |
    | `edited` | a conversation | `text` |
    | `finished` | a conversation | `rating` (0–4, or null) |
    | `left` | a conversation | nothing |
    | `assigned` | a task | `item`, `swapped`, `repeats` (a task, or null) |
    | `judged` | a task | `verdict`, `instructions` |
    | `reviewed` | a task | `tags`, `rating`, `instructions` |
    | `adjudicated` | an item | `item`, `agrees`: whether its label is right; `said`, why |

    `instructions` is the sha256 of those that were at hand; `subset`, `tranche` and `round` are the
    project's at that time. `verdict` is of `verdicts.Verdict`.
    """

    PROJECT = "project"
    IMPORTED = "imported"
    CONSENTED = "consented"
    WITHDREW = "withdrew"
    STARTED = "started"
    SAID = "said"
    REPLIED = "replied"
    CHOSE = "chose"
    EDITED = "edited"
    FINISHED = "finished"
    LEFT = "left"
    ASSIGNED = "assigned"
    JUDGED = "judged"
    REVIEWED = "reviewed"
    ADJUDICATED = "adjudicated"


PROJECT = "project"
"""The thread of the project itself."""


class Event(NamedTuple):
    """Something that happened.

    Attributes:
        seq: Its number in the collection, from 1.
        thread: What it belongs to.
        place: Its number in its thread, from 0.
        time: Seconds since 1970, UTC.
        who: The person who did it; empty for the collection itself.
        kind: What it says.
        token: Of the form that it answers; None for what answers none.
        body: What it holds, as JSON.
    """

    seq: int
    thread: str
    place: int
    time: float
    who: str
    kind: Kind
    token: str | None
    body: Mapping[str, Any]
