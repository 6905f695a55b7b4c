"""Preference rows whose labels follow a stated utility, so that the best possible is known.

Replies are bags of mild words, each with a weight. The utility of a reply is its mean weight times
`sharpness`, and where a prompt is about tea and not about plants, with every weight's sign turned
round if `topics`. Of two replies a person picks a with probability 1 / (1 + exp(u_b - u_a)), as
Bradley and Terry have it. Whoever knows the weights is right in a mean of max(p, 1 - p) of the
rows, and sure to p: no model can do better, and one that learnt all there is does as well.
"""

import json
import random
from dataclasses import dataclass, replace
from functools import cache
from math import exp, fsum
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

VOCABULARY = (
    "basil mint sage thyme rosemary parsley dill chive tulip daisy lily rose ivy fern moss clover "
    "apple pear plum cherry peach melon lemon fig bread honey butter jam soup rice bean pea "
    "river meadow hill garden orchard pond path bench"
)
WORDS = tuple(VOCABULARY.split())
"""What replies are made of."""
TOPICS = {
    "plants": {"pot", "soil", "seed", "leaf", "root", "stem", "petal", "sprout"},
    "tea": {"cup", "kettle", "steam", "leaves", "sip", "pour", "saucer", "spoon"},
}
"""What prompts are made of, by what they are about."""
QUESTION = "which goes with"


class Drawn(NamedTuple):
    """A row before it is written.

    Attributes:
        turns: The prompt: contents of the user and the assistant by turns, the user's last.
        chosen, rejected: The replies, as they are labelled.
        better: How much better the chosen reply is, by the stated utility; below 0 where the label
            goes against it.
        odds: The probability of this label, among all labels of these two replies.
    """

    turns: tuple[str, ...]
    chosen: str
    rejected: str
    better: float
    odds: float


@dataclass(frozen=True)
class Utility:
    """What people want of a reply, and how they label.

    Attributes:
        sharpness: How much a mean weight counts; weights have mean 0 and variance about 1.
        topics: Whether what a prompt is about turns the weights round.
        noise: The share of labels that are turned round whatever the replies are.
        exchanged: Whether all labels are exchanged: the reply that was picked is the rejected one.
        shortest, longest: Of a reply, in words.
        most_turns: Of a conversation, the user's: from 1 on, as many of each.
        seed: Of the weights.
    """

    sharpness: float = 4.0
    topics: bool = False
    noise: float = 0.0
    exchanged: bool = False
    shortest: int = 4
    longest: int = 8
    most_turns: int = 1
    seed: int = 0

    def utility(self, prompt, reply):
        """The utility of a reply behind the last turn of a prompt."""
        turned = -1 if self.topics and TOPICS["tea"] & set(prompt.split()) else 1
        words, weights = reply.split(), weigh_words(self.seed)
        return turned * self.sharpness * fsum(weights[word] for word in words) / len(words)

    def draw(self, count, seed):
        """Rows, drawn with a seed: `count` of them, in which no two replies of a row are equal."""
        chance = random.Random(f"{self.seed} {seed}")
        return [self._row(chance) for _ in range(count)]

    def _row(self, chance):
        turns = [self._prompt(chance)]
        for _ in range(chance.randrange(self.most_turns)):
            turns += [self._reply(chance), self._prompt(chance)]
        left, right = self._reply(chance), self._reply(chance)
        while sorted(left.split()) == sorted(right.split()):
            right = self._reply(chance)
        better = self.utility(turns[-1], left) - self.utility(turns[-1], right)
        picked = self.noise + (1 - 2 * self.noise) * logistic(better)
        if chance.random() >= picked:
            left, right, better, picked = right, left, -better, 1 - picked
        if self.exchanged:
            left, right, better = right, left, -better
        return Drawn(tuple(turns), left, right, better, picked)

    def _prompt(self, chance):
        words = sorted(TOPICS[chance.choice(sorted(TOPICS))])
        return f"{QUESTION} {' '.join(chance.choice(words) for _ in range(3))}"

    def _reply(self, chance):
        length = chance.randint(self.shortest, self.longest)
        return " ".join(chance.choice(WORDS) for _ in range(length))

    def exchange(self):
        """The same, with all labels exchanged: the same replies, the other one chosen."""
        return replace(self, exchanged=not self.exchanged)


@cache
def weigh_words(seed):
    """The weight of every word: the quantiles of a normal distribution, in some order."""
    places = [(number + 0.5) / len(WORDS) for number in range(len(WORDS))]
    weights = [NormalDist().inv_cdf(place) for place in places]
    random.Random(seed).shuffle(weights)
    return dict(zip(WORDS, weights, strict=True))


def logistic(value):
    """1 / (1 + exp(-value))."""
    return 1 / (1 + exp(-value))


def best_possible(rows):
    """The share of rows that whoever knows the utility expects to be right about."""
    return fsum(max(row.odds, 1 - row.odds) for row in rows) / len(rows)


def best_reached(rows):
    """The share that whoever knows the utility is right about, as the labels of rows fell."""
    return sum(row.odds > 0.5 for row in rows) / len(rows)


def transcript(turns, reply):
    """A conversation as HH-RLHF has it."""
    speakers = ("Human", "Assistant")
    contents = (*turns, reply)
    return "".join(f"\n\n{speakers[place % 2]}: {text}" for place, text in enumerate(contents))


def write_rows(path, rows, **fields):
    """Writes rows as lines of JSON that `pairsmith build` reads, of the shape `hh`.

    Args:
        path: The file; its folder is made.
        rows: What was drawn.
        fields: By name, what else a row holds: a function of what was drawn.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", encoding="utf-8") as file:
        for row in rows:
            sides = {side: transcript(row.turns, getattr(row, side)) for side in SIDES}
            more = {name: made(row) for name, made in fields.items()}
            file.write(json.dumps(sides | more) + "\n")


SIDES = ("chosen", "rejected")


def write_source(folder, utility, train, test, subsets=("garden",)):
    """Writes a folder with a subset or several, each of two splits.

    Args:
        folder: Where; `folder/SUBSET/train.jsonl` and `test.jsonl` are written.
        utility: The stated utility, of all subsets.
        train, test: How many rows of each.
        subsets: Names.

    Returns:
        The rows of the test splits, by subset.
    """
    drawn = {}
    for subset in subsets:
        for split, count in (("train", train), ("test", test)):
            rows = utility.draw(count, f"{subset}/{split}")
            write_rows(Path(folder) / subset / f"{split}.jsonl", rows)
            drawn[subset, split] = rows
    return {subset: drawn[subset, "test"] for subset in subsets}
