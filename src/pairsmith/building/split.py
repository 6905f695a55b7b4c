"""A new split of a source into train and test, by conversation, that leaks none of them.

Rows that begin with the same question are of one conversation, whatever was answered: so are two
rows of one prompt, and a row that goes on from another. The question's hash decides, and nothing
else: not the order of the rows, not the machine, not which rows there are besides.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from pairsmith.dataset import folder
from pairsmith.errors import OutputError, RecipeError
from pairsmith.io.identity import WatchedFile
from pairsmith.schema.rows import PAIR_TRANSCRIPTS, Kind
from pairsmith.sources.detection.detect import AUTO
from pairsmith.sources.detection.settling import read_as
from pairsmith.sources.intake import gathered
from pairsmith.sources.layouts import SourceFile, look
from pairsmith.sources.read import arrange_rows, read_rows
from pairsmith.sources.reader import Reader
from pairsmith.sources.records import Rows
from pairsmith.sources.rows.groups import rows_behind
from pairsmith.sources.told_places import find_told
from pairsmith.text.messages import read_messages
from pairsmith.text.questions import opening_keys
from pairsmith.text.transcript import parse
from pairsmith.text.turns import Turns

SPLITS = ("train", "test")
OVERRULE = "Build it with --columns split=-, or the rows of train are divided by that field again."
LEVEL = 1
"""Of compression: what is written is read once or twice."""


class Share(NamedTuple):
    """What became of the rows of one subset.

    Attributes:
        subset: Its name.
        read: Rows of the source, all splits together.
        train: Rows that went to train, those without a question among them.
        test: Rows that went to test.
        openings: Different questions that conversations open with.
        unread: Rows without a question: they cannot be read, or nobody asks in them.
        overruled: Whether a field of its rows tells splits, which this one overrules; what is
            written is then built with `split=-` among its columns.
    """

    subset: str
    read: int
    train: int
    test: int
    openings: int
    unread: int
    overruled: bool = False


def split(
    source: Any,
    out: str | os.PathLike[str],
    *,
    test: float = 0.05,
    from_: str = AUTO,
    say: Callable[[str], None] | None = None,
) -> tuple[Share, ...]:
    """Writes a source's rows, as they stand there, into a train and a test file for each subset.

    Args:
        source: What to split, as `pairsmith.build` takes it.
        out: A new or an empty folder: `<subset>/train.jsonl.gz` and `<subset>/test.jsonl.gz`,
            itself a source.
        test: The share of conversations that go to test, above 0 and below 1.
        from_: The shape of the rows, or `auto`.
        say: Called with a sentence on what of the source was not read, if there is any.

    Returns:
        What became of the rows of each subset, in order.

    Raises:
        RecipeError: The share is none.
        SourceError: There is nothing to read, or it cannot be read.
        OutputError: `out` holds something, cannot be written, or one side would be empty.
    """
    if not 0 < test < 1:
        raise RecipeError(f"{test:g} is no share of a test split.", "Write --test 5%, or 0.05.")
    target = folder.local_folder(os.fspath(out))
    with gathered(source) as sources:
        found = look(sources)
        if say is not None:
            for remark in found.remarks:
                say(remark)
        told = find_told(found.files)
        shares = _split(found.files, target, test, from_)
        if say is not None and told:
            paths = ", ".join(dict.fromkeys(file.path for file in told))
            say(f"{paths}: the field split tells splits, which this new one overrules. {OVERRULE}")
        overruled = {file.subset for file in told}
        return tuple(s._replace(overruled=s.subset in overruled) for s in shares)


def _split(files: list[SourceFile], target: Path, test: float, from_: str) -> tuple[Share, ...]:
    reader = read_as(files, from_)
    subsets = sorted({file.subset for file in files})
    with folder.writing(target), folder.filling(target) as staging:
        shares = tuple(
            _divide([file for file in files if file.subset == subset], reader, staging, test)
            for subset in subsets
        )
        for name, total in (("train", sum(s.train for s in shares)), ("test", _tested(shares))):
            if not total:
                raise OutputError(
                    f"No row would go to {name}.", "Take another share, or more rows."
                )
        (staging / "README.md").write_text(_told(test, shares), encoding="utf-8", newline="\n")
    return shares


def _tested(shares: tuple[Share, ...]) -> int:
    return sum(share.test for share in shares)


def _divide(files: list[SourceFile], reader: Reader, staging: Path, test: float) -> Share:
    """Writes the rows of one subset."""
    subset = files[0].subset
    (staging / subset).mkdir()
    rows, unread, seen = dict.fromkeys(SPLITS, 0), 0, set[bytes]()
    with ExitStack() as stack:
        opened = {s: stack.enter_context(_open(staging / subset / f"{s}.jsonl.gz")) for s in SPLITS}
        for file in files:
            metered = stack.enter_context(WatchedFile(file.place, file.path))
            for block in read_rows(file, metered, reader):
                asked = _openings(file, block, reader)
                seen.update(key for key in asked if key)
                for row, key in enumerate(asked):
                    side = SPLITS[key is not None and is_test(key, test)]
                    held = rows_behind(block, row)
                    opened[side].writelines(raw.replace(b"\n", b" ") + b"\n" for raw in held)
                    rows[side] += len(held)
                    unread += len(held) if key is None else 0
    for side in SPLITS:
        if not rows[side]:  # a split without rows cannot be loaded
            (staging / subset / f"{side}.jsonl.gz").unlink()
    return Share(subset, sum(rows.values()), rows["train"], rows["test"], len(seen), unread)


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """A gzip file to write, without time and name, so that equal rows give equal bytes."""
    from isal import igzip

    gzip: Any = igzip.IGzipFile
    with path.open("wb") as held, gzip("", "wb", LEVEL, held, mtime=0) as file:
        yield file


def _openings(file: SourceFile, block: Rows, reader: Reader) -> list[bytes | None]:
    """The key of each row's first question; None where there is none, and for dialogues."""
    arranged = arrange_rows(file, block, reader)
    columns = arranged.rows
    keys: list[bytes | None] = [None] * len(block.numbers)
    if file.kind != Kind.PAIRS:
        return keys
    for name in reversed(PAIR_TRANSCRIPTS.names):  # chosen has the last word
        for origin, key in zip(
            arranged.origins.tolist(), opening_keys(_turns(columns[name])), strict=True
        ):
            keys[origin] = key or keys[origin]
    return keys


def _turns(column: pa.Array) -> Turns:
    return parse(column) if pa.types.is_string(column.type) else read_messages(column)


def is_test(key: bytes, test: float) -> bool:
    """Whether a conversation goes to test.

    Args:
        key: Of its first question; see `text.questions`.
        test: The share of conversations that do.
    """
    return int.from_bytes(key[:8], "big") < test * 2**64


def _told(test: float, shares: tuple[Share, ...]) -> str:
    """What the folder holds, for whoever finds it."""
    lines = [
        f"- {s.subset}: {s.read:,} rows, {s.train:,} to train and {s.test:,} to test, "
        f"{s.openings:,} openings, {s.unread:,} rows without one (to train)"
        for s in shares
    ]
    return (
        f"# A split by conversation\n\nMade by `pairsmith split --test {test:g}`: rows whose "
        "conversations open with the same question stand on one side, which the SHA-256 of that "
        "question decides. Near duplicates may stand on both sides.\n\n" + "\n".join(lines) + "\n"
    )
