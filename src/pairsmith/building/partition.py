"""The plan: which parts of which files make shards of their own.

Where a shard begins depends on the number of rows before it, whoever makes it. A compressed file
or a JSON array can only be read from its beginning, so it is one part. Plain JSON lines are cut
at line ends, once the rows before are counted; Parquet tells how many it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

from pairsmith.building.task import ATTEMPTS, PAUSE, Part, still_broken
from pairsmith.dataset.checkpoint import Finished
from pairsmith.dataset.shard_record import SourceRecord
from pairsmith.errors import BrokenReadError, DamagedInputError
from pairsmith.io.digests import CHUNK, Digest, MeteredFile, hash_file
from pairsmith.schema.recipe import Recipe
from pairsmith.sources.formats.jsonl import read_lines
from pairsmith.sources.formats.parquet import ENDING, count_rows
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.read import Span, lines_begin

PLAIN = (".jsonl", ".json")


def parts_of(
    file: SourceFile, recipe: Recipe, finished: Finished, cut: bool
) -> Iterator[Part | SourceRecord]:
    """The parts of a file that are still to be worked on; a read that fails is tried again.

    Arguments, parts and faults as those of `_parts`.
    """
    given = set(finished.shards)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            for part in _parts(file, recipe, finished._replace(shards=frozenset(given)), cut):
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
    file: SourceFile, recipe: Recipe, finished: Finished, cut: bool
) -> Iterator[Part | SourceRecord]:
    """The parts of a file that are still to be worked on.

    Args:
        file: The file.
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
    elif cut and file.path.endswith(ENDING):
        yield from _of_parquet(file, recipe.shard_rows, finished)
    elif cut and file.path.endswith(PLAIN) and (begin := lines_begin(file.place)) is not None:
        yield from _of_lines(file, begin, recipe.shard_rows, finished)
    else:
        yield Part(file, finished=finished.shards)


def _of_parquet(
    file: SourceFile, shard_rows: int, finished: Finished
) -> Iterator[Part | SourceRecord]:
    try:
        rows = count_rows(file.place, file.path)
    except DamagedInputError:
        yield Part(file)  # which meets it where it lies, and says so
        return
    read = hash_file(file.place)
    shards = -(-rows // shard_rows)
    for number in range(shards):
        span = Span(number * shard_rows, min((number + 1) * shard_rows, rows))
        if number not in finished.shards:
            yield Part(file, span, number, read.bytes // shards, read)
    yield SourceRecord(rows, shards, read)


def _of_lines(
    file: SourceFile, begin: int, shard_rows: int, finished: Finished
) -> Iterator[Part | SourceRecord]:
    """Counts rows, and hashes the file on the way; a shard begins with its first row."""
    at, rows, number = begin, 0, -1
    begun = Span(begin)
    with MeteredFile(file.place) as metered:
        metered.read(begin)
        try:
            for block in read_lines(iter(lambda: metered.read(CHUNK), b""), file.path):
                for row in range(-rows % shard_rows, block.rows, shard_rows):
                    here = Span(at + int(block.starts[row]), None, int(block.lines[row]))
                    if number >= 0 and number not in finished.shards:
                        span = begun._replace(stop=here.start)
                        yield _of_span(file, span, number, metered.digest)
                    begun, number = here, number + 1
                rows, at = rows + block.rows, at + len(block.data) + 1
        except DamagedInputError:
            # the part meets it, and says so
            yield Part(file, begun, max(number, 0), read=metered.digest)
            return
        if number >= 0 and number not in finished.shards:
            span = begun._replace(stop=metered.count)
            yield _of_span(file, span, number, metered.digest)
        yield SourceRecord(rows, number + 1, metered.digest)


def _of_span(file: SourceFile, span: Span, number: int, read: Digest) -> Part:
    return Part(file, span, number, (span.stop or read.bytes) - span.start, read)
