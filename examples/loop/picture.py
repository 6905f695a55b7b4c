"""The picture of a loop: rounds, a reward pushed too far, and what errors of people cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

GOLD, PROXY, WATCH, HELD = "#b8860b", "#2166ac", "#7a7a7a", "#1b7837"


def draw(found: dict[str, Any], path: Path) -> None:
    """Draws what `results.json` holds.

    Args:
        found: The results.
        path: The file to write; its name tells the format.
    """
    with plt.rc_context({"font.size": 9, "axes.spines.top": False, "svg.hashsalt": "loop"}):
        figure, axes = plt.subplots(1, 4, figsize=(12, 3.1), layout="constrained")
        _draw_rounds(axes[0], axes[1], found["rounds"])
        _draw_push(axes[2], found["pushed"])
        _draw_noise(axes[3], found["noise"])
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)
        plt.close(figure)


def _draw_rounds(left: Any, right: Any, rounds: list[dict[str, Any]]) -> None:
    at = range(len(rounds))
    names = ["base", *(f"round {number}" for number in at[1:])]
    _bars(left, at, [one["utility"] for one in rounds], GOLD, "true utility")
    left.set_title("What replies are worth")
    _bars(right, at, [one["elo_true"] for one in rounds], GOLD, "by true utility")
    _bars(right, at, [one["elo_model"] for one in rounds], PROXY, "by the preference model")
    right.set_title("Elo above the base model")
    for axis in (left, right):
        axis.set_xticks(at, names)
        axis.legend(frameon=False)


def _draw_push(axis: Any, pushed: dict[str, Any]) -> None:
    runs = {name: run for name, run in pushed["runs"].items() if name.isdigit()}
    at, held = [int(name) for name in runs], pushed["runs"]["with-kl"]
    _bars(axis, at, [run["score"] for run in runs.values()], PROXY, "its reward")
    _bars(axis, at, [run["watch"] for run in runs.values()], WATCH, "what watches")
    other = axis.twinx()
    _bars(other, at, [run["utility"] for run in runs.values()], GOLD, "true utility")
    other.errorbar(at[-1:], *held["utility"][:2], fmt="s", color=HELD, label="… with KL")
    if pushed["stopped_at"]:
        axis.axvline(pushed["stopped_at"], color="0.6", linestyle=":", label="stopped here")
    axis.set_title("A reward pushed without KL")
    axis.set_xlabel("steps")
    axis.legend(frameon=False, loc="center left")
    other.legend(frameon=False, loc="lower left")


def _draw_noise(axis: Any, noise: list[dict[str, Any]]) -> None:
    at = [100 * one["slips"] for one in noise]
    _bars(axis, at, [one["gold"] for one in noise], GOLD, "true utility of its best of 16")
    axis.set_ylabel("true utility")
    axis.set_xlabel("wrong button, % of choices")
    other = axis.twinx()
    _bars(other, at, [one["accuracy"] for one in noise], PROXY, "its accuracy")
    axis.set_title("What people's errors cost")
    axis.legend(frameon=False, loc="lower left")
    other.legend(frameon=False, loc="upper right")


def _bars(axis: Any, at: Any, values: list[Any], colour: str, label: str) -> None:
    """Means with their reaches, joined."""
    middle, reach = ([one[place] for one in values] for place in (0, 1))
    axis.errorbar(list(at), middle, reach, fmt="o-", color=colour, capsize=3, label=label)
