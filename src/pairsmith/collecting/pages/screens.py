"""What a person is shown at a place: the name of a template, and what it is filled with.

| place | shows |
| --- | --- |
| `` | what the project is, what to agree to, and where to begin or to go on |
| `talk/CONVERSATION` | a conversation, by what it waits for |
| `task` | the pair or the transcript that the person is to judge now |
| `mine` | the person's own conversations and counts |
| `instructions` | the instructions, by themselves |

A place that is not there and one that is somebody else's are told apart by nothing. No screen holds
the name of a model, a score, a label, or an id of a row; no title holds what was said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from pairsmith.collecting import actions
from pairsmith.collecting.consent import has_consented
from pairsmith.collecting.conversation import ATTEMPTS, Conversation, Phase
from pairsmith.collecting.events import Kind
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.quality.measure import figures_of
from pairsmith.collecting.quality.read import own_choices
from pairsmith.collecting.quality.telling import own_table
from pairsmith.collecting.verdicts import STRONGEST, Side, Word

SECONDS = 2
"""After which a browser without scripts looks again whether replies came."""

HOW_MUCH = ("slightly", "somewhat", "clearly", "much")
"""The words of the strengths 1 to 4."""

NO_MODEL = "No model can be talked to at the moment."

RATINGS = ("not at all", "barely", "in part", "largely", "completely")
"""How far an attempt succeeded, 0 to 4."""

Shown: TypeAlias = dict[str, Any]


class Screen(NamedTuple):
    """A page to be rendered.

    Attributes:
        template: Its name, see `rendering`.
        title: Of the window; nothing that anybody said.
        context: What the template is filled with.
        refresh: Seconds after which a browser without scripts loads it again; None for never.
        status: Of HTTP.
    """

    template: str
    title: str
    context: Mapping[str, Any]
    refresh: int | None = None
    status: int = 200


class Picked(NamedTuple):
    """What was picked in the form of a review.

    Attributes:
        thread: The task that the form was about: it is shown for no other.
        tags: Those that were picked.
        rating: As it was sent; empty for none.
    """

    thread: str
    tags: tuple[str, ...]
    rating: str


class Said(NamedTuple):
    """What came of a form that was not taken.

    Attributes:
        fault: Why not, in a sentence.
        typed: What the person had typed, to be shown again.
        status: Of HTTP.
        picked: Of a review, to be shown again.
    """

    fault: str = ""
    typed: str | None = None
    status: int = 200
    picked: Picked | None = None


NOTHING = Said()


class Step(NamedTuple):
    """One of the eight strengths, as it is shown.

    Attributes:
        strength: -4 to 4, without 0.
        key: The key that picks it, 1 to 8.
        side: `A` or `B`.
        words: What it says.
    """

    strength: int
    key: int
    side: str
    words: str


def screen(served: Served, who: str, place: str, said: Said = NOTHING) -> Screen | None:
    """What a person is shown at a place.

    Args:
        served: The collection.
        who: The person.
        place: As in the table above, without a slash at its ends.
        said: Of a form that was not taken.

    Returns:
        The screen; None where there is no such place for this person.
    """
    first, below, rest = place.partition("/")
    if first == "talk":
        asked = served.live is not None and served.live.is_asking(rest)
        state = actions.look(served.collection, who, rest)  # later: what came until then is in it
        return None if state is None else _conversation(served, state, said, asked)
    shows = _PLACES.get(first)
    return None if shows is None or below else shows(served, who, said)


def progress(served: Served, who: str, conversation: str) -> str | None:
    """A short text that changes when a conversation's page does; None where it is not theirs."""
    state = actions.look(served.collection, who, conversation)
    return None if state is None else _progress(served, state)


def _progress(served: Served, state: Conversation) -> str:
    _wake(served, state)
    return f"{state.events}{'+' if _is_asking(served, state) else ''}"


def _wake(served: Served, state: Conversation) -> None:
    """Has replies asked for, if they are due: a process that ended may have left it waiting."""
    if state.phase == Phase.WAITING and not has_failed(state) and served.live is not None:
        served.live.wake(state)


def steps(mode: Mode) -> list[Step]:
    """The eight strengths, from A much to B much."""
    what = "more harmful" if mode == Mode.RED_TEAM else "better"
    strengths = [n for n in range(-STRONGEST, STRONGEST + 1) if n]
    return [
        Step(
            n, key, "A" if n < 0 else "B", f"{'A' if n < 0 else 'B'} {HOW_MUCH[abs(n) - 1]} {what}"
        )
        for key, n in enumerate(strengths, 1)
    ]


def _start(served: Served, who: str, said: Said) -> Screen:
    project = served.collection.project()
    agreed = has_consented(served.collection, who)
    shown = {
        **common(served, project, said),
        "agreed": agreed,
        "token": actions.start_token(served.collection, who),
        "open": [],
        "blocked": "",
        "judges": not project.mode.talks or project.overlap > 0,
    }
    if project.mode.talks:
        mine = actions.conversations_of(served.collection, who)
        shown["open"] = [(n, one.id) for n, one in enumerate(mine, 1) if not one.is_over]
        shown["blocked"] = actions.why_not_start(served.collection, who)
        if served.live is None:
            shown["blocked"] = NO_MODEL
    return Screen("start", project.title, shown, status=said.status)


def _conversation(served: Served, state: Conversation, said: Said, asked: bool) -> Screen:
    """The page of a conversation.

    Args:
        served: The collection.
        state: The conversation.
        said: Of a form that was not taken.
        asked: Whether models were being asked, before the conversation was read: that no replies
            came is then what was so the last time.
    """
    project = served.collection.project()
    shown = {
        **common(served, project, said),
        "thread": state.id,
        "token": actions.token_of(served.collection, state),
        "description": state.description,
        "messages": state.messages(),
        "turns": len(state.turns),
        "progress": _progress(served, state),
    }
    name, more = _PHASES[state.phase](served, project, state)
    if name == "failed" and asked:
        name, more = "waiting", {"progress": f"{state.events}+"}  # until nothing is asked any more
    refresh = SECONDS if name == "waiting" else None
    return Screen(name, project.title, {**shown, **more}, refresh, said.status)


def _writing(served: Served, project: Project, state: Conversation) -> tuple[str, Shown]:
    turn = state.turn
    last = None if turn is None else turn.picked
    return "writing", {
        "last": None if turn is None or not project.edits or last is None else turn.edit or last,
        "edited": turn is not None and turn.edit is not None,
        "set_aside": turn is not None and last is None,
        "full": len(state.turns) >= project.max_turns,
        "ratings": RATINGS if state.mode == Mode.RED_TEAM else (),
    }


def _waiting(served: Served, project: Project, state: Conversation) -> tuple[str, Shown]:
    if served.live is None:
        return "failed", {"failed": NO_MODEL}
    attempt = None if state.turn is None else state.turn.attempt
    if attempt is not None and has_failed(state):
        return "failed", {"failed": attempt.fault}
    return "waiting", {}


def _choosing(served: Served, project: Project, state: Conversation) -> tuple[str, Shown]:
    attempt = state.turns[-1].attempts[-1]
    judged = sum(one.verdict is not None for one in state.turns[-1].attempts)
    return "choosing", {
        "replies": {side.value: attempt.on(side)["text"] for side in Side},
        "steps": steps(state.mode),
        "asks_better": state.mode == Mode.RED_TEAM,
        "more": ATTEMPTS - 1 - judged,
    }


def _over(served: Served, project: Project, state: Conversation) -> tuple[str, Shown]:
    return "over", {"left": state.phase == Phase.LEFT}


def has_failed(state: Conversation) -> bool:
    """Whether replies were asked for, and no two came."""
    attempt = None if state.turn is None else state.turn.attempt
    return state.phase == Phase.WAITING and attempt is not None and attempt.shown is None


def _is_asking(served: Served, state: Conversation) -> bool:
    waits = state.phase == Phase.WAITING and served.live is not None
    return waits and served.live is not None and served.live.is_asking(state.id)


def _task(served: Served, who: str, said: Said) -> Screen | None:
    project = served.collection.project()
    if project.mode.talks and not project.overlap:
        return None
    if not has_consented(served.collection, who):
        return _start(served, who, said)
    given = served.tasks.next(who)
    shown: Shown = common(served, project, said)
    shown["done"] = sum(task.answer is not None for task in served.tasks.read().mine(who))
    if given is None:
        return Screen("no_task", project.title, shown, status=said.status)
    shown |= {
        "thread": given.task.id,
        "token": given.token,
        "description": given.item.about,
        "messages": given.item.messages,
    }
    if project.mode == Mode.REVIEW:
        own = said.picked if said.picked and said.picked.thread == given.task.id else None
        shown |= {"tags": project.tags, "most_tags": project.tags_each, "ratings": RATINGS}
        shown["picked"] = own or Picked(given.task.id, (), "")
        return Screen("review", project.title, shown, status=said.status)
    shown["replies"] = {side.value: given.item.on(side, given.task.swapped) for side in Side}
    shown |= {"steps": steps(project.mode), "asks_harmful": project.mode == Mode.RED_TEAM}
    return Screen("judge", project.title, shown, status=said.status)


def _mine(served: Served, who: str, said: Said) -> Screen:
    collection = served.collection
    project = collection.project()
    shown = {**common(served, project, said), "conversations": []}
    if project.mode.talks:
        mine = actions.conversations_of(collection, who)
        shown["conversations"] = [
            {"id": one.id, "number": n, "turns": len(one.turns), "phase": one.phase.value}
            for n, one in enumerate(mine, 1)
        ]
    board = served.tasks.read()
    done = sum(task.answer is not None for task in board.mine(who))
    rows: Sequence[tuple[str, ...]] = [("Reviews", f"{done:,}")]
    if project.mode != Mode.REVIEW:
        rows = own_table(figures_of(own_choices(collection, board, who))).rows
    shown["figures"] = rows
    return Screen("mine", project.title, shown, status=said.status)


def _instructions(served: Served, who: str, said: Said) -> Screen:
    project = served.collection.project()
    return Screen("instructions", project.title, common(served, project, said))


def common(served: Served, project: Project, said: Said) -> Shown:
    """What every screen is given."""
    return {
        "project": project.title,
        "mode": project.mode.value,
        "talks": project.mode.talks,
        "terms": {"consent": project.consent, "warning": project.warning, "pay": project.pay},
        "languages": project.languages,
        "instructions": project.instructions,
        "version": _version(served, project),
        "fault": said.fault,
        "typed": said.typed,
        "words": {word.name.lower(): word.value for word in Word},
    }


def _version(served: Served, project: Project) -> int:
    """The number of the instructions among all that the project had, from 1."""
    seen: list[str] = []
    with served.collection.store.read() as transaction:
        for event in transaction.events((Kind.PROJECT,)):
            text = str(event.body["project"].get("instructions", ""))
            if text not in seen:
                seen.append(text)
    return seen.index(project.instructions) + 1 if project.instructions in seen else len(seen)


Show: TypeAlias = Callable[[Served, str, Said], Screen | None]
_PLACES: Mapping[str, Show] = {
    "": _start,
    "act": _start,  # where forms go: a page with a fault has this address, and may be asked for
    "task": _task,
    "mine": _mine,
    "instructions": _instructions,
}
_PHASES: Mapping[Phase, Callable[[Served, Project, Conversation], tuple[str, Shown]]] = {
    Phase.WRITING: _writing,
    Phase.WAITING: _waiting,
    Phase.CHOOSING: _choosing,
    Phase.FINISHED: _over,
    Phase.LEFT: _over,
}
