"""The first rows of a file, by which it is told what all of them are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pairsmith.io.retries import try_again
from pairsmith.sources.formats import format_of
from pairsmith.sources.layouts.source_file import SourceFile


def sample_rows(file: SourceFile, known: Collection[str]) -> list[dict[str, Any]]:
    """The first rows of a file as dictionaries; see `Format.sample`.

    Args:
        file: The file.
        known: The fields that are asked for.

    Raises:
        BrokenReadError: It cannot be read, tried again and again.
    """
    return try_again(lambda: format_of(file.path).sample(file.place, file.path, known), file.path)
