"""The numbers of an evaluation as tables of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairsmith.evaluating.verdict import BASELINES, figure, percent, points, rate
from pairsmith.reporting.tables import Table
from pairsmith.reporting.wording import number

Numbers = Mapping[str, Any]
COUNTS = ["rows", "conversations"]


def counts_table(numbers: Numbers) -> Table:
    """What became of the rows."""
    held = numbers["rows"]
    rows = [
        ["kept pairs of the build", number(held["kept"])],
        ["scored", number(held["scored"])],
        ["one side's score missing", number(held["one_side_missing"])],
        *([f"not said: {why}", number(count)] for why, count in held["not_said"].items()),
        [f"judged: {_judged(held)}", number(held["judged"])],
        ["of these, ties", number(held["judged_ties"])],
        ["of these, of a conversation also in train", number(held["conversation_also_in_train"])],
    ]
    return Table("", ["", "rows"], rows)


def _judged(held: Numbers) -> str:
    if held["by_folds"]:
        return "all, each by a model of other rows"
    return "held-out splits" if held["is_held_out"] else "all, of train alone"


def accuracy_table(numbers: Numbers) -> Table:
    """Accuracy of the model and of what it is beside."""
    held = numbers["accuracy"]
    rows = [["all that was judged", *_rate(held["all"]), ""]]
    rows += [[name, *_rate(found), ""] for name, found in held["by_place"].items()]
    for name, found in held["baselines"].items():
        if found:
            gap = points(found["model_less_this"])
            rows.append([BASELINES[name], *_rate(found["accuracy"]), gap])
    people = held["people"]
    rows.append([people["of"], f"about {100 * people['share']:.0f} %", "", "", ""])
    return Table("Accuracy", ["", "accuracy", *COUNTS, "model less this"], rows)


def groups_table(caption: str, groups: Mapping[str, Numbers]) -> Table:
    """Accuracy by group."""
    return Table(
        caption,
        ["", "accuracy", *COUNTS],
        [[name, *_rate(found)] for name, found in groups.items()],
    )


def margins_table(numbers: Numbers) -> Table:
    """Accuracy by |margin|."""
    rows = [
        [
            f"{step['from']:.3g} to {step['to']:.3g}",
            *_rate(step["accuracy"]),
            percent(step["if_calibrated"]),
        ]
        for step in numbers["accuracy"]["by_margin"]
    ]
    return Table("By |margin|", ["log-odds", "accuracy", *COUNTS, "if calibrated"], rows)


def calibration_table(numbers: Numbers) -> Table:
    """The numbers of calibration."""
    held = numbers["calibration"]
    after = held["with_temperature"]
    rows = [
        ["expected calibration error", _share(held["ece"])],
        ["the same by chance, if calibrated", _share(held["ece_by_chance"])],
        ["Brier score (0.25 by guessing)", figure(held["brier"], ".4f")],
        ["log loss (0.6931 by guessing)", figure(held["log_loss"], ".4f")],
        ["temperature that fits", figure(held["temperature"], ".3g")],
    ]
    if after:
        rows += [
            ["error with that temperature", _share(after["ece"])],
            ["log loss with it", f"{after['log_loss']:.4f}"],
        ]
    return Table("", ["", "value"], rows)


def length_table(numbers: Numbers) -> Table:
    """What length has to do with scores."""
    held = numbers["length"]
    weights, related = held["logistic"], held["correlation"]
    matched = held["matched_accuracy"]
    rows = [
        ["the model prefers the longer reply", rate(held["model_prefers_longer"])],
        ["the labels prefer it", rate(held["labels_prefer_longer"])],
        ["the difference", points(held["model_less_labels"])],
        [
            f"accuracy where lengths differ by at most {100 * held['matched_within']:.0f} % "
            f"({matched['rows']:,} rows)",
            rate(matched),
        ],
        [
            "correlation of margin with length difference",
            _known(related["margins_with_difference"]),
        ],
        ["correlation of scores with length", _known(related["scores_with_length"])],
        ["weight of the margin alone", _known(weights["margin_alone"])],
        ["weight of the margin after length", _known(weights["margin"])],
        ["weight of a doubling of length after the margin", _known(weights["doubling"])],
    ]
    return Table("", ["", "value"], rows)


def choosing_table(numbers: Numbers) -> Table:
    """Best-of-n."""
    rows = [
        [
            number(step["n"]),
            f"{step['distance']:.3f}",
            figure(step["gain"]),
            figure(step["gain_by_other"]),
            figure(step["reachable"]),
            number(step["gain"]["rows"]),
        ]
        for step in numbers["against"]["curve"]
    ]
    columns = [
        "n",
        "distance",
        "as the first sees it",
        "as the second does",
        "reachable",
        "prompts",
    ]
    return Table("Gains over a reply at random, in log-odds", columns, rows)


def dialogues_table(numbers: Numbers) -> Table:
    """What can be said of dialogues."""
    held = numbers["dialogues"]
    rows = [["dialogues", number(held["dialogues"])], ["mean of scores", figure(held["mean"])]]
    for name, estimate in held["rank_correlation"].items():
        rows.append([f"rank correlation with {name.replace('_', ' ')}", figure(estimate)])
    return Table("", ["", "value"], rows)


def _rate(found: Numbers) -> list[str]:
    return [rate(found), number(found["rows"]), number(found["conversations"])]


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def _known(estimate: Numbers | None) -> str:
    return "none fits" if estimate is None else figure(estimate, ".3f")
