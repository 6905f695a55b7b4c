r"""The question that a conversation opens with: its key tells conversations apart.

Rows that begin with the same question are of one conversation, whatever was answered: two rows of
one prompt, and a row that goes on from another. Wherever a row stands, in a source or in a build,
its key is the same.

>>> import pyarrow as pa
>>> from pairsmith.text.transcript import parse
>>> one, other, none = opening_keys(
...     parse(pa.array(["\n\nHuman: Tea?", "\n\nHuman:  Tea?\n\nAssistant: Yes.", ""]))
... )
>>> one == other, none
(True, None)
"""

from __future__ import annotations

import hashlib

from pairsmith.text.turns import Turns


def opening_keys(turns: Turns) -> list[bytes | None]:
    """The key of each row's first question: the SHA-256 of its text without white space around it.

    The first question is the user's turn that stands first, or behind a system turn.

    Args:
        turns: The turns of n rows.

    Returns:
        n keys; None for a row that does not open with a question.
    """
    keys: list[bytes | None] = [None] * len(turns.counts)
    asked = turns.user & (turns.positions == turns.opens_with_system[turns.rows])
    said = turns.stripped.select(asked).texts().to_pylist()
    for row, text in zip(turns.rows[asked].tolist(), said, strict=True):
        keys[row] = hashlib.sha256(text.encode()).digest()
    return keys
