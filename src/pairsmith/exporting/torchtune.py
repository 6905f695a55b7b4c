"""torchtune: `preference_dataset`, two whole conversations a row.

Follows torchtune's `torchtune/datasets/_preference.py` and `ChosenRejectedToMessages` of 0.6.1,
which reads the columns `chosen` and `rejected` and takes system, user and assistant turns; of a
message it reads role and content.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import Pair, Row, Unfit, has_no_prompt

DATASET = """\
{name}:
  _component_: torchtune.datasets.preference_dataset
  source: json
  data_files:
{paths}  split: train
  train_on_input: false
"""


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The prompt with each of the replies behind it."""
    return [
        {"id": p.id, "chosen": p.prompt + p.chosen, "rejected": p.prompt + p.rejected}
        for p in pairs
    ]


def config(files: Sequence[ExportedFile]) -> Config:
    """The part of a recipe's configuration that is about data.

    The DPO recipes of 0.6.1 do not evaluate and pass `dataset_val` over; others read it.
    """
    text = "# in place of `dataset` in the configuration of a DPO recipe; run it in this folder\n"
    text += _dataset("dataset", training_files(files))
    if test_files(files):
        text += _dataset("dataset_val", test_files(files))
    return Config("torchtune.yaml", text)


def _dataset(name: str, paths: Sequence[str]) -> str:
    return DATASET.format(name=name, paths="".join(f"    - {path}\n" for path in paths))


FORMAT = Format(
    rows,
    config,
    {Unfit.NO_PROMPT: has_no_prompt},
    holds=frozenset({Unfit.SEVERAL_MESSAGES}),
)
