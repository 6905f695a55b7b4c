"""TRL's KTOTrainer: two rows a pair, one reply each, and whether it is the wanted one.

Follows TRL's documentation, "Dataset formats and types" (unpaired preference), and
`trl/trainer/kto_trainer.py` of TRL 1.16. That estimates its KL term from neighbouring rows: each
prompt with the reply of the row before, within a batch, in the order of the file. Were the two
replies of a pair neighbours, each prompt would meet its own other reply there. So the chosen
replies of a run of pairs come first, then the rejected ones, as TRL's own unpairing does.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format
from pairsmith.exporting.pair import Pair, Row, Unfit, has_no_prompt
from pairsmith.exporting.trl import script


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The chosen replies, then the rejected ones."""
    return [
        {"id": p.id, "prompt": p.prompt, "completion": reply, "label": wanted}
        for wanted in (True, False)
        for p, reply in ((p, p.chosen if wanted else p.rejected) for p in pairs)
    ]


def config(files: Sequence[ExportedFile]) -> Config:
    """A script that loads the files and trains."""
    return Config("train.py", script("KTO", files))


FORMAT = Format(rows, config, {Unfit.NO_PROMPT: has_no_prompt}, takes_text=True)
