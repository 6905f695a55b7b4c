"""Axolotl: `rl: dpo` with datasets of the type `chat_template.default`.

Follows axolotl's `docs/rlhf.qmd` and `src/axolotl/prompt_strategies/dpo/chat_template.py` of
axolotl 0.19. That renders each reply behind a user turn of its own, `[[dummy_message]]`, and cuts
the result where the reply's text is first found. A blank reply is found at the start, and one such
as `me` inside that turn, and the reply would then begin with it: such pairs are left out. Of a
message it reads role and content, and of a reply its last message.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import Pair, Row, Unfit, has_empty_reply, has_no_prompt

PLACEHOLDER = "[[dummy_message]]"

DATASET = """\
  - path: {path}
    ds_type: json
    split: train
    type: chat_template.default
    field_messages: messages
    field_chosen: chosen
    field_rejected: rejected
"""


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The prompt as `messages`, each reply as one message."""
    return [
        {"id": p.id, "messages": p.prompt, "chosen": p.chosen[0], "rejected": p.rejected[0]}
        for p in pairs
    ]


def config(files: Sequence[ExportedFile]) -> Config:
    """The configuration to start from. `split` is what a loader calls a lone file's rows."""
    trained, tested = training_files(files), test_files(files)
    text = "# run in this folder: axolotl train axolotl.yaml\n"
    text += "base_model: MODEL\nchat_template: tokenizer_default\nrl: dpo\ndatasets:\n"
    text += "".join(DATASET.format(path=path) for path in trained)
    if tested:
        text += "test_datasets:\n" + "".join(DATASET.format(path=path) for path in tested)
    return Config("axolotl.yaml", text + "output_dir: ./dpo\n")


def is_found_elsewhere(pair: Pair) -> bool:
    """Whether a reply also stands in the turn that axolotl puts in front of it."""
    return any(reply in PLACEHOLDER for reply in pair.replies)


FORMAT = Format(
    rows,
    config,
    {
        Unfit.NO_PROMPT: has_no_prompt,
        Unfit.EMPTY_REPLY: has_empty_reply,
        Unfit.FOUND_ELSEWHERE: is_found_elsewhere,
    },
)
