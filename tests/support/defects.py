"""Sources of which it is known which rows repeat, leak, contradict others or are mislabelled."""

import json
import random

from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows, refused_rows

GOOD = ("clear", "exact", "patient", "careful", "useful", "kind", "honest", "simple", "gentle")
BAD = ("whatever", "nonsense", "rude", "lazy", "wrong", "vague", "silly", "harsh", "sloppy")
THINGS = [f"thing{number}" for number in range(300)]

ROWS = 700
"""Rows of train that labels are judged on."""


def row(asked, better, worse):
    prompt = f"\n\nHuman: {asked}\n\nAssistant:"
    return {"chosen": f"{prompt} {better}", "rejected": f"{prompt} {worse}"}


def turned(held):
    """The same pair with the other preference."""
    return {"chosen": held["rejected"], "rejected": held["chosen"]}


def told(number):
    """A pair of its own, by number: the better reply has words that better replies have."""
    words = random.Random(number)
    better, worse = (
        " ".join(words.choice(of) if place % 2 else words.choice(THINGS) for place in range(8))
        for of in (GOOD, BAD)
    )
    return row(f"Tell me of case {number}, please.", better, worse)


def is_mislabelled(number):
    return number % 10 == 3


def labelled(number):
    """The pair with its label, which is wrong for one in ten."""
    return turned(told(number)) if is_mislabelled(number) else told(number)


def write_source(folder, **files):
    """Writes files such as `helpful_train`, each a list of rows."""
    for name, rows in files.items():
        subset, _, split = name.rpartition("_")
        path = folder / subset / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(held) + "\n" for held in rows), encoding="utf-8")
    return folder


def write_doubtful(folder):
    """A source of which one label in ten is wrong, in train and in test."""
    train, test = range(ROWS), range(ROWS, ROWS + 60)
    rows = {"one_train": [*map(labelled, train)], "one_test": [*map(labelled, test)]}
    return write_source(folder, **rows)


def write_planted(folder):
    """Two subsets of a few rows; what becomes of which is in `PLANTED`."""
    a, b, c, d, e, f = (told(1000 + number) for number in range(6))
    long = " ".join(f"word{number}" for number in range(60))
    near = [row("What is it?", f"{long} it ends {n}", f"{long} no end {n}") for n in range(2)]
    prompt = e["chosen"].rpartition("\n\nAssistant:")[0]
    same_prompt = {
        side: f"{prompt}\n\nAssistant: another {side}" for side in ("chosen", "rejected")
    }
    return write_source(
        folder,
        one_train=[a, told(1), b, a, c, turned(c), told(2), d, turned(f)],
        one_test=[d, e, d, f],
        two_train=[told(3), b, same_prompt, turned(b), {"chosen": "", "rejected": ""}],
        three_train=[near[0], near[1], near[1], near[0]],
    )


PLANTED = {
    "duplicates": {
        "one/train/4": "the same pair as one/train/1",
        "one/train/8": "the same pair as one/test/1",
        "two/train/2": "the same pair as one/train/3",
        "three/train/3": "the same pair as three/train/2",
        "three/train/4": "the same pair as three/train/1",
    },
    "near": {
        "three/train/2": "nearly the same pair as three/train/1 (Jaccard 0.9",
        "three/train/3": "nearly the same pair as three/train/1 (Jaccard 0.9",
    },
    "flipped": {
        "one/train/3": "two/train/4",
        "one/train/5": "one/train/6",
        "one/train/6": "one/train/5",
        "one/train/9": "one/test/4",
        "two/train/2": "two/train/4",
        "two/train/4": "one/train/3",
    },
    "leaks": {
        "one/train/8": "one/test/1",
        "one/train/9": "one/test/4",
        "two/train/3": "one/test/2",
    },
}
"""For each action the rows that it takes out, by themselves, and what their details hold."""


def refused(out):
    """Reason and detail of each refused row of a build, by id."""
    return {row.id: (row.reason, row.detail) for row in refused_rows(out, read_manifest(out))}


def kept(out):
    """Each kept row of a build, by id."""
    return {row["id"]: row for row in kept_rows(out, read_manifest(out))}
