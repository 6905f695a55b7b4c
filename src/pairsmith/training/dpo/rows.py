"""The rows of a build as DPOTrainer takes them: prompt, chosen and rejected as token ids.

TRL cuts what is longer than max_length in its collator: a reply's end, or with keep_end what stands
in front. Rows whose prompt fills max_length it would drop without a word. Here all of it is known
before, and counted; the file has the ids whole, as a preview shows them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from pairsmith.tokens.encode import Encoded
from pairsmith.tokens.ragged import Ragged, same_tokens
from pairsmith.training.ledger import Fate
from pairsmith.training.rows import Chosen, RowWriter, Sides

KEEP_START = "keep_start"


class PartedWriter(RowWriter):
    """Writes the trainer's file, its rows parted into prompt and replies.

    Attributes:
        keep: Which end of longer rows stays, `keep_start` or `keep_end`.
    """

    names = ("prompt_ids", "chosen_ids", "rejected_ids")
    parted = True
    keep = KEEP_START

    def _parts(self, encoded: Encoded) -> tuple[Ragged, ...]:
        return encoded.prompt, encoded.chosen, encoded.rejected

    def _choose(self, encoded: Encoded, fates: Counter[Fate]) -> Chosen:
        most = self.wanted.max_length
        whole = Sides(encoded.whole_chosen, encoded.whole_rejected)
        starts = self.keep == KEEP_START
        fills = (encoded.prompt.lengths >= most) if starts else np.zeros(len(whole.lengths), bool)
        if starts:
            room = np.maximum(most - encoded.prompt.lengths, 0)
            seen = [encoded.chosen.first(room), encoded.rejected.first(room)]
        else:
            seen = [side.after(np.maximum(side.lengths - most, 0)) for side in whole]
        differ = ~same_tokens(*seen)
        fates[Fate.PROMPT_FILLS] += int(fills.sum())
        fates[Fate.IDENTICAL] += int((~fills & ~differ).sum())
        return Chosen(self._parts(encoded), ~fills & differ, whole.lengths > most)


class PartedEndWriter(PartedWriter):
    """The same where the end of longer rows stays."""

    keep = "keep_end"
