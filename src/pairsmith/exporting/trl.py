"""TRL, in two formats: pairs for DPOTrainer and RewardTrainer, single replies for KTOTrainer.

Pairs are the columns of a shard as they are, text or messages. Follows TRL's documentation,
"Dataset formats and types" (preference, with an explicit prompt), and `trl/trainer/dpo_trainer.py`
of TRL 1.16, which decides by the first row between the two forms and passes further columns over.

Single replies are two rows a pair, one reply each, and whether it is the wanted one. Follows the
same page (unpaired preference) and `trl/trainer/kto_trainer.py` of TRL 1.16. That estimates its KL
term from neighbouring rows: each prompt with the reply of the row before, within a batch, in the
order of the file. Were the two replies of a pair neighbours, each prompt would meet its own other
reply there. So the chosen replies of a run of pairs come first, then the rejected ones, as TRL's
own unpairing does.
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


def single_rows(pairs: Sequence[Pair]) -> list[Row]:
    """The chosen replies, then the rejected ones."""
    return [
        {"id": p.id, "prompt": p.prompt, "completion": reply, "label": wanted}
        for wanted in (True, False)
        for p, reply in ((p, p.chosen if wanted else p.rejected) for p in pairs)
    ]


def single_config(files: Sequence[ExportedFile]) -> Config:
    """A script that loads the files and trains on single replies."""
    return Config("train.py", script("KTO", files))


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
KTO = FORMAT._replace(rows=single_rows, config=single_config)
