"""The verdict: five sentences or so, in words, with numbers and intervals, before all tables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pairsmith.evaluating.accuracy import PEOPLE, Apart
from pairsmith.statistics.bootstrap import FEW

BASELINES = {
    "shorter": "the shorter reply wins",
    "longer": "the longer reply wins",
    "hashed_words": "hashed words",
}
"""The names of baselines in sentences."""

Numbers = Mapping[str, Any]


def percent(share: float) -> str:
    """A share as a percentage with one decimal.

    >>> percent(0.6312)
    '63.1 %'
    """
    return f"{100 * share:.1f} %"


def rate(estimate: Numbers) -> str:
    """A share with its interval, in words."""
    if estimate["estimate"] is None:
        return "–"
    if estimate["low"] is None:
        return f"{percent(estimate['estimate'])} (too few for an interval)"
    low, high = (f"{100 * estimate[end]:.1f}" for end in ("low", "high"))
    return f"{percent(estimate['estimate'])} ({low} to {high})"


def points(estimate: Numbers) -> str:
    """A difference of shares with its interval, in points."""
    if estimate["estimate"] is None:
        return "–"
    middle = f"{100 * estimate['estimate']:+.1f} points"
    if estimate["low"] is None:
        return f"{middle} (too few for an interval)"
    return f"{middle} ({100 * estimate['low']:+.1f} to {100 * estimate['high']:+.1f})"


def figure(estimate: Numbers, form: str = ".2f") -> str:
    """A number with its interval, in words."""
    if estimate["estimate"] is None:
        return "–"
    if estimate["low"] is None:
        return f"{estimate['estimate']:{form}} (too few for an interval)"
    return f"{estimate['estimate']:{form}} ({estimate['low']:{form}} to {estimate['high']:{form}})"


def verdict_on_pairs(numbers: Numbers, apart: list[Apart], out: str) -> list[str]:
    """The five lines on scores of pairs.

    Args:
        numbers: As `evaluation.json` holds them.
        apart: The groups that stand out, worst first.
        out: The folder of the build, for commands.
    """
    if numbers["rows"]["judged_ties"] == numbers["rows"]["judged"]:
        return [
            _on_accuracy(numbers),
            "Calibration. There is nothing to calibrate.",
            "Length. There is no preference that length could play a part in.",
            "Where it fails. Everywhere.",
            f"Next. Look at how the model was trained and loaded, then score {out} again.",
        ]
    return [
        _on_accuracy(numbers),
        _on_calibration(numbers),
        _on_length(numbers),
        _on_groups(numbers, apart),
        _on_next(numbers, out),
    ]


def _on_accuracy(numbers: Numbers) -> str:
    held, rows = numbers["accuracy"]["all"], numbers["rows"]
    count = f"{rows['judged']:,} {'held-out' if rows['is_held_out'] else 'training'} rows"
    if rows["judged_ties"] == rows["judged"]:
        return f"Accuracy. Both sides of all {count} have one score: these scores tell nothing."
    of = f"{count} ({held['conversations']:,} conversations)"
    if held["low"] is None:
        right = round(held["estimate"] * held["rows"])
        return (
            f"Accuracy. It agrees with {right:,} of the labels of {of}: too few to say how good it "
            f"is, since an interval takes {FEW} conversations."
        )
    said = "no better than chance"
    if held["low"] > 0.5:
        said = "better than chance"
    elif held["high"] < 0.5:
        said = "worse than chance, as if scores or labels were the wrong way round"
    learnt = "" if rows["is_held_out"] else " It may have learnt these labels by heart."
    return (
        f"Accuracy. It agrees with {rate(held)} of the labels of {of}, {said}.{learnt}"
        f"{_beside(numbers['accuracy']['baselines'])} Researchers and crowd workers agree with "
        f"each other in about {100 * PEOPLE:.0f} %."
    )


def _beside(baselines: Numbers) -> str:
    there = {name: held for name, held in baselines.items() if held}
    if not there:
        return ""
    best = max(there, key=lambda name: there[name]["accuracy"]["estimate"])
    gap = there[best]["model_less_this"]
    said = "not told apart from it"
    if gap["low"] is not None and gap["low"] > 0:
        said = "ahead of it"
    elif gap["high"] is not None and gap["high"] < 0:
        said = "behind it"
    return (
        f" The best baseline, {BASELINES[best]}, has {rate(there[best]['accuracy'])}: the model is "
        f"{said}, {points(gap)}."
    )


def _on_calibration(numbers: Numbers) -> str:
    held = numbers["calibration"]
    temperature = held["temperature"]
    error = (
        f"The expected calibration error is {percent(held['ece'])}; a calibrated model would show "
        f"about {percent(held['ece_by_chance'])} on this number of rows."
    )
    if temperature["estimate"] is None:
        wrong = numbers["rows"]["judged_contradicted"]
        why = "it is no better than chance" if wrong else "it contradicts no label"
        return f"Calibration. No temperature fits, for {why}. {error}"
    if temperature["low"] is None:
        return f"Calibration. Too few conversations to say. {error}"
    if numbers["accuracy"]["all"]["low"] <= 0.5:
        return f"Calibration. It is no better than chance: how sure it is means nothing. {error}"
    fits = f"A temperature of {figure(temperature, '.3g')} fits"
    if temperature["low"] > 1:
        said = f"{fits}: it is surer than it should be. Divide its scores by that."
    elif temperature["high"] < 1:
        said = f"{fits}: it is less sure than it could be. Divide its scores by that."
    else:
        said = f"{fits}, which 1 is among: its margins can be read as log-odds."
    return f"Calibration. {said} {error}"


def _on_length(numbers: Numbers) -> str:
    held = numbers["length"]
    gap, matched = held["model_less_labels"], held["matched_accuracy"]
    if gap["estimate"] is None:
        return "Length. The two replies of every row are of one length: it plays no part."
    prefers = (
        f"It prefers the longer reply in {rate(held['model_prefers_longer'])} of rows, the labels "
        f"do in {rate(held['labels_prefer_longer'])}"
    )
    said = "no bias can be told"
    if gap["low"] is not None and gap["low"] > 0:
        said = f"a bias for longer replies of {points(gap)}"
    elif gap["high"] is not None and gap["high"] < 0:
        said = f"a bias for shorter replies of {points(gap)}"
    alike = (
        f"Where both are of about one length, it is right in {rate(matched)} "
        f"({matched['rows']:,} rows)"
    )
    if matched["low"] is None:
        alike = f"Of pairs of about one length there are too few ({matched['rows']:,})"
    elif matched["low"] <= 0.5 and numbers["accuracy"]["all"]["low"] > 0.5:
        alike += ", no better than chance: what it knows may be length"
    return f"Length. {prefers}: {said}. {alike}."


def _on_groups(numbers: Numbers, apart: list[Apart]) -> str:
    if numbers["accuracy"]["all"]["low"] is None:
        return "Where it fails. Too few rows to compare subsets, turns or lengths."
    worse = [one for one in apart if one.difference < 0][:3]
    if not worse:
        return "Where it fails. No subset, turn or length is worse than the others beyond chance."
    told = "; ".join(
        f"{_name_of(one)} {rate(one.accuracy.to_dict())}, "
        f"{100 * one.difference:+.1f} points against all else"
        for one in worse
    )
    return f"Where it fails. {told}."


def _name_of(one: Apart) -> str:
    """A group in words."""
    return {"turn": "turn ", "length": "chosen "}.get(one.title, "") + one.name


def _on_next(numbers: Numbers, out: str) -> str:
    place, name = shlex.quote(out), numbers["scores"]["name"]
    held = numbers["contradicted"]
    if held["count"] and held["annotation"]:
        return (
            f"Next. Of all scored rows {held['count']:,} have a label that it contradicts with a "
            f"chance of at least {100 * held['sure']:.0f} %. Read some: pairsmith show {place} "
            f"--annotation {held['annotation']}"
        )
    if held["count"]:
        first = held["rows"][0]["id"]
        return (
            f"Next. Of all scored rows {held['count']:,} have a label that it surely contradicts; "
            f"they are in evaluation.json. Read one: pairsmith show {place} --id {first}"
        )
    if not numbers["rows"]["is_held_out"]:
        return f"Next. Score rows of test, then: pairsmith evaluate {place} --scores {name}"
    if (numbers["accuracy"]["all"]["low"] or 0) <= 0.5:
        return (
            "Next. It has not learnt these labels, or too few are judged: score more rows, or "
            f"train longer. What is wrong with the data: pairsmith audit {place}"
        )
    return (
        "Next. It is nowhere so sure that it could correct a label. What is wrong with the data: "
        f"pairsmith audit {place}"
    )


def verdict_on_dialogues(numbers: Numbers, out: str) -> list[str]:
    """The five lines on scores of dialogues alone."""
    held = numbers["dialogues"]
    found = [
        f"{name.replace('_', ' ')} {figure(estimate)}"
        for name, estimate in held["rank_correlation"].items()
    ]
    validity = f"Rank correlation with {'; '.join(found)}." if found else "There are none."
    return [
        f"Accuracy. Not applicable: {held['dialogues']:,} dialogues have no label.",
        "Calibration. Not applicable, for the same reason.",
        f"Scores. The lowest score of a dialogue is {figure(held['mean'])} on average.",
        f"Beside the scores and ratings of the source. {validity}",
        f"Next. Look at some: pairsmith show {shlex.quote(out)} "
        f"--annotation {numbers['scores']['name']}",
    ]
