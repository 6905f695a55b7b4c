"""TRL, in three formats: pairs for DPOTrainer and RewardTrainer, single replies for KTOTrainer.

Pairs are the columns of a shard, text or messages. Follows TRL's documentation, "Dataset formats
and types" (preference, with an explicit prompt), and `trl/trainer/dpo_trainer.py` of TRL 1.16,
which decides by the first row between the two forms and passes further columns over. Messages go
to the chat template as they are, so they hold whatever that reads; `tools` is a text of JSON, which
the trainers parse, since no two rows need have tools of the same fields.

RewardTrainer (`trl/trainer/reward_trainer.py`) takes the same, and `margin`, which must be a number
in every row: 0 where a pair has none is the loss without a margin.

Single replies are two rows a pair, one reply each, and whether it is the wanted one. Follows the
same page (unpaired preference) and `trl/trainer/kto_trainer.py` of TRL 1.16. That estimates its KL
term from neighbouring rows: each prompt with the reply of the row before, within a batch, in the
order of the file. Were the two replies of a pair neighbours, each prompt would meet its own other
reply there. So the chosen replies of a run of pairs come first, then the rejected ones, as TRL's
own unpairing does.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format
from pairsmith.exporting.pair import RICH, Pair, Row, Unfit, has_no_prompt
from pairsmith.schema.splits import is_held_out, order_of

SCRIPT = '''\
"""Trains with TRL on the files beside it: python train.py MODEL"""

import sys
from pathlib import Path

from datasets import load_dataset
from trl import {method}Config, {method}Trainer

data = load_dataset(str(Path(__file__).parent))  # README.md there has its files and types
trainer = {method}Trainer(
    model=sys.argv[1],
    args={method}Config(output_dir="{folder}"),
    train_dataset=data["{train}"],
    eval_dataset={test},
)
trainer.train()
'''


RESERVED = frozenset(
    {
        "images", "image", "tools", "margin", "label", "completion", "chat_template_kwargs",
        "prompt_ids", "chosen_ids", "rejected_ids", "completion_ids", "chosen_input_ids",
        "rejected_input_ids", "ref_chosen_logps", "ref_rejected_logps", "input_ids",
        "attention_mask", "KL_completion_ids", "reference_logps", "reference_KL_logps",
    }
)  # fmt: skip
"""Columns that one of the trainers reads, or makes."""


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The pairs as they are."""
    return [
        {"id": p.id, "prompt": p.prompt, "chosen": p.chosen, "rejected": p.rejected, **_tools(p)}
        for p in pairs
    ]


def _tools(pair: Pair) -> Row:
    return {"tools": pair.tools_text} if pair.layout.tools else {}


def reward_rows(pairs: Sequence[Pair]) -> list[Row]:
    """The pairs, with their margins where the build has some."""
    made = rows(pairs)
    for row, pair in zip(made, pairs, strict=True):
        if pair.layout.margin:
            row["margin"] = 0.0 if pair.margin is None else pair.margin
    return made


def config(files: Sequence[ExportedFile]) -> Config:
    """A script that loads the files and trains."""
    return Config("train.py", script("DPO", files))


def single_rows(pairs: Sequence[Pair]) -> list[Row]:
    """The chosen replies, then the rejected ones."""
    return [
        {"id": p.id, "prompt": p.prompt, "completion": reply, "label": wanted, **_tools(p)}
        for wanted in (True, False)
        for p, reply in ((p, p.chosen if wanted else p.rejected) for p in pairs)
    ]


def single_config(files: Sequence[ExportedFile]) -> Config:
    """A script that loads the files and trains on single replies."""
    return Config("train.py", script("KTO", files))


def reward_config(files: Sequence[ExportedFile]) -> Config:
    """A script that loads the files and trains a reward model."""
    return Config("train.py", script("Reward", files))


def script(method: str, files: Sequence[ExportedFile]) -> str:
    """The script for one of TRL's methods, by the name its classes have."""
    splits = {file.split for file in files}
    train = min(splits, key=order_of)
    held_out = {split for split in splits - {train} if is_held_out(split)}
    others = sorted(held_out, key=lambda split: (split != "test", order_of(split)))
    test = f'data["{others[0]}"]' if others else "None"
    return SCRIPT.format(method=method, train=train, test=test, folder=method.lower())


FORMAT = Format(
    rows,
    config,
    {Unfit.NO_PROMPT: has_no_prompt},
    takes_text=True,
    holds=frozenset(RICH),
    reserved=RESERVED,
)
REWARD = FORMAT._replace(rows=reward_rows, config=reward_config, margins=True)
KTO = FORMAT._replace(rows=single_rows, config=single_config)
