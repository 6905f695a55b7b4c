"""Tasks: an item for a person, and what the person says of it.

Every item gets the opinions that the project asks for, each of another person. A task that nobody
answers within the project's `lease` is offered to others; whoever answers it later still counts. Of
a share of tasks a person sees an item again, with its sides exchanged, and of a share the answer is
known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from pairsmith.collecting import draws
from pairsmith.collecting.actions import AGREE, ANSWERED, STALE
from pairsmith.collecting.adjudicating import adjudicate
from pairsmith.collecting.board import Board, More, Task
from pairsmith.collecting.collection import Collection, project_in
from pairsmith.collecting.consent import may_begin
from pairsmith.collecting.deciding import Estimates
from pairsmith.collecting.events import PROJECT, Kind
from pairsmith.collecting.items import FromBuild, Item, add_items, find_item, gold_items
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.store import Transaction
from pairsmith.collecting.verdicts import read_verdict
from pairsmith.errors import CollectionError

NOT_THERE = "There is no such task of yours."
HAD = "You have judged this already."


class Given(NamedTuple):
    """A task as its person sees it.

    Attributes:
        task: The task.
        item: What is to be judged; its label and its id are not to be shown.
        token: What the form carries that answers it.
    """

    task: Task
    item: Item
    token: str


class TaskAnswer(NamedTuple):
    """What came of an answer.

    Attributes:
        task: The task as it is now; None where it is not the person's.
        stored: Whether something was stored by this call.
        refused: Why not, in a sentence; empty where the answer is on record.
    """

    task: Task | None
    stored: bool
    refused: str = ""


def import_items(collection: Collection, found: FromBuild, most: int | None = None) -> int:
    """Takes the items of a build into a collection.

    Args:
        collection: The collection, of the mode relabel or review.
        found: From `items.pairs_of_build` or `items.attempts_of_build`.
        most: At most this many of them; None for all.

    Returns:
        How many there are.

    Raises:
        CollectionError: The mode is another, there are items already, or none in the build.
    """
    with collection.store.write() as transaction:
        if project_in(transaction).mode.talks:
            raise CollectionError("Only projects of the modes relabel and review take a build.")
        if transaction.last(Kind.IMPORTED) is not None:
            raise CollectionError(
                f"{collection.folder} has its items already.", "Begin another collection."
            )
        count = add_items(transaction, islice(found.items, most))
        if not count:
            raise CollectionError(f"{found.name} holds nothing that can be judged.")
        body = {
            "build": {"name": found.name, "sha256": found.sha256},
            "folder": found.folder,
            "annotation": found.annotation,
            "items": count,
        }
        transaction.append(PROJECT, Kind.IMPORTED, "", body)
    return count


class Tasks:
    """The tasks of a collection, for any number of threads.

    Args:
        collection: The collection.
        more: Whether an item wants more opinions than the usual number; None to ask until its label
            is decided, see `deciding`.
    """

    def __init__(self, collection: Collection, more: More | None = None) -> None:
        self.collection, self.more = collection, more
        self.estimates = Estimates()
        self.board = Board()
        self._guard = threading.Lock()

    def read(self) -> Board:
        """The board as it is now."""
        with self._guard, self.collection.store.read() as transaction:
            self.board.update(transaction)
            return self.board

    def next(self, who: str, now: float | None = None) -> Given | None:
        """The task of a person: the one that they have, or a new one; None where there is none.

        Args:
            who: The person.
            now: The time, seconds since 1970; for tests.
        """
        at = time.time() if now is None else now
        with self._writing() as transaction:
            project = project_in(transaction)
            if not may_begin(self.collection, transaction, who):
                return None
            mine = self.board.mine(who)
            for task in mine:
                if task.answer is None and at - task.since < project.lease:
                    given = self._given(transaction, project, task)
                    if given is not None:  # else its known answer was taken from the project
                        return given
            body = self._draw(transaction, project, who, at)
            if body is None:
                return None
            thread = draws.thread_id(self.collection.secret, "task", who, len(mine))
            transaction.append(thread, Kind.ASSIGNED, who, body)
            self.board.update(transaction)
            return self._given(transaction, project, self.board.tasks[thread])

    def look(self, who: str, task: str) -> Given | None:
        """A person's task; None where they have none of this id, or its item is gone."""
        with self._guard, self.collection.store.read() as transaction:
            self.board.update(transaction)
            held = self.board.tasks.get(task)
            if held is None or held.who != who:
                return None
            return self._given(transaction, project_in(transaction), held)

    def judge(self, who: str, task: str, token: str, verdict: Any) -> TaskAnswer:
        """Takes which of the two replies a person picks; see `verdicts`."""
        read = read_verdict(verdict)
        wrong = "A choice is a whole number from -4 to 4 other than 0, tie, both_bad, or skip."
        refused = wrong if read is None else ""
        return self._answer(who, task, token, (Kind.JUDGED, {"verdict": read}), refused)

    def review(self, who: str, task: str, token: str, tags: Any, rating: Any) -> TaskAnswer:
        """Takes what a reviewer says of a transcript.

        Args:
            who: The reviewer.
            task: The task.
            token: Of the form.
            tags: Some of the project's, at most `tags_each`, each once.
            rating: How far the attempt succeeded, 0–4.
        """
        project = self.collection.project()
        known = isinstance(tags, list | tuple) and all(tag in project.tags for tag in tags)
        refused = ""
        if not known or len(set(tags)) < len(tags) or len(tags) > project.tags_each:
            refused = f"Choose at most {project.tags_each} of the tags, each once."
        elif type(rating) is not int or not 0 <= rating <= 4:
            refused = "Rate from 0 to 4 how far the attempt succeeded."
        body = {"tags": [*tags] if known else [], "rating": rating}
        return self._answer(who, task, token, (Kind.REVIEWED, body), refused)

    def adjudicate(self, who: str, item: str, agrees: bool, said: str = "") -> None:
        """Decides on an item for all; see `adjudicating`.

        Raises:
            CollectionError: There is no such item, or `said` is too long.
        """
        refused = adjudicate(self.collection, who, item, agrees, said).refused
        if refused:
            raise CollectionError(refused)

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        """A transaction with the board as it is in it."""
        with self._guard:
            try:
                with self.collection.store.write() as transaction:
                    self.board.update(transaction)
                    yield transaction
            except BaseException:
                self.board = Board()  # it may know of an event that was undone
                raise

    def _answer(
        self,
        who: str,
        id: str,
        token: str,
        action: tuple[Kind, Mapping[str, Any]],
        refused: str,
    ) -> TaskAnswer:
        kind, body = action
        with self._writing() as transaction:
            task = self.board.tasks.get(id)
            if task is None or task.who != who:
                return TaskAnswer(None, False, NOT_THERE)
            project = project_in(transaction)
            reviews = project.mode == Mode.REVIEW
            if token != self.collection.token(id, 1) or reviews != (kind == Kind.REVIEWED):
                return TaskAnswer(task, False, STALE)
            if task.answer is not None:
                same = all(task.answer.get(name) == value for name, value in body.items())
                return TaskAnswer(task, False, "" if same else ANSWERED)
            if task.repeats is None and any(
                held.answer is not None and held.repeats is None and held.who == who
                for held in self.board.on(task.item)
            ):
                return TaskAnswer(task, False, HAD)
            if not may_begin(self.collection, transaction, who):
                refused = AGREE
            if refused:
                return TaskAnswer(task, False, refused)
            held = {**body, "instructions": project.instructions_sha256}
            transaction.append(id, kind, who, held, token)
            self.board.update(transaction)
            return TaskAnswer(self.board.tasks[id], True)

    def _draw(
        self, transaction: Transaction, project: Project, who: str, now: float
    ) -> dict[str, Any] | None:
        """What the next task of a person is about."""
        secret, nth = self.collection.secret, len(self.board.of_person.get(who, ()))
        if draws.chance(secret, "repeat", who, nth) < project.repeats:
            again = self.board.to_repeat(secret, who)
            if again is not None and project.mode != Mode.REVIEW:
                return {"item": again.item, "swapped": not again.swapped, "repeats": again.id}
        item = self._gold(project, who, nth) or self._wanted(transaction, project, who, now)
        if item is None:
            return None
        swapped = draws.is_swapped(secret, item, who)
        return {"item": item, "swapped": swapped, "repeats": None}

    def _wanted(
        self, transaction: Transaction, project: Project, who: str, now: float
    ) -> str | None:
        """The first item that wants an opinion of this person."""

        def find(always: bool) -> str | None:
            if self.more is None and self.estimates.update(self.board, project.mode, always):
                self.board.reopen()
            more = self.more or self.estimates.is_undecided
            return self.board.next_item(
                project, who, lambda item: self._author(transaction, item), now, more
            )

        return find(False) or find(True)  # by all that is known, before nothing is left

    def _gold(self, project: Project, who: str, nth: int) -> str | None:
        secret = self.collection.secret
        if draws.chance(secret, "gold", who, nth) >= project.gold_share:
            return None
        had = {task.item for task in self.board.mine(who)}
        left = [item.id for item in gold_items(project.gold) if item.id not in had]
        return draws.draw(secret, left, [1.0] * len(left), "gold", who) if left else None

    def _author(self, transaction: Transaction, id: str) -> str:
        item = find_item(transaction.db, id)
        return item.author if item else ""

    def _given(self, transaction: Transaction, project: Project, task: Task) -> Given | None:
        """A task with its item; None where that was known, and is no longer in the project."""
        known = {item.id: item for item in gold_items(project.gold)}
        item = known.get(task.item) or find_item(transaction.db, task.item)
        if item is None:
            return None
        return Given(task, item, self.collection.token(task.id, 1))
