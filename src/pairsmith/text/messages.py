"""Lists of messages to turns, columnar: the offsets are there, the roles become codes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.schema.messages import EXTRAS, encode_extras, read_stored
from pairsmith.text.spans import spans_of, to_numpy
from pairsmith.text.turns import ROLES, Turns


def read_messages(conversations: pa.ListArray) -> Turns:
    """Converts messages to turns, with contents unchanged.

    Args:
        conversations: n lists of `{role, content}`, neither of which may be null, perhaps with
            `extras`, or with all fields of `FULL_MESSAGES`; a null list counts as empty.

    Raises:
        ValueError: The arguments of a call in a shard are not JSON.
    """
    counts = pc.fill_null(pc.list_value_length(conversations), 0).to_numpy()
    messages = conversations.flatten()
    named = messages.field("role").dictionary_encode()
    names = named.dictionary.to_pylist()
    roles = (*ROLES, *sorted(set(names) - set(ROLES)))
    codes = np.array([roles.index(name) for name in names], np.int32)
    content = spans_of(messages.field("content"))
    extras = _read_extras(messages)
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


def _read_extras(messages: pa.StructArray) -> pa.StringArray | None:
    """What messages hold besides role and text, as JSON; None where there is no place for it."""
    names = [field.name for field in messages.type]
    if "extras" in names:
        return messages.field("extras")
    if not set(EXTRAS) <= set(names):
        return None
    some = np.any([to_numpy(messages.field(name).is_valid()) for name in EXTRAS], axis=0)
    rows = np.flatnonzero(some)
    held = [encode_extras(read_stored(one)) for one in messages.take(pa.array(rows)).to_pylist()]
    places = np.zeros(len(messages), np.int64)
    places[rows] = np.arange(len(rows))
    return pa.array(held, pa.string()).take(pa.array(places, mask=~some))
