"""What an evaluation wants to know of the kept pairs of a build besides their scores."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.auditing.answer import Study, UnansweredError
from pairsmith.auditing.questions.labels import margins
from pairsmith.dataset.conversations import note_conversations
from pairsmith.dataset.index import Keys, open_keys
from pairsmith.dataset.reader import Dataset
from pairsmith.schema.splits import is_held_out, order_of
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index, Mask

KEPT = """
    SELECT id, subset || '/' || split AS place, turns, coalesce(prompt, whole_chosen) AS prompt,
        whole_chosen, whole_rejected, chosen_chars, rejected_chars, conversation
    FROM rows JOIN conversations USING (row) WHERE kept ORDER BY row
"""


class Rows(NamedTuple):
    """n kept rows of pairs.

    Attributes:
        ids: Their n ids.
        places: The names of the subsets and splits, as `harmless-base/test`.
        place: n places in `places`.
        turn: The number of the user's turn that is answered, from 1.
        prompt: n keys: rows of one prompt have the same.
        replies: Keys of the two whole transcripts, shape (n, 2).
        characters: Of the two replies, shape (n, 2), white space around them left out.
        conversation: n numbers: rows of one conversation have the same.
        words: The log-odds of chosen by a small model of hashed words that did not see the row's
            conversation; None where there is none.
        wordless: Why there is none; empty where there is one.
    """

    ids: pa.Array
    places: list[str]
    place: Index
    turn: Index
    prompt: Keys
    replies: Keys
    characters: Index
    conversation: Index
    words: Floats | None
    wordless: str

    @property
    def held_out(self) -> Mask:
        """N flags: whether the row is of a split that is not trained on."""
        flags = np.array([is_held_out(place.split("/")[1]) for place in self.places], bool)
        return flags[self.place]

    def take(self, which: Index) -> Rows:
        """Some of the rows."""
        return self._replace(
            ids=self.ids.take(pa.array(which)),
            place=self.place[which],
            turn=self.turn[which],
            prompt=self.prompt[which],
            replies=self.replies[which],
            characters=self.characters[which],
            conversation=self.conversation[which],
            words=None if self.words is None else self.words[which],
        )


def read_rows(out: Path, words: bool = True) -> Rows:
    """Reads what is known of the kept pairs of a build, in their order.

    Args:
        out: The folder of a build with pairs.
        words: Whether the small model of hashed words is to be trained, which reads every reply.

    Raises:
        OutputError: It holds no pairs, or a shard cannot be read.
    """
    data = Dataset(out)
    with open_keys(data) as keys:
        note_conversations(keys)
        held = pa.table(keys.sql(KEPT).arrow())
        judged, wordless = None, "it was not asked for"
        if words:
            try:
                judged, wordless = margins(Study(data, keys)).margins, ""
            except UnansweredError as error:
                wordless = str(error).rstrip(".")
    named = held["place"].combine_chunks().dictionary_encode()
    places = sorted(named.dictionary.to_pylist(), key=_order)
    order = np.array([places.index(name) for name in named.dictionary.to_pylist()], np.int64)
    column = {name: held[name].to_numpy() for name in held.column_names[2:]}
    return Rows(
        ids=held["id"].combine_chunks(),
        places=places,
        place=order[named.indices.to_numpy()] if len(held) else np.zeros(0, np.int64),
        turn=(column["turns"].astype(np.int64) + 1) // 2,
        prompt=column["prompt"],
        replies=np.stack([column["whole_chosen"], column["whole_rejected"]], axis=1),
        characters=np.stack([column["chosen_chars"], column["rejected_chars"]], 1).astype(np.int64),
        conversation=column["conversation"],
        words=judged,
        wordless=wordless,
    )


def _order(place: str) -> tuple[str, tuple[int, str]]:
    subset, _, split = place.partition("/")
    return subset, order_of(split)
