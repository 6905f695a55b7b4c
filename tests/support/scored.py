"""Builds whose labels follow a known utility, and annotations with scores of their rows."""

import json

import numpy as np

import pairsmith

WORDS = ["moss", "fern", "tea", "pot", "leaf", "rain", "seed", "soil", "bloom", "root"]
SCORER = pairsmith.Annotator(
    "pairsmith score", "1", {"model": {"name": "planted", "sha256": "0" * 64}}
)


def talk(turns):
    said = (f"\n\n{('Human', 'Assistant')[place % 2]}: {text}" for place, text in enumerate(turns))
    return "".join(said)


def plant(folder, rows, *, subsets=("moss", "tea"), splits=("train", "test"), seed=0):
    """Writes and builds conversations of up to four turns, and scores of a model that is right.

    A label agrees with a margin m with the chance sigmoid(m), so that margins are calibrated.

    Args:
        folder: Where the source and the build go.
        rows: In each subset and split.
        subsets, splits: Their names.
        seed: Of all of it.

    Returns:
        The folder of the build, and by id the scores of chosen and rejected.
    """
    chance = np.random.default_rng(seed)

    def say():
        return " ".join(chance.choice(WORDS, chance.integers(3, 30)))

    for subset in subsets:
        for split in splits:
            lines = []
            while len(lines) < rows:
                turns = [f"{say()} {chance.integers(1_000_000_000)}"]
                for _ in range(chance.integers(1, 5)):
                    chosen, rejected = say(), say()
                    pair = {"chosen": talk([*turns, chosen]), "rejected": talk([*turns, rejected])}
                    lines.append(json.dumps(pair))
                    turns += [chosen, say()]
            path = folder / "source" / subset / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines[:rows]) + "\n")
    out = folder / "out"
    pairsmith.build(str(folder / "source"), out)
    ids = [
        f"{subset}/{split}/{number}"
        for subset in subsets
        for split in splits
        for number in range(1, rows + 1)
    ]
    margins = calibrated(chance, len(ids))
    return out, {id: (margin + 0.25, 0.25) for id, margin in zip(ids, margins, strict=True)}


def calibrated(chance, count, spread=1.5):
    """Margins, each of which agrees with its label as often as it says."""
    sure = np.abs(chance.normal(0, spread, count))
    return np.where(chance.random(count) < 1 / (1 + np.exp(-sure)), sure, -sure)


def annotate(out, name, scores, annotator=SCORER, **columns):
    """Writes scores as `pairsmith score` does."""
    labels = {1: "agrees", 0: "tied", -1: "contradicts"}
    statements = [
        {
            "id": id,
            "label": labels[int(np.sign(chosen - rejected))],
            "score": float(chosen - rejected),
            "detail": None,
            "chosen_score": float(chosen),
            "rejected_score": float(rejected),
            **columns,
        }
        for id, (chosen, rejected) in scores.items()
    ]
    return pairsmith.annotate(out, name, statements, annotator)
