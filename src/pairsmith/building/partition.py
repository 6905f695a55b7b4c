"""The plan: which parts of which files make shards of their own.

Where a shard begins depends on the number of rows before it, whoever makes it. A compressed file
or a JSON array can only be read from its beginning, so it is one part; what a file's format can
count is cut (see `pairsmith.sources.formats`).
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

from pairsmith.building.task import Part
from pairsmith.dataset.checkpoint import Finished
from pairsmith.dataset.shard_record import SourceRecord
from pairsmith.errors import BrokenReadError
from pairsmith.io.identity import Identity, Known, changed, identify
from pairsmith.io.retries import ATTEMPTS, PAUSE, still_broken
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import Kind
from pairsmith.sources.formats import format_of
from pairsmith.sources.formats.format import Counted
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.reader import reader_of


def parts_of(
    file: SourceFile, recipe: Recipe, finished: Finished, cut: bool
) -> Iterator[Part | SourceRecord]:
    """The parts of a file that are still to be worked on; a read that fails is tried again.

    Arguments, parts and faults as those of `_parts`.
    """
    given = set(finished.shards)
    begun = None
    for attempt in range(1, ATTEMPTS + 1):
        try:
            identity = identify(file.place)
            if begun not in (None, identity) and len(given) > len(finished.shards):
                raise changed(file.path)
            begun = identity
            left = finished._replace(shards=frozenset(given))
            for part in _parts(file, identity, recipe, left, cut):
                if isinstance(part, Part):
                    given.add(part.first)
                yield part
        except BrokenReadError as error:
            if attempt == ATTEMPTS:
                raise still_broken(file.path, error) from error
            sleep(PAUSE * attempt)
        else:
            return


def _parts(
    file: SourceFile, identity: Identity, recipe: Recipe, finished: Finished, cut: bool
) -> Iterator[Part | SourceRecord]:
    """The parts of a file that are still to be worked on.

    Args:
        file: The file.
        identity: What it is, before it is opened.
        recipe: Tells the rows of a shard.
        finished: What of it is finished.
        cut: Whether to make a part of each shard where that can be done.

    Yields:
        Parts; and, where it is cut or finished, behind them what all of them make.

    Raises:
        SourceError: The file cannot be read.
    """
    if finished.source:
        yield finished.source
        return
    format = format_of(file.path)
    # rows of one prompt may stand anywhere in a file
    cut = cut and not (file.kind == Kind.PAIRS and reader_of(recipe, file.path).row.is_grouped)
    # where rows tell their split, counting all of them does not say where a shard begins
    cut = cut and (file.told is None or len(file.told.known) == 1)
    pieces = format.cut(file.place, file.path, recipe.shard_rows) if cut and format.cut else None
    if pieces is None:
        known = finished.known if finished.shards else None
        yield Part(file, finished=finished.shards, known=known)
        return
    for piece in pieces:
        if isinstance(piece, Counted):
            yield SourceRecord(*piece)
        elif not piece.is_sound or piece.number not in finished.shards:
            # whoever works on one that is not sound meets the damage, and says so
            known = Known(identity, piece.read, format.footer) if piece.read else None
            yield Part(file, piece.span, piece.number, piece.bytes, piece.read, known=known)
