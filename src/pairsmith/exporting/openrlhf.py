"""OpenRLHF: `train_dpo` and `train_rm` with a prompt key and the tokenizer's chat template.

Follows OpenRLHF's documentation, "Common CLI Options", and, of OpenRLHF 0.11.2,
`openrlhf/cli/train_dpo.py`, `openrlhf/datasets/utils.py` (how files are loaded) and
`openrlhf/datasets/reward_dataset.py`, which appends each reply's list of messages to the prompt's,
and hands them to the chat template as they are, but no tools; `train_rm` reads `margin`, null for
none.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import Pair, Row, Unfit, has_no_prompt


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The pairs as they are, in messages, with their margins where the build has some."""
    return [
        {"id": p.id, "prompt": p.prompt, "chosen": p.chosen, "rejected": p.rejected}
        | ({"margin": p.margin} if p.layout.margin else {})
        for p in pairs
    ]


def config(files: Sequence[ExportedFile]) -> Config:
    """A command to start from. `train` is what a loader calls a lone file's rows."""
    options = [
        "--model.model_name_or_path MODEL",
        f"--data.dataset {','.join(training_files(files))}",
        "--data.prompt_key prompt",
        "--data.chosen_key chosen",
        "--data.rejected_key rejected",
        "--data.apply_chat_template",
        "--data.max_len 2048",
        "--ckpt.output_dir ./dpo",
    ]
    tested = test_files(files)
    if tested:
        options.insert(2, f"--eval.dataset {','.join(tested)} --eval.split train")
    lines = ["deepspeed --module openrlhf.cli.train_dpo", *options]
    return Config("train.sh", "# run in this folder\n" + " \\\n  ".join(lines) + "\n")


FORMAT = Format(
    rows,
    config,
    {Unfit.NO_PROMPT: has_no_prompt},
    holds=frozenset({Unfit.SEVERAL_MESSAGES, Unfit.REASONING, Unfit.SPEAKER_NAMES}),
    reserved=frozenset({"margin"}),
    margins=True,
)
