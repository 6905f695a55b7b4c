"""Counts over the rows of a dataset as token ids, batch by batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.tokens.ragged import NO_ID, Ragged, first_tokens, last_tokens, same_tokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pairsmith.tokens.encode import Encoded
    from pairsmith.tokens.special import SpecialTokens

WINDOW = 16
"""Tokens at the end of a reply among which EOS is searched."""
LEFT_OUT = 64
"""Tokens shown of what is left out at a boundary."""
MAX_KINDS = 1_000
"""At most this many different texts left out at a boundary are counted separately."""


@dataclass(frozen=True)
class Lengths:
    """Percentiles of a number of tokens, each a length that occurs."""

    p50: int
    p90: int
    p99: int
    max: int


@dataclass(frozen=True)
class SideCounts:
    """The number of rows of which something holds: on any side, of chosen, of rejected."""

    rows: int
    chosen: int
    rejected: int


@dataclass(frozen=True)
class Totals:
    """Counts over the rows of a dataset, as one trainer tokenizes them.

    Attributes:
        rows: The pairs.
        dialogues: Rows without a pair, which are left out.
        max_length: The tokens of prompt and reply that the trainer takes.
        refused: Rows on which the chat template raises; they are in none of the counts below.
        refusal: The first such row's id and what the template said, or None.
        lengths: Tokens of `prompt`, `chosen`, `rejected` and `whole` (the prompt with the longer
            reply); empty without rows.
        dropped: Rows that the trainer drops: DPOTrainer those whose prompt fills max_length,
            RewardTrainer those of `too_long`.
        too_long: Rows with a side, prompt and reply, of more than max_length tokens; None where
            the trainer cuts them.
        cut: Other rows that are longer than max_length; none where the trainer does not cut.
        identical: Rows whose replies are the same tokens.
        identical_once_cut: Other rows, not dropped, whose replies are the same within max_length.
        bos_doubled: Rows that begin with two BOS; None where the tokenizer has none.
        eos_doubled: Replies that end in two EOS; this and the next three are None without EOS.
        eos_doubled_apart: Replies that end in EOS, white space, EOS.
        eos_then_blank: Replies that end in EOS and white space.
        eos_missing: Replies that do not end in EOS, white space aside.
        boundary: Rows whose prompt is not how the whole begins; None where the trainer makes no
            use of the prompt alone.
        left_out: The text at the prompt's end that these leave out most often, or None.
        left_out_kinds: How many different texts are left out.
        special: Rows with contents that are read as special or added tokens.
        special_tokens: Such tokens, each with the number of its rows, most first.
        control_token: Rows that the build noted as `control_token`.
    """

    rows: int
    dialogues: int
    max_length: int
    refused: int
    refusal: tuple[str, str] | None
    lengths: dict[str, Lengths]
    dropped: int
    too_long: SideCounts | None
    cut: SideCounts
    identical: int
    identical_once_cut: int
    bos_doubled: int | None
    eos_doubled: SideCounts | None
    eos_doubled_apart: SideCounts | None
    eos_then_blank: SideCounts | None
    eos_missing: SideCounts | None
    boundary: int | None
    left_out: str | None
    left_out_kinds: int
    special: int
    special_tokens: dict[str, int]
    control_token: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


class Cuts(NamedTuple):
    """The effect of a limit on the rows of a batch; every field has shape (rows,).

    Attributes:
        dropped: The prompt fills it.
        identical: The replies are the same tokens, whatever the limit.
        identical_once_cut: Of other rows, not dropped: they are within it.
        chosen, rejected: Of rows not dropped: this side is cut.
    """

    dropped: NDArray[np.bool_]
    identical: NDArray[np.bool_]
    identical_once_cut: NDArray[np.bool_]
    chosen: NDArray[np.bool_]
    rejected: NDArray[np.bool_]


class Ends(NamedTuple):
    """How each reply of a batch ends; every field has shape (rows,)."""

    doubled: NDArray[np.bool_]
    doubled_apart: NDArray[np.bool_]
    then_blank: NDArray[np.bool_]
    missing: NDArray[np.bool_]


class TotalsCounter:
    """Adds up the totals. Grows with the number of rows by four lengths a row alone."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, max_length: int, cuts: bool = True
    ) -> None:
        """Begins with nothing.

        Args:
            tokenizer: The tokenizer.
            max_length: The trainer's limit, in tokens.
            cuts: Whether the trainer cuts long rows, and parts prompt from reply, as DPOTrainer
                does; RewardTrainer drops them.
        """
        self.tokenizer, self.max_length, self.cuts = tokenizer, max_length, cuts
        self.bos, self.eos = tokenizer.bos_token_id, tokenizer.eos_token_id
        self.counts: Counter[str] = Counter()
        self.sides: dict[str, NDArray[np.int64]] = {}
        self.lengths: dict[str, list[NDArray[np.int32]]] = {}
        self.left_out: Counter[bytes] = Counter()
        self.special: Counter[int] = Counter()
        self.blank: dict[int, bool] = {NO_ID: False}
        self.refusal: tuple[str, str] | None = None

    def add(self, encoded: Encoded, hits: SpecialTokens) -> None:
        """Counts a batch that the template did not refuse."""
        self._add_lengths(encoded)
        if self.cuts:
            self._add_cuts(encoded)
            self._add_boundary(encoded.left_out)
        else:
            self._add_dropped(encoded)
        self._add_special(hits)
        if self.bos is not None:
            begun = [
                (first_tokens(side, 2) == self.bos).all(axis=1)
                for side in (encoded.whole_chosen, encoded.whole_rejected)
            ]
            self.counts["bos_doubled"] += int((begun[0] | begun[1]).sum())
        if self.eos is not None:
            chosen, rejected = self._ends(encoded.chosen), self._ends(encoded.rejected)
            for name in Ends._fields:
                self._add_sides(f"eos_{name}", getattr(chosen, name), getattr(rejected, name))

    def refuse(self, id: str, why: str) -> None:
        """Counts a row that the template refused."""
        self.counts["refused"] += 1
        self.refusal = self.refusal or (id, why)

    def totals(self, rows: int, dialogues: int, control_token: int) -> Totals:
        """The totals; the arguments are those of the result."""
        ends = {
            f"eos_{name}": None if self.eos is None else self._sides(f"eos_{name}")
            for name in Ends._fields
        }
        names = self.tokenizer.convert_ids_to_tokens([id for id, _ in self.special.most_common()])
        return Totals(
            rows=rows,
            dialogues=dialogues,
            max_length=self.max_length,
            refused=self.counts["refused"],
            refusal=self.refusal,
            lengths=self._lengths(),
            dropped=self.counts["dropped"],
            too_long=None if self.cuts else self._sides("too_long"),
            cut=self._sides("cut"),
            identical=self.counts["identical"],
            identical_once_cut=self.counts["identical_once_cut"],
            bos_doubled=None if self.bos is None else self.counts["bos_doubled"],
            **ends,
            boundary=self.counts["boundary"] if self.cuts else None,
            left_out=self._left_out(),
            left_out_kinds=len(self.left_out),
            special=self.counts["special"],
            special_tokens=dict(
                zip(names, (n for _, n in self.special.most_common()), strict=True)
            ),
            control_token=control_token,
        )

    def _lengths(self) -> dict[str, Lengths]:
        whole = {name: np.concatenate(parts) for name, parts in self.lengths.items()}
        return {name: percentiles(lengths) for name, lengths in whole.items() if len(lengths)}

    def _add_lengths(self, encoded: Encoded) -> None:
        for name, lengths in measure(encoded).items():
            self.lengths.setdefault(name, []).append(lengths)

    def _add_cuts(self, encoded: Encoded) -> None:
        cuts = cut(encoded, self.max_length)
        for name in ("dropped", "identical", "identical_once_cut"):
            self.counts[name] += int(getattr(cuts, name).sum())
        self._add_sides("cut", cuts.chosen, cuts.rejected)

    def _add_dropped(self, encoded: Encoded) -> None:
        chosen, rejected = exceed(encoded, self.max_length)
        self.counts["dropped"] += int((chosen | rejected).sum())
        self.counts["identical"] += int(same_tokens(encoded.chosen, encoded.rejected).sum())
        self._add_sides("too_long", chosen, rejected)

    def _add_boundary(self, left_out: Ragged) -> None:
        some = left_out.take(left_out.lengths > 0)
        self.counts["boundary"] += len(some.starts)
        ids, counts = np.unique(first_tokens(some, LEFT_OUT), axis=0, return_counts=True)
        for row, count in zip(ids, counts, strict=True):
            key = row[row != NO_ID].tobytes()
            if key in self.left_out or len(self.left_out) < MAX_KINDS:
                self.left_out[key] += int(count)

    def _add_special(self, hits: SpecialTokens) -> None:
        self.counts["special"] += len(np.unique(hits.rows))
        pairs = np.unique(np.stack([hits.rows, hits.ids.astype(np.int64)]), axis=1)
        self.special.update(pairs[1].tolist())

    def _add_sides(self, name: str, chosen: NDArray[np.bool_], rejected: NDArray[np.bool_]) -> None:
        counts = np.array([(chosen | rejected).sum(), chosen.sum(), rejected.sum()])
        self.sides[name] = self.sides.get(name, np.zeros(3, np.int64)) + counts

    def _sides(self, name: str) -> SideCounts:
        return SideCounts(*self.sides.get(name, np.zeros(3, np.int64)).tolist())

    def _ends(self, replies: Ragged) -> Ends:
        last = np.pad(last_tokens(replies, WINDOW), ((0, 0), (0, 1)), constant_values=NO_ID)
        blank = self._blank(last)
        rows = np.arange(len(last))
        at = _first_full(blank, np.zeros(len(last), np.int64))
        before = _first_full(blank, np.minimum(at + 1, WINDOW))
        ended = last[rows, at] == self.eos
        twice = ended & (last[rows, before] == self.eos) & (before > at)
        return Ends(
            doubled=twice & (before == at + 1),
            doubled_apart=twice & (before > at + 1),
            then_blank=ended & (at > 0),
            missing=~ended,
        )

    def _blank(self, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which ids stand for white space alone; EOS is none of them."""
        kinds, places = np.unique(ids, return_inverse=True)
        for id in kinds.tolist():
            if id not in self.blank:
                self.blank[id] = id != self.eos and not self.tokenizer.decode([id]).strip()
        blank = np.array([self.blank[id] for id in kinds.tolist()], np.bool_)
        return blank[places].reshape(ids.shape)

    def _left_out(self) -> str | None:
        if not self.left_out:
            return None
        ids = np.frombuffer(self.left_out.most_common(1)[0][0], np.int32)
        return str(self.tokenizer.decode(ids.tolist()))


def cut(encoded: Encoded, max_length: int) -> Cuts:
    """Which rows of a batch a trainer drops or cuts that keeps the first max_length tokens."""
    room = np.maximum(max_length - encoded.prompt.lengths, 0)
    kept = room > 0
    chosen, rejected = encoded.chosen, encoded.rejected
    identical = same_tokens(chosen, rejected)
    once_cut = same_tokens(chosen.first(room), rejected.first(room))
    return Cuts(
        dropped=~kept,
        identical=identical,
        identical_once_cut=kept & once_cut & ~identical,
        chosen=kept & (chosen.lengths > room),
        rejected=kept & (rejected.lengths > room),
    )


def exceed(encoded: Encoded, max_length: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether chosen, and whether rejected, has more tokens than max_length, with its prompt."""
    sides = (encoded.whole_chosen, encoded.whole_rejected)
    chosen, rejected = (np.greater(side.lengths, max_length) for side in sides)
    return chosen, rejected


def _first_full(blank: NDArray[np.bool_], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first place of each row from `start` on that is not blank; the last one never is."""
    full = ~blank & (np.arange(blank.shape[1]) >= start[:, None])
    return np.asarray(np.argmax(full, axis=1), np.int64)


def measure(encoded: Encoded) -> dict[str, NDArray[np.int32]]:
    """The tokens of each part of each row, and of the prompt with the longer reply."""
    whole = np.maximum(encoded.whole_chosen.lengths, encoded.whole_rejected.lengths)
    parts = {
        "prompt": encoded.prompt.lengths,
        "chosen": encoded.chosen.lengths,
        "rejected": encoded.rejected.lengths,
        "whole": whole,
    }
    return {name: lengths.astype(np.int32) for name, lengths in parts.items()}


def percentiles(lengths: NDArray[np.int32]) -> Lengths:
    """The percentiles of some lengths, at least one."""
    found = np.percentile(lengths, [50, 90, 99, 100], method="inverted_cdf")
    return Lengths(*(int(length) for length in found))
