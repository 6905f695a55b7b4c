"""Builds whose truth is known, models trained on them by the command line, and what they say."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq

from support.models.commands import succeed
from support.models.folders import write_causal
from support.models.tokenizers import write_tokenizer
from support.models.utility import WORDS, write_source

RECIPE = (
    *("--learning-rate", "3e-3"),
    *("--per-device-train-batch-size", "20"),
    *("--gradient-accumulation-steps", "1"),
)
"""With these, 110,000 weights learn a stated utility in some hundred steps."""


class Scored(NamedTuple):
    """Scores of the rows of one split, in order.

    Attributes:
        chosen, rejected: Shape (rows,), float64.
    """

    chosen: np.ndarray
    rejected: np.ndarray

    @property
    def margins(self):
        """How much higher the chosen reply scores, shape (rows,)."""
        return self.chosen - self.rejected

    @property
    def accuracy(self):
        """The share of rows whose chosen reply scores higher."""
        return float(np.mean(self.margins > 0))


def write_base(folder):
    """A model of about 110,000 random weights, that knows the words."""
    tokenizer = write_tokenizer(folder, [f"{word} {word}" for word in WORDS])
    return write_causal(folder, tokenizer=tokenizer, hidden=64, layers=2)


def build_planted(folder, utility, train, test, *options):
    """Draws rows and builds them; returns the build and the rows of its test split."""
    drawn = write_source(folder / "rows", utility, train, test)
    succeed("build", folder / "rows", folder / "build", *options)
    return folder / "build", drawn["garden"]


def train_and_score(build, run, base, *options):
    """Trains a model on a build and scores the build with it, as `build/annotations/NAME`.

    Args:
        build: The build.
        run: The run's folder; its name is that of the annotation.
        base: The model to begin with.
        options: Of the training.

    Returns:
        The processor time that the training took, in seconds.
    """
    trained = succeed("train", "reward", build, run, "--model", base, *RECIPE, *options)
    succeed("score", build, "--model", run, "--name", run.name)
    return trained.busy


def read_scores(build, name, split="test"):
    """The scores of one split of the subset `garden`, in the order of rows."""
    paths = sorted((Path(build) / "annotations" / name).glob("*.parquet"))
    rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
    begin = f"garden/{split}/"
    mine = [row for row in rows if row["id"].startswith(begin)]
    mine.sort(key=lambda row: int(row["id"].removeprefix(begin)))
    columns = ([row[name] for row in mine] for name in ("chosen_score", "rejected_score"))
    return Scored(*(np.array(column, np.float64) for column in columns))


def calibration_error(margins, bins=10):
    """The expected calibration error, over bins of as many rows each.

    What is sure to p, in the mean of a bin, is to be right in a share of p.
    """
    sure = 1 / (1 + np.exp(-np.abs(margins)))
    right = np.where(margins > 0, 1.0, 0.0)
    order = np.argsort(sure, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [len(part) * abs(right[part].mean() - sure[part].mean()) for part in parts]
    return float(sum(gaps) / len(margins))
