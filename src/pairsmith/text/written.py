r"""Turns as texts alone: what a message holds besides its content is written into it.

For whoever looks at what was said and has no template at hand. A thought stands in front of the
content, calls stand behind it. The id of a call is left out: it differs where nothing else does.

>>> from pairsmith.text.messages import read_messages
>>> from pairsmith.schema.rows import SOURCE_MESSAGES
>>> said = {"role": "assistant", "content": "Yes.", "extras": '{"reasoning_content": "Dry?"}'}
>>> write_out(read_messages(pa.array([[said]], SOURCE_MESSAGES))).content.texts().to_pylist()
['Dry?\n\nYes.']
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from pairsmith.schema.messages import decode_extras, encode_json
from pairsmith.text.turns import PARAGRAPH_BREAK, Turns


def write_out(turns: Turns) -> Turns:
    """The same turns without extras, what these hold written into the contents."""
    if turns.extras is None:
        return turns
    places = np.flatnonzero(turns.has_extras)
    contents, asked = turns.stripped.texts(), pa.array(places)
    beside = zip(contents.take(asked), turns.extras.take(asked), strict=True)
    written = [_write(content.as_py(), extras.as_py()) for content, extras in beside]
    order = np.arange(len(contents))
    order[places] = len(contents) + np.arange(len(places))
    both = pa.concat_arrays([turns.content.texts(), pa.array(written, pa.string())])
    return replace(turns, extras=None).with_contents(both.take(pa.array(order)))


def _write(content: str, extras: str) -> str:
    held = decode_extras(extras)
    calls = [encode_json(call["function"]) for call in held.get("tool_calls", ())]
    parts = [held.get("reasoning_content", "").strip(), content, *calls]
    return PARAGRAPH_BREAK.join(part for part in parts if part)
