"""Rows with known defects: a generator that says what it planted, by id."""

import json
import random
from collections import Counter, defaultdict
from typing import NamedTuple

SUBSETS = ("harmless-base", "helpful-base")
TRAIN, TEST = "train", "test"


class Planted(NamedTuple):
    """What was planted, by ids.

    Attributes:
        rows: How many rows there are.
        duplicates: Each extra row, with the row that is to be kept.
        across_subsets, across_splits: Groups of duplicates that lie in several.
        flipped: The rows of each group that contradict each other.
        cycles: The rows of each circle.
        other_replies: Prompts that have other replies elsewhere.
        leaks: By kind, each train row that knows a test row.
        leaked: Test conversations that are in train.
        rejected, chosen: By subset, the rows that go on from another's rejected or chosen reply.
        mislabelled: Rows whose label was turned round, and that have no other defect.
    """

    rows: int
    duplicates: dict[str, str]
    across_subsets: int
    across_splits: int
    flipped: set[frozenset[str]]
    cycles: set[frozenset[str]]
    other_replies: int
    leaks: dict[str, set[str]]
    leaked: int
    rejected: dict[str, set[str]]
    chosen: dict[str, set[str]]
    mislabelled: set[str]


class FsspecPath(NamedTuple):
    """A row before it has an id: contents of turns, the prompt and two replies."""

    number: int
    subset: str
    split: str
    prompt: list[str]
    chosen: str
    rejected: str


def talk(turns):
    speakers = ("Human", "Assistant")
    return "".join(f"\n\n{speakers[i % 2]}: {text}" for i, text in enumerate(turns))


class Garden:
    """Rows and what is wrong with them; a seed decides all.

    Args:
        seed: Of the order, and of what is planted where.
        stock: Sound rows to begin with, each a prompt's turns and two replies, no two of which open
            alike; without them some are made up.
    """

    def __init__(self, seed, stock):
        self.chance = random.Random(seed)
        self.words = 0
        self.places = []
        self.stock = [*stock] or [
            [self.say(odd), self.word(), self.word()] for odd in [1, 3, 5] * 150
        ]
        self.chance.shuffle(self.stock)
        self.duplicates, self.flips, self.circles, self.mislabelled = [], [], [], []
        self.leaks, self.leaked, self.other_replies = defaultdict(list), 0, 0
        self.onward = {"chosen": [], "rejected": []}

    def word(self):
        """Some words that stand nowhere else."""
        self.words += 1
        return f"{self.chance.choice(['One', 'two', 'three'])} {self.words} words"

    def say(self, turns):
        return [self.word() for _ in range(turns)]

    def add(self, subset, split, prompt, chosen, rejected):
        place = FsspecPath(len(self.places), subset, split, prompt, chosen, rejected)
        self.places.append(place)
        return place

    def sound(self, subset, split, turns=None):
        """One of the stock; one that is made up where the prompt's length matters."""
        if turns is None:
            return self.add(subset, split, *self.stock.pop())
        return self.add(subset, split, self.say(turns), self.word(), self.word())

    def repeat(self, subset, other):
        """Equal pairs: in one split, in two subsets, in train and test."""
        for where, split, more in (
            (subset, TRAIN, 1), (subset, TRAIN, 2), (other, TRAIN, 1), (subset, TEST, 1)
        ):  # fmt: skip
            first = self.sound(subset, TRAIN)
            copies = [self.add(where, split, *first[3:]) for _ in range(more)]
            self.duplicates.append([first, *copies])
            if split == TEST:
                self.leaks["same_prompt"].append(first)
                self.leaked += 1

    def contradict(self, subset, other):
        """Flipped pairs, in one subset and in two; two in a chain, which is no circle; circles."""
        for where in (subset, other):
            first = self.sound(subset, TRAIN)
            prompt, a, b = first[3:]
            self.flips.append([first, self.add(where, TRAIN, prompt, b, a)])
        first = self.sound(subset, TRAIN)
        prompt, a, b = first[3:]
        c = self.word()
        others = [self.add(subset, TRAIN, prompt, *two) for two in ((b, a), (b, c), (c, b))]
        self.flips += [[first, others[0]], others[1:]]
        self.other_replies += 1
        for size in (3, 4):
            first = self.sound(subset, TRAIN)
            prompt, *replies = first[3:]
            replies += self.say(size - 2)
            steps = zip(replies[1:], [*replies[2:], replies[0]], strict=True)
            self.circles.append([first, *(self.add(subset, TRAIN, prompt, *two) for two in steps)])
            self.other_replies += 1

    def mislead(self, subset, other):
        """What looks like a defect and is none: an order, and one pair under another prompt."""
        prompt, a, b = self.sound(subset, TRAIN)[3:]
        c = self.word()
        self.add(other, TRAIN, prompt, b, c)
        self.add(subset, TRAIN, prompt, a, c)
        self.other_replies += 1
        self.add(subset, TRAIN, [f"{prompt[0]}!", *prompt[1:]], a, b)
        self.add(subset, TRAIN, [prompt[0].swapcase(), *prompt[1:]], b, a)

    def go_on(self, subset, sides):
        """Rows that go on from a reply: with its next turn, or later."""
        for side in sides:
            for more in (1, 3):
                first = self.sound(subset, TRAIN)
                onward = [*first.prompt, getattr(first, side), *self.say(more)]
                self.onward[side].append(self.add(subset, TRAIN, onward, *self.say(2)))

    def leak(self, subset, other, sides):
        """Train rows that know a test row, once in each way."""
        test = self.sound(subset, TEST)
        self.leaks["same_prompt"].append(self.add(other, TRAIN, test.prompt, *self.say(2)))
        self.other_replies += 1
        for side in sides:
            test = self.sound(subset, TEST)
            onward = [*test.prompt, getattr(test, side), *self.say(3)]
            self.leaks["goes_on"].append(self.add(subset, TRAIN, onward, *self.say(2)))
            self.onward[side].append(self.leaks["goes_on"][-1])
            train = self.sound(subset, TRAIN)
            onward = [*train.prompt, getattr(train, side), *self.say(1)]
            self.onward[side].append(self.add(subset, TEST, onward, *self.say(2)))
            self.leaks["begins"].append(train)
        test = self.sound(subset, TEST, 3)
        for turns in ([*test.prompt[:2], self.word()], [*test.prompt, *self.say(2)]):
            self.leaks["same_beginning"].append(self.add(subset, TRAIN, turns, *self.say(2)))
        self.leaked += 2 + 2 * len(sides)
        test = self.sound(subset, TEST, 3)
        for turns in ([test.prompt[0], *self.say(2)], test.prompt[:1]):
            self.leaks["same_opening"].append(self.add(subset, TRAIN, turns, *self.say(2)))

    def mislabel(self, share):
        """Turns round the labels of some of the stock that are left, all of which are put in."""
        for number, (prompt, chosen, rejected) in enumerate(self.stock):
            subset, split = SUBSETS[number % 2], TEST if number % 7 == 0 else TRAIN
            if split == TRAIN and self.chance.random() < share:
                self.mislabelled.append(self.add(subset, split, prompt, rejected, chosen))
            else:
                self.add(subset, split, prompt, chosen, rejected)

    def write(self, folder):
        """Writes the rows in some order as HH-RLHF has them; returns their ids, by number."""
        self.chance.shuffle(self.places)
        lines, ids = defaultdict(list), {}
        for place in self.places:
            rows = lines[place.subset, place.split]
            sides = {side: talk([*place.prompt, getattr(place, side)]) for side in SIDES}
            rows.append(json.dumps(sides))
            ids[place.number] = f"{place.subset}/{place.split}/{len(rows)}"
        for (subset, split), rows in lines.items():
            path = folder / subset / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        return ids


SIDES = ("chosen", "rejected")


def plant(folder, seed, stock=(), each=3, mislabelled=0.1):
    """Writes a source with defects of every kind, and says which they are.

    Args:
        folder: Where to.
        seed: Of all that is decided by chance.
        stock: As `Garden`.
        each: How often each defect is planted, in each subset.
        mislabelled: The share of the other train rows whose labels are turned round.
    """
    garden = Garden(seed, stock)
    for subset, other in (SUBSETS, SUBSETS[::-1]) * each:
        sides = ("rejected", "chosen")[: 1 + (subset == SUBSETS[0])]  # the second goes one way
        garden.repeat(subset, other)
        garden.contradict(subset, other)
        garden.mislead(subset, other)
        garden.go_on(subset, sides)
        garden.leak(subset, other, sides)
    garden.mislabel(mislabelled)
    ids = garden.write(folder)
    groups = [sorted(group, key=lambda p: order(ids[p.number])) for group in garden.duplicates]

    def named(places):
        return {ids[place.number] for place in places}

    def by_subset(places):
        return {subset: named(p for p in places if p.subset == subset) for subset in SUBSETS}

    def spread(column):
        return sum(len(Counter(getattr(p, column) for p in group)) > 1 for group in groups)

    return Planted(
        rows=len(ids),
        duplicates={ids[p.number]: ids[first.number] for first, *more in groups for p in more},
        across_subsets=spread("subset"),
        across_splits=spread("split"),
        flipped={frozenset(named(group)) for group in garden.flips},
        cycles={frozenset(named(group)) for group in garden.circles},
        other_replies=garden.other_replies,
        leaks={kind: named(places) for kind, places in garden.leaks.items()},
        leaked=garden.leaked,
        rejected=by_subset(garden.onward["rejected"]),
        chosen=by_subset(garden.onward["chosen"]),
        mislabelled=named(garden.mislabelled),
    )


def order(id):
    """Rows of test first, then as they stand."""
    subset, split, number = id.split("/")
    return split != TEST, subset, int(number)
