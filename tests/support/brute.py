"""What the audit finds, found by brute force: plain Python over strings, nothing of pairsmith.

Run as a program it prints what it finds in one file: `python tests/support/brute.py FILE.jsonl.gz`.
"""

import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from itertools import permutations
from typing import NamedTuple

MARK = re.compile(r"\n\n(Human|Assistant):")


class Row(NamedTuple):
    """A row; transcripts are tuples of (speaker, content), the reply last."""

    id: str
    subset: str
    split: str
    chosen: tuple
    rejected: tuple

    @property
    def kept(self):
        sides = (self.chosen, self.rejected)
        return (
            self.prompt == self.rejected[:-1]
            and all(side[-1][0] == "Assistant" and all(said for _, said in side) for side in sides)
            and [who for who, _ in self.prompt] == (["Human", "Assistant"] * 99)[: len(self.prompt)]
            and self.chosen != self.rejected
        )

    @property
    def prompt(self):
        return self.chosen[:-1]

    @property
    def beginnings(self):
        """Of the prompt, shorter than it."""
        return [self.prompt[:depth] for depth in range(1, len(self.prompt))]

    @property
    def begun(self):
        """Those that hold a reply, and the prompt if it does."""
        every = [*self.beginnings, self.prompt]
        return {turns for turns in every if any(who == "Assistant" for who, _ in turns)}

    @property
    def order(self):
        """Rows of test first, then as they stand."""
        return self.split != "test", self.subset, int(self.id.rsplit("/", 1)[1])


def turns(text):
    """A transcript's speakers and stripped contents."""
    _, *rest = MARK.split(text)
    return tuple(zip(rest[::2], (said.strip() for said in rest[1::2]), strict=True))


def read(path, subset="harmless-base", split="test"):
    """The rows of a file."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            sides = turns(row["chosen"]), turns(row["rejected"])
            yield Row(f"{subset}/{split}/{number}", subset, split, *sides)


def read_folder(folder):
    """The rows of all files of a source."""
    for path in sorted(folder.rglob("*.jsonl")):
        yield from read(path, path.parent.name, path.stem)


def groups(rows, key):
    """Rows by what they have in common, each group in order."""
    found = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.order):
        found[key(row)].append(row)
    return list(found.values())


def duplicates(rows):
    """Each row that repeats a pair, with the one that stays."""
    alike = groups(rows, lambda row: (row.chosen, row.rejected))
    return {row.id: first.id for first, *more in alike for row in more}


def flipped(rows):
    """The rows of each pair that is preferred both ways."""
    alike = groups(rows, lambda row: frozenset([row.chosen, row.rejected]))
    return {
        frozenset(row.id for row in group)
        for group in alike
        if len({row.chosen for row in group}) > 1
    }


def reach(edges, start):
    """What can be come to from a reply."""
    found, left = set(), [start]
    while left:
        new = {worse for better, worse in edges if better == left[0]} - found
        found |= new
        left = [*left[1:], *new]
    return found


def has_circle(edges, replies):
    """Whether three replies or more are preferred each to the next, and the last to the first."""
    rounds = (r for size in range(3, len(replies) + 1) for r in permutations(replies, size))
    return any(all(step in edges for step in zip(r, (*r[1:], r[0]), strict=True)) for r in rounds)


def circles(rows):
    """The rows among replies that lead to one another, if some of these go in a circle."""
    found = set()
    for group in groups(rows, lambda row: row.prompt):
        edges = {(row.chosen, row.rejected) for row in group}
        ways = {reply: reach(edges, reply) for edge in edges for reply in edge}
        for reply in ways:
            mutual = {other for other in ways[reply] if reply in ways[other]}
            if has_circle(edges, mutual):
                inside = [row for row in group if {row.chosen, row.rejected} <= mutual]
                found.add(frozenset(row.id for row in inside))
    return found


def link(one, other):
    """How two rows are linked, seen from the first; None where they are not, or hardly."""
    if one.prompt == other.prompt:
        return "same_prompt"
    if {other.chosen, other.rejected} & set(one.beginnings):
        return "goes_on"
    if {one.chosen, one.rejected} & set(other.beginnings):
        return "begins"
    return "same_beginning" if one.begun & other.begun else None


KINDS = ("same_prompt", "goes_on", "begins", "same_beginning", "same_opening")


def leaks(rows):
    """Each train row that knows a test row, and the closest way in which it does."""
    found = {}
    for row in (row for row in rows if row.split == "train"):
        tested = [other for other in rows if other.split == "test"]
        ways = {link(row, other) for other in tested}
        if any(row.prompt[0] == other.prompt[0] for other in tested):
            ways.add("same_opening")
        if ways - {None}:
            found[row.id] = min(ways - {None}, key=KINDS.index)
    return found


def conversations(rows):
    """The rows that are linked, or linked by others: sets of ids."""
    sets = {row.id: {row.id} for row in rows}
    for row in rows:
        for other in rows:
            if link(row, other) and sets[row.id] is not sets[other.id]:
                joined = sets[row.id] | sets[other.id]
                sets.update(dict.fromkeys(joined, joined))
    return {frozenset(ids) for ids in sets.values()}


def directions(rows):
    """What goes on from what in one subset."""
    found = {}
    for side in ("chosen", "rejected"):
        owners = defaultdict(set)
        for row in rows:
            owners[getattr(row, side)].add(row.id)
        others = {
            row.id: [turns for turns in row.beginnings if owners.get(turns, set()) - {row.id}]
            for row in rows
        }
        found[f"any_depth_from_{side}"] = sum(map(bool, others.values()))
        found[f"last_turn_from_{side}"] = sum(row.prompt[:-1] in others[row.id] for row in rows)
        found[f"replies_{side}"] = len({turns for held in others.values() for turns in held})
    return found


def count(rows):
    """What the audit counts, over all rows or those that are kept."""
    return {
        "rows": len(rows),
        **directions(rows),
        "chosen_longer": sum(len(row.chosen[-1][1]) > len(row.rejected[-1][1]) for row in rows),
        "duplicates": len(duplicates(rows)),
        "flipped": len(flipped(rows)),
        "repeated_prompts": sum(n > 1 for n in Counter(row.prompt for row in rows).values()),
    }


if __name__ == "__main__":
    from pathlib import Path

    held = list(read(Path(sys.argv[1])))
    kept = [row for row in held if row.kept]
    print(json.dumps({"all": count(held), "kept": count(kept)}, indent=1))
