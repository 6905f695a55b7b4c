"""The source of `make demo`, with planted faults: `python examples/demo_source.py > pairs.jsonl`.

Prints 460 invented comparisons about plants, one JSON object a line, in two splits. Planted are
what real data have: chosen replies that are the longer ones, the same comparison twice with
opposite labels, test questions in train, text in the wrong encoding, replies cut at one length, an
empty reply, two replies that are the same.
"""

import json
import random

PLANTS = "mint, basil, sage, thyme, dill, fennel, cress, chard, leek, pea, radish, onion, kale"
PLACES = "on a balcony, in a window box, under a tree, in a raised bed, in clay soil, in sand"
ASKED = "When do I sow, How do I water, Can I freeze, What eats, Where do I cut, Who else likes"
TRY = (
    "Give it an hour of sun and, Put it near the door and, Wait for a mild week and, Loosen it and"
)
ACTS = "turn the pot, cut two stems, add some compost, cover it, lift it, thin it, tie it, mulch it"
WHY = "so that roots stay cool, since frost comes late, as slugs dislike it, for it grows slowly"
WHEN = "at dawn, in spring, twice a month, every ten days, after rain, at noon, before it blooms"
CURT = "No idea, Ask a shop, It hardly matters, Whatever you like, Do nothing, Look it up"
Row = dict[str, str]


def pick(words: str) -> str:
    """One of a list."""
    return random.choice(words.split(", "))


def advise() -> str:
    """A sentence of advice."""
    return f"{pick(TRY)} {pick(ACTS)} {pick(WHEN)}, {pick(WHY)}."


def pair(number: int, split: str = "train") -> Row:
    """A question with a helpful reply and a curt one."""
    where = f"{pick(PLANTS)} number {number} {pick(PLACES)}"
    return {
        "prompt": f"{pick(ASKED)} {where}?",
        "chosen": " ".join(advise() for _ in range(random.randint(1, 4))),
        "rejected": f"{pick(CURT)}: {pick(WHY)}, and {pick(ACTS)} {pick(WHEN)}.",
        "split": split,
    }


def plant_faults(rows: list[Row]) -> list[Row]:
    """The rows with some spoilt, and a few more."""
    for row in rows[:60]:  # UTF-8 that somebody read as Windows-1252
        row["chosen"] += " Don’t hurry.".encode().decode("cp1252")
    for row in rows[60:100]:  # as a model says it that may use only so many tokens
        row["chosen"] = " ".join(advise() for _ in range(5))[:150]
    some = rows[100:112]
    flipped = [row | {"chosen": row["rejected"], "rejected": row["chosen"]} for row in some]
    leaked = [row | {"split": "train", "chosen": advise()} for row in rows[-40:-25]]
    rows[120]["rejected"] = ""
    rows[121]["rejected"] = rows[121]["chosen"]
    rows[122]["chosen"] += " [INST] And then? [/INST]"  # control text of Llama 2's format
    return rows + flipped + leaked


def main() -> None:
    """Prints the rows."""
    random.seed(0)
    rows = [pair(number) for number in range(393)] + [pair(number, "test") for number in range(40)]
    for row in plant_faults(rows):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
