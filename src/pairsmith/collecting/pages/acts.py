"""What a form asks for, done: and where to go next, or why it was not done.

All forms of the pages go to one address, and say in the field `action` what they ask for. `thread`
names the conversation or the task that they are about, and `token` the state of it that the person
saw, so that a form that comes twice does no more than one that comes once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from pairsmith.collecting import actions
from pairsmith.collecting.actions import Answer
from pairsmith.collecting.consent import consent
from pairsmith.collecting.conversation import Phase
from pairsmith.collecting.pages.screens import Picked, Said, Screen, has_failed, screen
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.tasks import TaskAnswer
from pairsmith.errors import CollectionError

PICK = "Pick one of the eight steps first, or say that both are bad."
RATE = "Rate the attempt first."
CONFLICT = 409
TAGS = "tags"
"""The one field of which there may be several."""

_WHOLE = re.compile(r"-?[0-9]{1,3}")

Fields: TypeAlias = Mapping[str, Sequence[str]]
"""What a form holds: of each field its values, as `urllib.parse.parse_qs` has them."""


class FormError(CollectionError):
    """A form that no page of ours sends."""


class Outcome(NamedTuple):
    """What came of a form.

    Attributes:
        place: Where to go next, with status 303; see `screens`.
        refused: What to show instead, where the form was not taken; None where it was.
    """

    place: str
    refused: Screen | None = None


def act(served: Served, who: str, fields: Fields) -> Outcome | None:
    """Does what a form asks for.

    Args:
        served: The collection.
        who: The person.
        fields: Of the form.

    Returns:
        What came of it; None where there is no such action, conversation or task of theirs.

    Raises:
        FormError: A field stands in it twice.
    """
    does = _ACTIONS.get(_one(fields, "action"))
    if does is None:
        return None
    check_once(fields)
    return does(served, who, fields)


def check_once(fields: Fields) -> None:
    """Checks that no field stands twice: no page sends that, and which one counts is not guessed.

    Raises:
        FormError: One does.
    """
    again = [name for name, values in fields.items() if len(values) > 1 and name != TAGS]
    if again:
        raise FormError(f"The form has the field {again[0][:40]!r} more than once.")


def _agree(served: Served, who: str, fields: Fields) -> Outcome:
    consent(served.collection, who)
    return Outcome("")


def _withdraw(served: Served, who: str, fields: Fields) -> Outcome:
    consent(served.collection, who, agreed=False)
    return Outcome("")


def _start(served: Served, who: str, fields: Fields) -> Outcome | None:
    if served.live is None:
        return Outcome("", screen(served, who, "", Said(status=CONFLICT)))
    description = _text(fields, "description")
    answer = actions.start(served.collection, who, _one(fields, "token"), description)
    if answer.state is not None and not answer.refused:
        return Outcome(f"talk/{answer.state.id}")
    return _refused(served, who, "", Said(answer.refused, description, CONFLICT))


def _say(served: Served, who: str, fields: Fields) -> Outcome | None:
    text = _text(fields, "text")
    answer = actions.say(served.collection, who, *_form(fields), text)
    return _gone_on(served, who, answer, text)


def _choose(served: Served, who: str, fields: Fields) -> Outcome | None:
    verdict = _verdict(fields)
    if verdict is None:
        return _missing(served, who, fields, PICK)
    better = _one(fields, "better") or None
    answer = actions.choose(served.collection, who, *_form(fields), verdict, better)
    return _gone_on(served, who, answer)


def _edit(served: Served, who: str, fields: Fields) -> Outcome | None:
    text = _text(fields, "text")
    state = actions.look(served.collection, who, _one(fields, "thread"))
    picked = state.turn.picked if state is not None and state.turn is not None else None
    if picked is not None and _lines(picked).strip() == text.strip():
        text = picked  # a browser sends other line ends than it was given: nothing was changed
    answer = actions.edit(served.collection, who, *_form(fields), text)
    return _gone_on(served, who, answer)


def _finish(served: Served, who: str, fields: Fields) -> Outcome | None:
    rating = _one(fields, "rating")
    value = _whole(rating) if rating else None
    answer = actions.finish(served.collection, who, *_form(fields), value)
    return _gone_on(served, who, answer)


def _leave(served: Served, who: str, fields: Fields) -> Outcome | None:
    answer = actions.leave(served.collection, who, _one(fields, "thread"))
    if answer.state is not None and served.live is not None:
        served.live.stop(answer.state.id)
    return _gone_on(served, who, answer)


def _again(served: Served, who: str, fields: Fields) -> Outcome | None:
    state = actions.look(served.collection, who, _one(fields, "thread"))
    if state is None:
        return None
    if has_failed(state) and served.live is not None:
        served.live.wake(state)
    return Outcome(f"talk/{state.id}")


def _judge(served: Served, who: str, fields: Fields) -> Outcome | None:
    verdict = _verdict(fields)
    if verdict is None:
        return _missing_task(served, who, fields, PICK)
    return _judged(served, who, served.tasks.judge(who, *_form(fields), verdict))


def _review(served: Served, who: str, fields: Fields) -> Outcome | None:
    rating, tags = _one(fields, "rating"), [*fields.get(TAGS, ())]
    picked = Picked(_one(fields, "thread"), tuple(tags), rating)
    if not rating:
        return _missing_task(served, who, fields, RATE, picked)
    answer = served.tasks.review(who, *_form(fields), tags, _whole(rating))
    return _judged(served, who, answer, picked)


def _judged(
    served: Served, who: str, answer: TaskAnswer, picked: Picked | None = None
) -> Outcome | None:
    if answer.task is None:
        return None
    if not answer.refused:
        return Outcome("task")
    return _refused(served, who, "task", Said(answer.refused, None, CONFLICT, picked))


def _gone_on(served: Served, who: str, answer: Answer, typed: str | None = None) -> Outcome | None:
    """Where a conversation goes on after an action."""
    state = answer.state
    if state is None:
        return None
    place = f"talk/{state.id}"
    if answer.refused:
        return _refused(served, who, place, Said(answer.refused, typed, CONFLICT))
    if state.phase == Phase.WAITING and not has_failed(state) and served.live is not None:
        served.live.wake(state)
    return Outcome(place)


def _missing(served: Served, who: str, fields: Fields, fault: str) -> Outcome | None:
    state = actions.look(served.collection, who, _one(fields, "thread"))
    said = Said(fault, status=CONFLICT)
    return None if state is None else _refused(served, who, f"talk/{state.id}", said)


def _missing_task(
    served: Served, who: str, fields: Fields, fault: str, picked: Picked | None = None
) -> Outcome | None:
    given = served.tasks.look(who, _one(fields, "thread"))
    said = Said(fault, None, CONFLICT, picked)
    return None if given is None else _refused(served, who, "task", said)


def _refused(served: Served, who: str, place: str, said: Said) -> Outcome | None:
    shown = screen(served, who, place, said)
    return None if shown is None else Outcome(place, shown)


def _form(fields: Fields) -> tuple[str, str]:
    return _one(fields, "thread"), _one(fields, "token")


def _verdict(fields: Fields) -> int | str | None:
    """A word, a strength, or something that is neither; None where nothing was picked."""
    word, strength = _one(fields, "verdict"), _one(fields, "strength")
    return word or (_whole(strength) if strength else None)


def _whole(sent: str) -> int | str:
    """A whole number; what is none as it was sent."""
    return int(sent) if _WHOLE.fullmatch(sent) else sent


def _one(fields: Fields, name: str) -> str:
    """The value of a field; empty where there is none."""
    return next(iter(fields.get(name, ())), "")


def _text(fields: Fields, name: str) -> str:
    """What was written in a field, with the ends of lines that it was written with."""
    return _lines(_one(fields, name))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


_ACTIONS: Mapping[str, Callable[[Served, str, Fields], Outcome | None]] = {
    "agree": _agree,
    "withdraw": _withdraw,
    "start": _start,
    "say": _say,
    "choose": _choose,
    "edit": _edit,
    "finish": _finish,
    "leave": _leave,
    "again": _again,
    "judge": _judge,
    "review": _review,
}
