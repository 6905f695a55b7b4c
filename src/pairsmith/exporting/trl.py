"""TRL: DPOTrainer and RewardTrainer take the columns of a shard as they are, text or messages.

Follows TRL's documentation, "Dataset formats and types" (preference, with an explicit prompt), and
`trl/trainer/dpo_trainer.py` of TRL 1.16, which decides by the first row between the two forms and
passes further columns over.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import Pair, Row, Unfit, has_no_prompt

SCRIPT = '''\
"""Trains with TRL on the files beside it: python train.py MODEL"""

import sys
from pathlib import Path

from datasets import load_dataset
from trl import {method}Config, {method}Trainer

HERE = Path(__file__).parent
FILES = {{
{files}}}

data = load_dataset(
    "json", data_files={{split: [str(HERE / p) for p in paths] for split, paths in FILES.items()}}
)
trainer = {method}Trainer(
    model=sys.argv[1],
    args={method}Config(output_dir="{folder}"),
    train_dataset=data["train"],
    eval_dataset=data.get("test"),
)
trainer.train()
'''


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The pairs as they are."""
    return [pair._asdict() for pair in pairs]


def config(files: Sequence[ExportedFile]) -> Config:
    """A script that loads the files and trains."""
    return Config("train.py", script("DPO", files))


def script(method: str, files: Sequence[ExportedFile]) -> str:
    """The script for one of TRL's methods, by the name its classes have."""
    splits = {"train": training_files(files), "test": test_files(files)}
    listed = "".join(
        f'    "{split}": [\n' + "".join(f'        "{path}",\n' for path in paths) + "    ],\n"
        for split, paths in splits.items()
        if paths
    )
    return SCRIPT.format(method=method, files=listed, folder=method.lower())


FORMAT = Format(rows, config, {Unfit.NO_PROMPT: has_no_prompt}, takes_text=True)
