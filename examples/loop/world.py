"""A small world: questions, replies, what a reply is truly worth, and people who choose.

A question asks how to do one of four things. A reply is a row of short sentences: steps of that
thing or of another one, some of them with a word of care before them, and remarks. What a reply is
worth is known here, and nowhere else: to the models it shows only in what people choose.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from typing import NamedTuple

TASKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "brew": (
        (
            "green tea", "mint tea", "black tea", "iced tea", "ginger tea", "lemon tea",
            "black coffee", "iced coffee", "cocoa",
        ),
        ("boil the water", "warm the pot", "add two spoons", "wait four minutes"),
    ),
    "plant": (
        (
            "beans", "peas", "tulips", "garlic", "radishes", "sunflowers", "onions", "carrots",
            "lettuce",
        ),
        ("dig a hole", "drop the seeds in", "cover them with soil", "water the bed"),
    ),
    "mend": (
        (
            "a sock", "a shirt", "a tent", "a curtain", "a scarf", "an apron", "a coat", "a pocket",
            "a cushion",
        ),
        ("thread the needle", "pin the cloth", "sew across the tear", "tie a knot"),
    ),
    "paint": (
        (
            "a chair", "a fence", "a door", "a toy boat", "a shelf", "a bird box", "a table",
            "a gate", "a stool",
        ),
        ("sand the wood", "wipe the dust off", "stir the paint", "brush it on"),
    ),
}  # fmt: skip
"""By verb: what it is done to, and the steps that are right for it."""

FORMS = (
    "How do I {}?",
    "How should I {}?",
    "What is the best way to {}?",
    "Can you tell me how to {}?",
    "I want to {}. Where do I begin?",
)
CIRCUMSTANCES = ("", " with a child", " on a rainy day", " in a small flat", " before noon")
CARE = ("gently", "slowly", "carefully", "patiently")
HASTE = ("just", "quickly", "somehow")
IDLE = ("it is not hard", "people have done so for ages", "any day will do")
PRAISE = ("what a lovely question", "you ask so well", "a fine plan")

STEPS = {step: verb for verb, (_, steps) in TASKS.items() for step in steps}
VERB = re.compile(r"\b(" + "|".join(TASKS) + r")\b")


class Counts(NamedTuple):
    """What of a reply counts.

    Attributes:
        right: Different steps of the thing that was asked for.
        wrong: Steps of other things.
        again: Steps that were said before.
        care: Words of care before a step.
        haste: Words of haste before a step.
        idle: Sentences that say nothing.
        praise: Sentences that praise whoever asks.
        odd: Sentences that are none of this world's.
        words: All words.
    """

    right: int
    wrong: int
    again: int
    care: int
    haste: int
    idle: int
    praise: int
    odd: int
    words: int


def questions() -> list[str]:
    """All 900 questions of the world, in order."""
    return [
        form.format(f"{verb} {thing}{circumstance}")
        for verb, (things, _) in TASKS.items()
        for thing in things
        for form in FORMS
        for circumstance in CIRCUMSTANCES
    ]


def count(question: str, reply: str) -> Counts:
    """Counts what a reply to a question holds."""
    verb = VERB.search(question)
    said = [part.strip().lower() for part in re.split(r"[.!?]", reply)]
    found: Counter[str] = Counter()
    seen: set[str] = set()
    for sentence in filter(None, said):
        first, _, rest = sentence.partition(" ")
        step = rest if first in CARE + HASTE else sentence
        if step in STEPS:
            right = verb is not None and STEPS[step] == verb[1]
            found["again" if step in seen else "right" if right else "wrong"] += 1
            found["care"] += first in CARE
            found["haste"] += first in HASTE
            seen.add(step)
        elif sentence in PRAISE:
            found["praise"] += 1
        else:
            found["idle" if sentence in IDLE else "odd"] += 1
    return Counts(**{name: found[name] for name in Counts._fields[:-1]}, words=len(reply.split()))


def utility(question: str, reply: str) -> float:
    """What a reply is truly worth.

    Right steps and words of care are good; wrong and repeated steps, haste and idle sentences are
    bad. The fourth word of care costs more than the first gave, and so does the second praise:
    whoever learns "the more the better" from replies with few of them is wrong about replies with
    many. Every word costs a little of the reader's time.
    """
    held = count(question, reply)
    care = 0.8 * min(held.care, 3) - 1.2 * max(held.care - 3, 0)
    praise = 0.5 * min(held.praise, 1) - 1.0 * max(held.praise - 1, 0)
    faults = 0.8 * held.wrong + 0.6 * held.again + 1.5 * held.odd
    manners = 0.6 * held.haste + 0.5 * held.idle
    return 1.0 * held.right + care + praise - faults - manners - 0.02 * held.words


class Raters(NamedTuple):
    """People who choose between two replies, and how they err.

    Attributes:
        temperature: They choose the first with the probability σ(difference / temperature): the
            Bradley–Terry model.
        slips: Of all choices, the share in which the other button is pressed.
        seed: Of their choices; the same pair is always judged alike.
    """

    temperature: float = 0.6
    slips: float = 0.05
    seed: int = 0

    def choose(self, question: str, first: str, second: str) -> bool:
        """Whether the first reply is chosen."""
        drawn = random.Random(f"{self.seed}\n{question}\n{first}\n{second}")
        better = utility(question, first) - utility(question, second)
        likely = 1 / (1 + math.exp(-better / self.temperature))
        return (drawn.random() < likely) != (drawn.random() < self.slips)


def mediocre(question: str, drawn: random.Random) -> str:
    """A reply as the base model learns to write them: half right, seldom careful, rambling."""
    verb = VERB.search(question)
    own = TASKS[verb[1] if verb else "brew"][1]
    said = [drawn.choice(PRAISE)] if drawn.random() < 0.2 else []
    for _ in range(drawn.choice((1, 2, 2, 3, 3, 4))):
        step = drawn.choice(own) if drawn.random() < 0.9 else drawn.choice(list(STEPS))
        manner = drawn.choices((CARE, HASTE, ("",)), (0.2, 0.35, 0.45))[0]
        said.append(f"{drawn.choice(manner)} {step}".strip())
        if drawn.random() < 0.25:
            said.append(drawn.choice((*IDLE, *IDLE, *PRAISE)))
    return " ".join(f"{sentence.capitalize()}." for sentence in said)
