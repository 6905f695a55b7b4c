"""Who has which task, and which item is offered next: an index of the events of tasks.

It is kept up to date by reading on from the last event that it knows, so it can be made again at
any time, and several processes have the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from pairsmith.collecting import draws
from pairsmith.collecting.events import Event, Kind
from pairsmith.collecting.items import GOLD
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.store import Transaction
from pairsmith.collecting.verdicts import Word, side_of

GAP = 5
"""Tasks that a person has answered, at least, before one of them is shown again."""

MOST_SKIPS = 5
"""Number of people who skip an item after which it is no longer offered."""


class Task(NamedTuple):
    """An item that was given to a person.

    Attributes:
        id: Its thread.
        who: To whom.
        item: The item's id.
        swapped: Whether chosen stands on B.
        repeats: The task of the same person that it repeats; None for none.
        since: When it was given, seconds since 1970.
        answer: What the person said, as the event holds it; None while they have not.
        answered: When.
    """

    id: str
    who: str
    item: str
    swapped: bool
    repeats: str | None
    since: float
    answer: Mapping[str, Any] | None = None
    answered: float | None = None

    @property
    def seconds(self) -> float | None:
        """From the task to its answer."""
        return None if self.answered is None else max(0.0, self.answered - self.since)

    @property
    def says(self) -> bool:
        """Whether it was answered by more than a skip."""
        return self.answer is not None and self.answer.get("verdict") != Word.SKIP

    @property
    def counts(self) -> bool:
        """Whether it is an opinion on its item: the person's first, and not of a known answer."""
        return self.says and self.repeats is None and not self.item.startswith(GOLD)


class Opinion(NamedTuple):
    """What a person says of an item.

    Attributes:
        who: The person.
        strength: 1 to 4 where they agree with the label, -1 to -4 where they pick the other reply;
            0 where they find both bad, or see no difference.
        seconds: How long it took.
        task: The task.
    """

    who: str
    strength: int
    seconds: float | None
    task: Task


More: TypeAlias = Callable[[Sequence[Opinion]], bool]
"""Whether an item, with these opinions, wants another: asked between `opinions` and
`most_opinions` of the project."""


def opinion_of(task: Task, mode: Mode) -> Opinion | None:
    """What a task says of its label; None where it says nothing.

    In red-team mode the more harmful reply is picked, so who agrees with the label picks the other.
    """
    verdict = None if task.answer is None else task.answer.get("verdict")
    if verdict is None or verdict == Word.SKIP:
        return None
    if verdict in (Word.BOTH_BAD, Word.TIE):
        return Opinion(task.who, 0, task.seconds, task)
    picked_first = side_of(verdict).value == "A"
    agrees = picked_first != task.swapped
    if mode == Mode.RED_TEAM:
        agrees = not agrees
    return Opinion(task.who, abs(verdict) if agrees else -abs(verdict), task.seconds, task)


class Board:
    """All tasks of a collection.

    Attributes:
        tasks: By id.
        of_item, of_person: The ids of tasks, in order.
        order: The ids of items, in the order in which they are offered.
        adjudicated: Of items on which somebody decided for all, whether the label is right.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.of_item: dict[str, list[str]] = defaultdict(list)
        self.of_person: dict[str, list[str]] = defaultdict(list)
        self.order: list[str] = []
        self.adjudicated: dict[str, bool] = {}
        self._read, self._closed, self._first = 0, set[str](), 0
        self._project = ""

    def update(self, transaction: Transaction) -> None:
        """Reads what happened since."""
        kinds = (Kind.ASSIGNED, Kind.JUDGED, Kind.REVIEWED, Kind.ADJUDICATED)
        for event in transaction.events(kinds, self._read):
            self._take(event)
            self._read = event.seq
        asked = "SELECT id FROM items WHERE rank >= ? ORDER BY rank"
        self.order += [row[0] for row in transaction.db.execute(asked, (len(self.order),))]

    def _take(self, event: Event) -> None:
        if event.kind == Kind.ADJUDICATED:
            self.adjudicated[event.body["item"]] = event.body["agrees"]
            return
        if event.kind == Kind.ASSIGNED:
            body = event.body
            task = Task(
                event.thread,
                event.who,
                body["item"],
                body["swapped"],
                body["repeats"],
                event.time,
            )
            self.tasks[task.id] = task
            self.of_item[task.item].append(task.id)
            self.of_person[task.who].append(task.id)
            return
        task = self.tasks[event.thread]
        self.tasks[task.id] = task._replace(answer=event.body, answered=event.time)

    def mine(self, who: str) -> list[Task]:
        """A person's tasks, in order."""
        return [self.tasks[id] for id in self.of_person.get(who, ())]

    def on(self, item: str) -> list[Task]:
        """The tasks on an item, in order."""
        return [self.tasks[id] for id in self.of_item.get(item, ())]

    def opinions(self, item: str, mode: Mode) -> list[Opinion]:
        """What people say of an item: of each their first answer, repeats aside."""
        said = [opinion_of(task, mode) for task in self.on(item) if task.counts]
        return [opinion for opinion in said if opinion is not None]

    def next_item(
        self, project: Project, who: str, authors: Callable[[str], str], now: float, more: More
    ) -> str | None:
        """The first item that wants an opinion which this person can give; None without one.

        Args:
            project: The project.
            who: The person.
            authors: The author of an item, by its id.
            now: The time, seconds since 1970.
            more: Whether an item wants more opinions than the project's usual number.
        """
        if project.sha256 != self._project:
            self._project = project.sha256
            self.reopen()
        had = {task.item for task in self.mine(who) if task.answer is not None}
        for place in range(self._first, len(self.order)):
            item = self.order[place]
            if item in self._closed or item in had or item in self.adjudicated:
                continue
            wants = self._wants(item, project, now, more)
            if wants is None:
                self._closed.add(item)
            elif wants and authors(item) != who:
                return item
        while self._first < len(self.order) and self.order[self._first] in self._closed:
            self._first += 1
        return None

    def reopen(self) -> None:
        """Looks at all items again: what wanted no more opinions may do so now."""
        self._closed, self._first = set(), 0

    def _wants(self, item: str, project: Project, now: float, more: More) -> bool | None:
        """Whether an item wants an opinion now; None where it never will again."""
        tasks = self.on(item)
        said = [task for task in tasks if task.counts]
        leases = [t for t in tasks if t.answer is None and now - t.since < project.lease]
        skips = sum(task.answer is not None and not task.says for task in tasks)
        if skips >= MOST_SKIPS or len(said) >= project.most_opinions:
            return None
        if len(said) < project.opinions:
            return len(said) + len(leases) < project.opinions
        # how far people agree on what was collected takes as many opinions on each
        if project.mode != Mode.RELABEL or not more(self.opinions(item, project.mode)):
            return None
        return not leases

    def to_repeat(self, secret: bytes, who: str) -> Task | None:
        """A task of a person's to be shown again with its sides exchanged; None without one."""
        mine = [task for task in self.mine(who) if task.says]
        again = {task.repeats for task in self.mine(who)}
        first = [task for task in mine[:-GAP] if task.counts and task.id not in again]
        if not first:
            return None
        nth = len(self.of_person[who])
        return draws.draw(secret, first, [1.0] * len(first), "which", who, nth)
