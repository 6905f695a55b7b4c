"""ms-swift: `swift rlhf --rlhf_type dpo`, the chosen conversation and the other reply's text.

Follows ms-swift's `docs/source_en/Customization/Custom-dataset.md` and, of ms-swift 4.6,
`swift/dataset/preprocessor/core.py`, which deletes a row whose replies are the same, and
`swift/template/base.py`, which joins neighbouring turns of one speaker: a prompt that ends in an
assistant turn would lose its end to the chosen reply.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import Pair, Row, Unfit, has_bad_roles, is_identical


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The prompt with the chosen reply behind it, and the rejected reply's text."""
    return [
        {"id": p.id, "messages": p.prompt + p.chosen, "rejected_response": p.replies[1]}
        for p in pairs
    ]


def config(files: Sequence[ExportedFile]) -> Config:
    """A command to start from."""
    options = ["--model MODEL", f"--dataset {' '.join(training_files(files))}"]
    tested = test_files(files)
    if tested:
        options.append(f"--val_dataset {' '.join(tested)}")
    lines = ["swift rlhf --rlhf_type dpo", *options, "--output_dir ./dpo"]
    return Config("train.sh", "# run in this folder\n" + " \\\n  ".join(lines) + "\n")


FORMAT = Format(rows, config, {Unfit.BAD_ROLES: has_bad_roles, Unfit.IDENTICAL: is_identical})
