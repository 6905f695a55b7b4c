"""Lists of messages to turns, columnar: the offsets are there, the roles become codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.text.spans import spans_of
from pairsmith.text.turns import ROLES, Turns


def read_messages(conversations: pa.ListArray) -> Turns:
    """Converts messages to turns, with contents unchanged.

    Args:
        conversations: n lists of `{role, content}`, neither of which may be null, perhaps with
            `extras`; a null list counts as empty.
    """
    counts = pc.fill_null(pc.list_value_length(conversations), 0).to_numpy()
    messages = conversations.flatten()
    named = messages.field("role").dictionary_encode()
    names = named.dictionary.to_pylist()
    roles = (*ROLES, *sorted(set(names) - set(ROLES)))
    codes = np.array([roles.index(name) for name in names], np.int32)
    content = spans_of(messages.field("content"))
    extras = messages.field("extras") if messages.type.get_field_index("extras") >= 0 else None
    return Turns(
        offsets=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]),
        role=codes[named.indices.to_numpy()] if len(names) else np.zeros(0, np.int32),
        content=content,
        stripped=content.strip(),
        stray=np.zeros(len(conversations), bool),
        marked=False,
        roles=roles,
        extras=extras if extras is not None and extras.null_count < len(extras) else None,
    )
