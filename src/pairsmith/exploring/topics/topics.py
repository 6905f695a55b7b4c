"""Topics of n texts, and where each lies on a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pairsmith.auditing.answer import UnansweredError
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from pairsmith.exploring.answer import Study


class Topics(NamedTuple):
    """The topics of n rows.

    Attributes:
        of: n places in `names`; -1 for none.
        names: The k names, their own words, the largest topic first.
        places: Where each row lies on the map, shape (n, 2), from 0 to 1; not a number where it
            lies nowhere.
        copies: n numbers: rows whose texts are almost identical have the same.
        laid_by: How the map was laid, in words.
    """

    of: Index
    names: tuple[str, ...]
    places: Floats
    copies: Index
    laid_by: str


def find_topics(study: Study) -> Topics:
    """Finds the topics of a build's dialogues.

    Raises:
        UnansweredError: There are too few texts.
    """
    raise UnansweredError(f"{len(study.dialogues):,} texts are too few.")
