"""ms-swift: `swift rlhf --rlhf_type dpo`, the chosen conversation and the other reply.

Follows ms-swift's `docs/source_en/Customization/Custom-dataset.md` and, of ms-swift 4.6,
`swift/dataset/preprocessor/core.py`, which deletes a row whose replies are the same, and
`swift/template/base.py`, which joins neighbouring turns of one speaker: a prompt that ends in an
assistant turn would lose its end to the chosen reply.

The other reply is a text, `rejected_response`, or, where a build has tools or replies of several
messages, the whole conversation with it, `rejected_messages`. Calls of tools are read as OpenAI has
them (`normalize_openai_tool_calls` in `swift/template/template_inputs.py`), arguments and tools as
texts of JSON. What else a message holds is removed, reasoning and names of speakers among it.
`--rlhf_type rm` reads `margin`, null for none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import (
    Pair,
    Row,
    Unfit,
    has_bad_roles,
    is_identical,
    write_arguments,
)

RESERVED = frozenset(
    {
        "label", "channel", "margin", "tools", "objects", "images", "videos", "audios",
        "teacher_prompt", "teacher_images", "chat_template_kwargs", "ref_audios", "audio_codes",
        "questions", "kinds", "options", "target_probs", "state", "question_ids", "criteria",
        "system", "image", "audio", "video", "loss", "loss_scale", "conversation", "conversations",
        "query", "response", "history", "instruction", "input", "output",
    }
)  # fmt: skip
"""Columns that ms-swift reads, or takes for another shape of rows."""


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The prompt with the chosen reply behind it, and the rejected reply."""
    return [
        {"id": p.id, "messages": write_arguments(p.prompt + p.chosen), **_rejected(p)}
        | ({"tools": p.tools_text} if p.layout.tools else {})
        | ({"margin": p.margin} if p.layout.margin else {})
        for p in pairs
    ]


def _rejected(pair: Pair) -> Row:
    if pair.layout.tools or pair.layout.several:
        return {"rejected_messages": write_arguments(pair.prompt + pair.rejected)}
    return {"rejected_response": pair.replies[1]}


def has_joined_turns(pair: Pair) -> bool:
    """Whether the prompt's turns are out of turn, or any neighbours would be joined."""
    conversations = (pair.turns + pair.chosen, pair.turns + pair.rejected)
    return has_bad_roles(pair) or any(
        one["role"] == other["role"] != "tool"
        for turns in conversations
        for one, other in pairwise(turns)
    )


def config(files: Sequence[ExportedFile]) -> Config:
    """A command to start from."""
    options = ["--model MODEL", f"--dataset {' '.join(training_files(files))}"]
    tested = test_files(files)
    if tested:
        options.append(f"--val_dataset {' '.join(tested)}")
    lines = ["swift rlhf --rlhf_type dpo", *options, "--output_dir ./dpo"]
    return Config("train.sh", "# run in this folder\n" + " \\\n  ".join(lines) + "\n")


FORMAT = Format(
    rows,
    config,
    {Unfit.BAD_ROLES: has_joined_turns, Unfit.IDENTICAL: is_identical},
    holds=frozenset({Unfit.SEVERAL_MESSAGES, Unfit.TOOLS, Unfit.TOOL_TURNS}),
    reserved=RESERVED,
    margins=True,
)
