"""What a user names as sources: paths and URLs as they are, all else written to a file first."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from pairsmith.sources.layouts import Spooled


@contextmanager
def gathered(source: Any) -> Iterator[Sequence[str | Spooled]]:
    """Sources as `layouts.look` takes them; what was written for them goes with the context.

    Args:
        source: A path or a URL, or a list of such.
    """
    with ExitStack():
        named = source if isinstance(source, list | tuple) else [source]
        yield [os.fspath(one) for one in named]
