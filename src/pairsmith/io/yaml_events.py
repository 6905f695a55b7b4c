"""Texts in YAML by strangers, looked through before anything is made of them.

PyYAML takes a time that grows with the square of the depth of lists, and of the length of numbers
in base 60: a megabyte of either keeps it busy for minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

DEPTH = 50
"""Lists and fields within others, at most."""

_LONG_NUMBER = re.compile(r"[-+.:_0-9a-fA-Fxo]{101,}")


def bounded_events(text: str, most: int) -> Iterator[Any]:
    """The events of PyYAML's parser, as long as they cost no more than their number suggests.

    Args:
        text: In YAML.
        most: The largest number of events.

    Raises:
        ValueError: There are more, they lie too deep, or one is a number of very many digits.
        yaml.YAMLError: It is not YAML.
    """
    import yaml

    depth = 0
    for count, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH:
            raise ValueError(f"it has lists within lists, {depth} deep")
        if count > most:
            raise ValueError(f"it has more than {most:,} values")
        if isinstance(event, yaml.ScalarEvent) and _LONG_NUMBER.fullmatch(event.value):
            raise ValueError(f"it holds a number of {len(event.value):,} characters")
        yield event
