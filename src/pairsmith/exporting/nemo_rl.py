"""NeMo-RL: `PreferenceDataset`, a context and two ranked completions.

Follows NeMo-RL's `docs/guides/dpo.md`, `examples/configs/dpo.yaml`,
`nemo_rl/data/datasets/preference_datasets/preference_dataset.py` and
`setup_preference_data` in `nemo_rl/data/utils.py`: one path to train on, which may be a pattern,
and named paths to validate on. A completion is a list of messages; that it passes on more of a
message than role and content, its documentation does not say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import Pair, Row, Unfit, has_no_prompt

HEAD = """\
# in place of these keys of `data` in a DPO configuration; PAIRS is the path of this folder
data:
  train:
    data_path: ${{oc.env:PAIRS}}/{pattern}
    split: train
  default:
    dataset_name: PreferenceDataset
"""


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The prompt as `context`; the chosen reply has rank 0."""
    return [
        {
            "id": pair.id,
            "context": pair.prompt,
            "completions": [
                {"rank": rank, "completion": reply}
                for rank, reply in enumerate((pair.chosen, pair.rejected))
            ],
        }
        for pair in pairs
    ]


def config(files: Sequence[ExportedFile]) -> Config:
    """The part of a configuration that is about data."""
    trained, tested = training_files(files), test_files(files)
    splits = {file.split for file in files if file.path in trained}
    names = splits.pop() if len(splits) == 1 else "train*"
    pattern = trained[0] if len(trained) == 1 else f"*/{names}.jsonl"
    text = HEAD.format(pattern=pattern)
    if tested:
        text += "  val_data_paths:\n"
        text += "".join(
            f"    {json.dumps(file.subset)}: ${{oc.env:PAIRS}}/{file.path}\n"
            for file in files
            if file.path in tested
        )
    return Config("nemo-rl.yaml", text)


FORMAT = Format(
    rows,
    config,
    {Unfit.NO_PROMPT: has_no_prompt},
    holds=frozenset({Unfit.SEVERAL_MESSAGES}),
    reserved=frozenset({"task_name"}),
)
