"""What people said of two replies, in conversations and in tasks, as one list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pairsmith.collecting.board import Board, Task, opinion_of
from pairsmith.collecting.collection import Collection, project_in
from pairsmith.collecting.conversation import Attempt, Conversation, fold
from pairsmith.collecting.events import Kind
from pairsmith.collecting.items import GOLD, Item, find_item, gold_items
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.store import Reached, Transaction
from pairsmith.collecting.verdicts import Side, Verdict, Word


class Choice(NamedTuple):
    """What a person said of two replies.

    Attributes:
        who: The person.
        unit: The comparison: the id of an attempt at a turn, or of an item.
        conversation: What comparisons depend on each other with; of items of a build, themselves.
        round: The round that it belongs to; empty for none.
        verdict: As it was shown: below 0 for A.
        opinion: 1 to 4 where it agrees with the label, -1 to -4 where it does not; whose comparison
            it is agrees. 0 for no difference; None where neither reply was picked.
        seconds: How long it took; None where it is not known.
        characters: Of both replies.
        models: Of A and B; None where they are of a build or of a known answer.
        own: Whether it is the person's own comparison.
        known: Whether its answer is known, so that it measures the person.
        before: What the person said the first time, if it is shown again.
    """

    who: str
    unit: str
    conversation: str
    round: str
    verdict: Verdict
    opinion: int | None
    seconds: float | None
    characters: int
    models: tuple[str, str] | None = None
    own: bool = False
    known: bool = False
    before: Verdict | None = None

    @property
    def counts(self) -> bool:
        """Whether it says something of its comparison, and not only of the person."""
        return not self.known and self.before is None

    @property
    def side(self) -> int:
        """-1 where A was picked, 1 where B was, 0 where neither."""
        return 0 if isinstance(self.verdict, Word) else (self.verdict > 0) - (self.verdict < 0)


class Review(NamedTuple):
    """What a reviewer said of a transcript.

    Attributes:
        who: The reviewer.
        item: The transcript.
        round: The round that it belongs to.
        tags: Those that were chosen.
        rating: 0 to 4.
        seconds: How long it took.
    """

    who: str
    item: str
    round: str
    tags: tuple[str, ...]
    rating: int
    seconds: float | None


class Evidence(NamedTuple):
    """All that people said, in one state of a collection.

    Attributes:
        project: As it is now.
        reached: Which state it is.
        choices: Of two replies, those of conversations first.
        reviews: Of transcripts.
    """

    project: Project
    reached: Reached
    choices: list[Choice]
    reviews: list[Review]


def read_choices(collection: Collection) -> Evidence:
    """Reads all that people said.

    Args:
        collection: The collection.
    """
    with collection.store.read() as transaction:
        project = project_in(transaction)
        board = Board()
        board.update(transaction)
        begun = [event.thread for event in transaction.events((Kind.STARTED,))]
        choices = [*_of_conversations(transaction, begun)]
        models = {one.unit: _by_label(one, project.mode) for one in choices}
        round_at = _rounds(transaction)
        read = _Reading(transaction, project, board, models, round_at)
        reviews = [one for task in board.tasks.values() for one in _reviewed(task, round_at)]
        choices += [one for task in board.tasks.values() if (one := read.choice(task))]
        return Evidence(project, transaction.reached(), choices, reviews)


def own_choices(collection: Collection, board: Board, who: str) -> list[Choice]:
    """What one person said of two replies; models are told of their own comparisons alone.

    Args:
        collection: The collection.
        board: Its tasks, up to date.
        who: The person.
    """
    with collection.store.read() as transaction:
        project = project_in(transaction)
        mine = [*_of_conversations(transaction, transaction.threads_of(Kind.STARTED, who))]
        read = _Reading(transaction, project, board, {}, _rounds(transaction))
        return mine + [one for task in board.mine(who) if (one := read.choice(task))]


def _of_conversations(transaction: Transaction, threads: list[str]) -> Iterator[Choice]:
    for thread in threads:
        state = fold(transaction.thread(thread))
        for turn in state.turns:
            for attempt in turn.attempts:
                if attempt.verdict is not None:
                    unit = f"{state.id}/{turn.number}.{attempt.number}"
                    yield _own(state, unit, attempt, attempt.verdict)


def _own(state: Conversation, unit: str, attempt: Attempt, verdict: Verdict) -> Choice:
    on_a, on_b = attempt.on(Side.A), attempt.on(Side.B)
    return Choice(
        who=state.who,
        unit=unit,
        conversation=state.id,
        round=state.round,
        verdict=verdict,
        opinion=None if isinstance(verdict, Word) else abs(verdict),
        seconds=attempt.seconds,
        characters=len(on_a["text"]) + len(on_b["text"]),
        models=(on_a["model"], on_b["model"]),
        own=True,
    )


def _by_label(one: Choice, mode: Mode) -> tuple[str, str] | None:
    """The models of the better reply and of the other, as whose comparison it is picked."""
    if one.models is None or not one.side:
        return None
    better_on_a = (one.side < 0) == (mode == Mode.HELPFUL)
    return one.models if better_on_a else one.models[::-1]


def _rounds(transaction: Transaction) -> Callable[[float], str]:
    """The project's round at a time."""
    times, rounds = [], []
    for event in transaction.events((Kind.PROJECT,)):
        times.append(event.time)
        rounds.append(str(event.body["project"].get("round", "")))
    return lambda time: rounds[max(bisect_right(times, time) - 1, 0)]


def _reviewed(task: Task, round_at: Callable[[float], str]) -> Iterator[Review]:
    if task.answer is not None and "rating" in task.answer:
        tags, rating = tuple(task.answer["tags"]), int(task.answer["rating"])
        yield Review(task.who, task.item, round_at(task.since), tags, rating, task.seconds)


class _Reading(NamedTuple):
    """What it takes to read a task."""

    transaction: Transaction
    project: Project
    board: Board
    models: dict[str, tuple[str, str] | None]
    round_at: Callable[[float], str]

    def choice(self, task: Task) -> Choice | None:
        """What a task says; None where it says nothing, or its item is gone."""
        verdict = None if task.answer is None else task.answer.get("verdict")
        item = self._item(task.item)
        if verdict is None or item is None:
            return None
        opinion = opinion_of(task, self.project.mode)
        said = None if opinion is None or verdict == Word.BOTH_BAD else opinion.strength
        models = self.models.get(task.item)
        first = None if task.repeats is None else self.board.tasks[task.repeats].answer
        return Choice(
            who=task.who,
            unit=task.item,
            conversation=task.item.rpartition("/")[0] if item.author else task.item,
            round=self.round_at(task.since),
            verdict=Word(verdict) if isinstance(verdict, str) else verdict,
            opinion=said,
            seconds=task.seconds,
            characters=len(item.chosen) + len(item.rejected),
            models=models[::-1] if models and task.swapped else models,
            known=task.item.startswith(GOLD),
            before=None if first is None else first["verdict"],
        )

    def _item(self, id: str) -> Item | None:
        if not id.startswith(GOLD):
            return find_item(self.transaction.db, id)
        return next((item for item in gold_items(self.project.gold) if item.id == id), None)
