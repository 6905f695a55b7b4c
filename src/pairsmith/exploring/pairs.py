"""Preference pairs in columns: which form replies have, how long they are, a sample of texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.content.words import LONGEST
from pairsmith.dataset.reader import Batch, Dataset
from pairsmith.evaluating.rows import read_rows
from pairsmith.exploring.attempts import Coded
from pairsmith.exploring.forms import check_forms
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index, Mask
from pairsmith.text.turns import list_array, select

SAMPLE = 100_000
"""The most pairs whose texts are held; of more, a sample: words and topics do not need all."""
CHOSEN, REJECTED = 0, 1


@dataclass(frozen=True, eq=False)
class Pairs:
    """n pairs, in the order of the build's shards.

    Attributes:
        ids: Their n ids, without nulls.
        subset: Where they belong.
        conversation: n numbers: pairs of one conversation have the same.
        characters: Of both replies, shape (n, 2), white space around them left out.
        words: The same in words, by white space.
        has: Which of `FORMS` either reply has, shape (n, forms, 2).
        sample: The m pairs whose texts are held, ascending.
        prompts: What the user said in their prompts, m texts, a line a turn.
        replies: Their chosen and their rejected replies, m texts each.
    """

    ids: pa.StringArray
    subset: Coded
    conversation: Index
    characters: Index
    words: Index
    has: Mask
    sample: Index
    prompts: pa.StringArray
    replies: tuple[pa.StringArray, pa.StringArray]

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.ids)

    @property
    def longer(self) -> Floats:
        """The logarithm of how many times as long chosen is as rejected, in characters."""
        logs = np.log1p(self.characters.astype(np.float64))
        found: Floats = logs[:, CHOSEN] - logs[:, REJECTED]
        return found

    @property
    def sampled(self) -> bool:
        """Whether texts are held of some pairs alone."""
        return len(self.sample) < len(self)


def read_pairs(data: Dataset, seed: int) -> Pairs:
    """Reads the kept pairs of a build.

    Args:
        data: The build's pairs.
        seed: Of the sample of texts.

    Raises:
        UnansweredError: It keeps none.
        OutputError: A shard cannot be read.
    """
    rows = read_rows(data.out, words=False)
    if not len(rows.ids):
        raise UnansweredError("The build keeps no pairs.")
    sample = np.arange(len(rows.ids))
    if len(sample) > SAMPLE:
        chance = np.random.default_rng(seed)
        sample = np.sort(chance.choice(sample, SAMPLE, replace=False))
    has, words, texts = [], [], []
    for batch in data.batches():
        replies = [side.replies.texts() for side in (batch.chosen, batch.rejected)]
        has.append(np.stack([check_forms(side) for side in replies], axis=2))
        words.append(np.stack([_count_words(side) for side in replies], axis=1))
        last = batch.first + len(batch.ids)
        some = sample[(sample >= batch.first) & (sample < last)] - batch.first
        held = [_asked(batch), *replies]
        texts.append([_cut(column.take(pa.array(some))) for column in held])
    prompts, chosen, rejected = (pa.concat_arrays(list(held)) for held in zip(*texts, strict=True))
    return Pairs(
        ids=rows.ids,
        subset=_subsets(rows.places, rows.place),
        conversation=rows.conversation,
        characters=rows.characters,
        words=np.concatenate(words),
        has=np.concatenate(has),
        sample=sample,
        prompts=prompts,
        replies=(chosen, rejected),
    )


def _subsets(places: list[str], place: Index) -> Coded:
    """The subset of each pair, given the subsets and splits."""
    of = [name.rpartition("/")[0] for name in places]
    names = sorted(set(of))
    codes = np.array([names.index(name) for name in of], np.int64)
    return Coded(tuple(names), codes[place])


def _count_words(texts: pa.StringArray) -> Index:
    return np.asarray(pc.count_substring_regex(texts, r"\S+"), np.int64)


def _asked(batch: Batch) -> pa.StringArray:
    """What the user said in the prompts of a batch."""
    turns = batch.chosen
    mine = select(turns, turns.user & turns.before_last)
    return pc.binary_join(list_array(mine.offsets, mine.stripped.texts()), "\n")


def _cut(texts: pa.StringArray) -> pa.StringArray:
    """Texts up to a bound: of all that is held it is known how large it is at most."""
    return pc.utf8_slice_codeunits(texts, 0, LONGEST)
