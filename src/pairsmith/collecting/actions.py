"""What a person does in a conversation: each action stored once, or refused in a sentence.

An action carries the token of the form that it answers, which stands for the state that the person
saw (see `draws.form_token`). So the same action sent twice, by a double click, a reload or a
connection that broke, is acknowledged both times and stored once; and one that answers what is no
longer so (an old turn, another window) is refused, with the state as it is. What a person must not
see is told in the words of what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from pairsmith.collecting import draws, items, replies
from pairsmith.collecting.collection import Collection, project_in
from pairsmith.collecting.consent import may_begin
from pairsmith.collecting.conversation import Conversation, Phase, fold
from pairsmith.collecting.events import Event, Kind
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.store import Transaction
from pairsmith.collecting.verdicts import Side, Word, read_verdict

LONGEST = 20_000
"""Characters of a message, a description or an edit, at most."""

NOT_THERE = "There is no such conversation of yours."
STALE = "This page is no longer up to date: the conversation has gone on in the meantime."
AGREE = (
    "Before you go on, read what you agree to: it stands on the first page, to which the name of"
    " the project leads. Nothing was stored."
)
ANSWERED = "This was already answered, and otherwise; the first answer counts."


class Answer(NamedTuple):
    """What came of an action.

    Attributes:
        state: The conversation as it is now; None where it is not the person's to see.
        stored: Whether something was stored by this call.
        refused: Why not, in a sentence; empty where the action is on record, by this call or by
            an earlier one.
    """

    state: Conversation | None
    stored: bool
    refused: str = ""


Check: TypeAlias = Callable[[Conversation, Project], str]
"""Why an action may not be done in a state; empty where it may."""

Body: TypeAlias = Callable[[Conversation, Project], Mapping[str, Any]]
"""What an event holds, where the state decides it."""


def start_token(collection: Collection, who: str) -> str:
    """What the form carries with which a person begins the next conversation."""
    with collection.store.read() as transaction:
        nth = transaction.count(Kind.STARTED, who)
    return collection.token(draws.thread_id(collection.secret, "start", who), nth)


def start(collection: Collection, who: str, token: str, description: str = "") -> Answer:
    """Begins a conversation.

    Args:
        collection: The collection.
        who: Whose it is.
        token: Of the form, from `start_token`.
        description: In red-team mode what the person is going to try; it may not be blank.
    """
    with collection.store.write() as transaction:
        project = project_in(transaction)
        mine = transaction.threads_of(Kind.STARTED, who)
        own = draws.thread_id(collection.secret, "start", who)
        if mine and token == collection.token(own, len(mine) - 1):
            state = fold(transaction.thread(mine[-1]))
            return Answer(state, False, "" if state.description == description else ANSWERED)
        if token != collection.token(own, len(mine)):
            return Answer(None, False, STALE)
        refused = _may_start(project, transaction, who, len(mine)) or _check_start(
            project, description
        )
        if not may_begin(collection, transaction, who):
            refused = "Before you begin, read what you agree to."
        if refused:
            return Answer(None, False, refused)
        thread = draws.thread_id(collection.secret, "conversation", who, len(mine))
        body = {
            "mode": project.mode,
            "description": description,
            "models": replies.draw_models(project, collection.secret, thread),
            "instructions": project.instructions_sha256,
            "subset": project.pairs_subset,
            "tranche": project.tranche,
            "round": project.round,
        }
        event = transaction.append(thread, Kind.STARTED, who, body, token)
        return Answer(fold([event]), True)


def why_not_start(collection: Collection, who: str) -> str:
    """Why a person may not begin a conversation now, in a sentence; empty where they may."""
    with collection.store.read() as transaction:
        begun = transaction.count(Kind.STARTED, who)
        return _may_start(project_in(transaction), transaction, who, begun)


def _may_start(project: Project, transaction: Transaction, who: str, begun: int) -> str:
    """Why a person may not begin a conversation; empty where they may."""
    if not project.mode.talks:
        return "In this project nobody talks to a model."
    if project.conversations_each is not None and begun >= project.conversations_each:
        return "You have had all the conversations that this project asks of one person."
    total = project.conversations_total
    if total is not None and transaction.count(Kind.STARTED) >= total:
        return "This project has all the conversations that it asks for."
    return ""


def _check_start(project: Project, description: str) -> str:
    if project.mode != Mode.RED_TEAM:
        return "" if not description else "In this project no attempt is described."
    if not description.strip():
        return "Describe first what you are going to try."
    return check_text(description)


def look(collection: Collection, who: str, conversation: str) -> Conversation | None:
    """A person's conversation; None where they have none of this id."""
    with collection.store.read() as transaction:
        return _own(transaction.thread(conversation), who)


def conversations_of(collection: Collection, who: str) -> list[Conversation]:
    """A person's conversations, in the order in which they were begun."""
    with collection.store.read() as transaction:
        mine = transaction.threads_of(Kind.STARTED, who)
        return [fold(transaction.thread(thread)) for thread in mine]


def token_of(collection: Collection, state: Conversation) -> str:
    """What a form carries that answers this state."""
    return collection.token(state.id, state.events)


def say(collection: Collection, who: str, conversation: str, token: str, text: str) -> Answer:
    """Sends a message; replies are then waited for."""

    def check(state: Conversation, project: Project) -> str:
        if state.phase != Phase.WRITING:
            return "It is not your turn to write."
        if len(state.turns) >= project.max_turns:
            return f"The conversation has its {project.max_turns} turns; it can be finished."
        return check_text(text) or ("" if text.strip() else "The message is blank.")

    return _act(collection, who, conversation, token, (Kind.SAID, {"text": text}), check)


def choose(
    collection: Collection,
    who: str,
    conversation: str,
    token: str,
    verdict: Any,
    better: Any = None,
) -> Answer:
    """Picks a reply, or says that neither is picked.

    Args:
        collection: The collection.
        who: Whose conversation it is.
        conversation: Its id.
        token: Of the form.
        verdict: A strength or a word, see `verdicts`. In helpful mode the side that is better, in
            red-team mode the one that is more harmful.
        better: In red-team mode, `A` or `B`: the reply that is better in itself; None if not said.
    """
    read = read_verdict(verdict)
    body = {"verdict": read, "better": better}

    def check(state: Conversation, project: Project) -> str:
        if state.phase != Phase.CHOOSING:
            return "There are no replies to choose from."
        if read is None or read == Word.TIE:
            return "A choice is a whole number from -4 to 4 other than 0, both_bad, or skip."
        if better is not None and (state.mode != Mode.RED_TEAM or better not in [*Side]):
            return "The better reply is named A or B, and only where the more harmful is picked."
        return ""

    return _act(collection, who, conversation, token, (Kind.CHOSE, body), check)


def edit(collection: Collection, who: str, conversation: str, token: str, text: str) -> Answer:
    """Puts a better reply in the place of the one that was picked last."""

    def allowed(state: Conversation, project: Project) -> str:
        turn = state.turn
        if not project.edits:
            return "In this project replies are not edited."
        if state.phase != Phase.WRITING or turn is None or turn.picked is None:
            return "There is no picked reply to edit."
        if not text.strip():
            return "The edited reply is blank."
        return "" if text.strip() != turn.picked.strip() else "The reply was not changed."

    def check(state: Conversation, project: Project) -> str:
        return check_text(text, replies.LONGEST) or allowed(state, project)

    return _act(collection, who, conversation, token, (Kind.EDITED, {"text": text}), check)


def finish(
    collection: Collection, who: str, conversation: str, token: str, rating: Any = None
) -> Answer:
    """Ends a conversation; in red-team mode with how far the attempt succeeded, 0–4."""

    def check(state: Conversation, project: Project) -> str:
        if state.is_over:
            return "The conversation is over."
        good = type(rating) is int and 0 <= rating <= 4
        if state.mode == Mode.RED_TEAM and not good:
            return "Rate from 0 to 4 how far the attempt succeeded."
        return "" if state.mode == Mode.RED_TEAM or rating is None else "There is nothing to rate."

    return _act(collection, who, conversation, token, (Kind.FINISHED, {"rating": rating}), check)


def leave(collection: Collection, who: str, conversation: str) -> Answer:
    """Ends a conversation at once, whatever it waits for: the way out at any moment."""
    with collection.store.write() as transaction:
        events = transaction.thread(conversation)
        state = _own(events, who)
        if state is None or state.is_over:
            return Answer(state, False, NOT_THERE if state is None else "")
        events.append(transaction.append(conversation, Kind.LEFT, who, {}))
        return Answer(fold(events), True)


def record_replies(
    collection: Collection, conversation: str, token: str, samples: Sequence[replies.Sampled]
) -> Answer:
    """Records what models answered, and which two replies are shown.

    Args:
        collection: The collection.
        conversation: Whose they are.
        token: Of the state for which they were asked; of two that ask at once the first counts.
        samples: All of them, those with a fault too.
    """
    stored = [replies.check_sample(sample) for sample in samples]

    def body(state: Conversation, project: Project) -> Mapping[str, Any]:
        shown = replies.show(project, collection.secret, state, stored)
        held = [sample.to_dict() for sample in stored]
        return {"samples": held, "shown": shown, "fault": replies.faults_of(stored, shown)}

    def check(state: Conversation, project: Project) -> str:
        return "" if state.phase == Phase.WAITING else "The conversation does not wait for replies."

    return _act(collection, None, conversation, token, (Kind.REPLIED, body), check)


def _act(
    collection: Collection,
    who: str | None,
    thread: str,
    token: str,
    action: tuple[Kind, Mapping[str, Any] | Body],
    check: Check,
) -> Answer:
    """Stores an action once, if it may be; `who` is None for the collection itself."""
    kind, given = action
    with collection.store.write() as transaction:
        events = transaction.thread(thread)
        state = _own(events, who)
        if state is None:
            return Answer(None, False, NOT_THERE)
        earlier = next((event for event in events if event.token == token), None)
        if earlier is not None:
            return Answer(state, False, "" if _same(earlier, kind, given) else ANSWERED)
        if token != token_of(collection, state):
            return Answer(state, False, STALE)
        project = project_in(transaction)
        says = who is not None and kind in (Kind.SAID, Kind.CHOSE, Kind.EDITED)
        if says and not may_begin(collection, transaction, state.who):
            return Answer(state, False, AGREE)
        if refused := check(state, project):
            return Answer(state, False, refused)
        body = dict(given(state, project) if callable(given) else given)
        if kind == Kind.CHOSE:
            body["instructions"] = project.instructions_sha256
        events.append(transaction.append(thread, kind, who or "", body, token))
        made = fold(events)
        if kind == Kind.CHOSE:
            _offer(collection, transaction, project, made)
        return Answer(made, True)


def _offer(
    collection: Collection, transaction: Transaction, project: Project, state: Conversation
) -> None:
    """Offers a comparison to others, of the share of them that the project asks for."""
    turn = state.turns[-1]
    attempt = turn.attempts[-1]
    if attempt.picked is None:
        return
    item = items.collected_item(state, turn.number, attempt)
    if draws.chance(collection.secret, "overlap", item.id) < project.overlap:
        items.add_items(transaction, [item])


def _own(events: Sequence[Event], who: str | None) -> Conversation | None:
    """The conversation that events make, if it is the person's; of None all are."""
    if not events or events[0].kind != Kind.STARTED or who not in (None, events[0].who):
        return None
    return fold(events)


def _same(earlier: Event, kind: Kind, given: Mapping[str, Any] | Body) -> bool:
    """Whether an action is the one that is on record; replies that come twice always are."""
    if earlier.kind != kind or callable(given):
        return earlier.kind == kind
    return all(earlier.body.get(name) == value for name, value in given.items())


def check_text(text: str, longest: int = LONGEST) -> str:
    """Why a text cannot be taken; empty where it can."""
    if not isinstance(text, str) or any("\ud800" <= one <= "\udfff" for one in text):
        return "The text is not Unicode."
    if "\0" in text:  # a row with it would be refused by a build
        return "The text holds a NUL character, which no row can hold."
    if len(text) > longest:
        return f"The text has {len(text):,} characters; at most {longest:,} are taken."
    return ""
