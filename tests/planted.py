"""Rows with known defects: a generator that says what it planted, by id."""

import json
import random
from collections import defaultdict
from typing import NamedTuple

SUBSETS = ("harmless-base", "helpful-base")


class Planted(NamedTuple):
    """What was planted, by ids.

    Attributes:
        duplicates: Each extra row, with the row that is to be kept.
        flipped: The rows of each group that contradict each other.
        cycles: The rows of each circle of three.
        leaks: By kind, each train row that knows a test row.
        rejected, chosen: By subset, the rows that go on from another's rejected or chosen reply.
    """

    duplicates: dict[str, str]
    flipped: set[frozenset[str]]
    cycles: set[frozenset[str]]
    leaks: dict[str, set[str]]
    rejected: dict[str, set[str]]
    chosen: dict[str, set[str]]


def talk(turns):
    speakers = ("Human", "Assistant")
    return "".join(f"\n\n{speakers[i % 2]}: {text}" for i, text in enumerate(turns))


class Rows:
    """Rows by subset and split, in an order that a seed decides, and the ids that this gives."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.held = []
        self.words = 0

    def text(self):
        """Some words that stand nowhere else."""
        self.words += 1
        return f"{self.chance.choice(['one', 'two', 'three'])} {self.words} words"

    def talk(self, turns=1):
        return [self.text() for _ in range(turns)]

    def add(self, subset, split, prompt, chosen, rejected):
        """Adds a row, and returns what stands for it until it has an id."""
        self.held.append((subset, split, [*prompt, chosen], [*prompt, rejected]))
        return len(self.held) - 1

    def fresh(self, subset, split, turns=1):
        return self.add(subset, split, self.talk(turns), self.text(), self.text())

    def of(self, place):
        subset, split, chosen, rejected = self.held[place]
        return subset, split, chosen[:-1], chosen[-1], rejected[-1]

    def write(self, folder):
        """Writes the rows; returns their ids, by what stands for them."""
        order = list(range(len(self.held)))
        self.chance.shuffle(order)
        lines, ids = defaultdict(list), {}
        for place in order:
            subset, split, chosen, rejected = self.held[place]
            lines[subset, split].append({"chosen": talk(chosen), "rejected": talk(rejected)})
            ids[place] = f"{subset}/{split}/{len(lines[subset, split])}"
        for (subset, split), rows in lines.items():
            path = folder / subset / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return ids


def plant(folder, seed, clean=60, each=6):
    """Writes a source with defects of every kind, `each` of each and in each subset."""
    rows = Rows(seed)
    chance = rows.chance
    clean_rows = [
        rows.fresh(subset, split, chance.choice([1, 3, 5]))
        for subset in SUBSETS
        for split in ("train", "train", "train", "test")
        for _ in range(clean)
    ]
    trained = [place for place in clean_rows if rows.held[place][1] == "train"]
    tested = [place for place in clean_rows if rows.held[place][1] == "test"]
    chance.shuffle(trained)
    chance.shuffle(tested)
    groups, flips, cycles = [], [], []
    leaks, follows = defaultdict(set), {"chosen": [], "rejected": []}
    for number in range(each * len(SUBSETS)):
        subset = SUBSETS[number % 2]
        first = trained.pop()
        _, _, prompt, chosen, rejected = rows.of(first)
        copies = [
            rows.add(subset, "train", prompt, chosen, rejected) for _ in range(1 + number % 2)
        ]
        groups.append([first, *copies])

        first = trained.pop()
        _, _, prompt, chosen, rejected = rows.of(first)
        flips.append([first, rows.add(subset, "train", prompt, rejected, chosen)])

        first = trained.pop()
        _, _, prompt, a, b = rows.of(first)
        c = rows.text()
        circle = [rows.add(subset, "train", prompt, *two) for two in ((b, c), (c, a))]
        cycles.append([first, *circle])

        for side in ("rejected", "chosen")[: 2 - number % 2]:  # the second subset goes one way
            first = trained.pop()
            _, _, prompt, chosen, rejected = rows.of(first)
            reply = chosen if side == "chosen" else rejected
            onward = [*prompt, reply, *rows.talk(1 if number % 3 else 3)]
            place = rows.add(subset, "train", onward, rows.text(), rows.text())
            follows[side].append((subset, place))

        test = tested.pop()
        _, _, prompt, chosen, rejected = rows.of(test)
        leaks["same_prompt"].add(rows.add(subset, "train", prompt, rows.text(), rows.text()))
        test = tested.pop()
        _, _, prompt, chosen, rejected = rows.of(test)
        reply = {"chosen": chosen, "rejected": rejected, "": rows.text()}
        side = chance.choice(["rejected", ""] if number % 2 else list(reply))
        onward = [*prompt, reply[side], rows.text()]
        place = rows.add(subset, "train", onward, rows.text(), rows.text())
        leaks["goes_on"].add(place)
        if side:
            follows[side].append((subset, place))
        test = rows.fresh(subset, "test", 5)
        _, _, prompt, *_ = rows.of(test)
        leaks["begins"].add(rows.add(subset, "train", prompt[:3], rows.text(), rows.text()))
        test = rows.fresh(subset, "test", 3)
        _, _, prompt, *_ = rows.of(test)
        other = [prompt[0], *rows.talk(2)]
        leaks["same_opening"].add(rows.add(subset, "train", other, rows.text(), rows.text()))
    ids = rows.write(folder)
    order = {id: place for place, id in enumerate(sorted(ids.values(), key=_in_order))}
    kept = {
        extra: group[0]
        for group in (sorted((ids[p] for p in g), key=order.get) for g in groups)
        for extra in group[1:]
    }
    sides = {
        side: {
            subset: {ids[place] for owner, place in held if owner == subset} for subset in SUBSETS
        }
        for side, held in follows.items()
    }
    for kind in leaks:
        leaks[kind] = {ids[place] for place in leaks[kind]}
    return Planted(
        kept,
        {frozenset(ids[p] for p in group) for group in flips},
        {frozenset(ids[p] for p in group) for group in cycles},
        dict(leaks),
        sides["rejected"],
        sides["chosen"],
    )


def _in_order(id):
    subset, split, number = id.split("/")
    return subset, split, int(number)
