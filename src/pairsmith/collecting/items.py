"""What there is to judge or to review: pairs and transcripts of a build, or collected comparisons.

An item is stored once, in the order in which it is offered, and never changes. People are shown it
without its label, its id and where it comes from.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.collecting.conversation import Attempt, Conversation, Message
from pairsmith.collecting.project import GoldItem, Mode
from pairsmith.collecting.store import Transaction
from pairsmith.collecting.verdicts import Side
from pairsmith.errors import CollectionError, OutputError

GOLD = "gold/"
"""What the ids of items begin with whose answer is known; no subset is called so by chance alone,
since these ids have no split."""


class Item(NamedTuple):
    """Something to judge.

    Attributes:
        id: That of the row of a build, of the attempt of a conversation, or `gold/` and a number.
        messages: What the replies answer; or the whole transcript.
        chosen: By its label the better reply; empty for a transcript.
        rejected: The other one.
        author: Whose comparison it is; empty for nobody's here. They are not offered it.
        about: In words what the author of a transcript was to try; empty for nothing.
        row: All fields of the row of a transcript, to be exported with what reviewers say; empty
            for a pair.
        written: Whether the texts of a pair are written out: a reply of several messages as one, a
            call or a thought as text. People see all of it, and it is no message of a source.
    """

    id: str
    messages: list[Message]
    chosen: str = ""
    rejected: str = ""
    author: str = ""
    about: str = ""
    row: Mapping[str, Any] = {}
    written: bool = False

    def on(self, side: Side, swapped: bool) -> str:
        """The reply on a side; chosen is on A, unless they are swapped."""
        return self.chosen if (side == Side.A) != swapped else self.rejected


def gold_items(gold: tuple[GoldItem, ...]) -> list[Item]:
    """The items of a project whose answer is known."""
    return [
        Item(f"{GOLD}{n}", [{"role": "user", "content": one.prompt}], one.better, one.worse)
        for n, one in enumerate(gold, 1)
    ]


def add_items(transaction: Transaction, items: Iterator[Item] | list[Item]) -> int:
    """Adds items behind those that there are; one that is there already stays as it is.

    Returns:
        How many were added.
    """
    db = transaction.db
    rank = db.execute("SELECT COALESCE(MAX(rank), -1) + 1 FROM items").fetchone()[0]
    before = rank
    for item in items:
        body = json.dumps(item._asdict(), ensure_ascii=False)
        given = (item.id, rank, body)
        added = db.execute("INSERT OR IGNORE INTO items VALUES (?, ?, ?)", given).rowcount
        rank += added
    return int(rank - before)


def find_item(db: sqlite3.Connection, id: str) -> Item | None:
    """An item by its id; None where there is none."""
    row = db.execute("SELECT body FROM items WHERE id = ?", (id,)).fetchone()
    return None if row is None else Item(**json.loads(row[0]))


def collected_item(state: Conversation, turn: int, attempt: Attempt) -> Item:
    """A comparison of a conversation, as others judge it.

    Raises:
        CollectionError: Nothing was picked in it.
    """
    if attempt.picked is None:
        raise CollectionError(f"Nothing was picked in {state.id}/{turn}.{attempt.number}.")
    better = attempt.picked if state.mode == Mode.HELPFUL else attempt.picked.other
    return Item(
        id=f"{state.id}/{turn}.{attempt.number}",
        messages=state.messages(turn),
        chosen=str(attempt.on(better)["text"]),
        rejected=str(attempt.on(better.other)["text"]),
        author=state.who,
        about=state.description,
    )


class FromBuild(NamedTuple):
    """Items of a build, in the order in which they are offered.

    Attributes:
        name: The build's folder, by its own name.
        sha256: Of its manifest.
        folder: Where it lies, for whoever writes the annotation.
        annotation: The name and the hash of the annotation whose rows come first; None without.
        items: The items, read as they are taken.
    """

    name: str
    sha256: str
    folder: str
    annotation: dict[str, str] | None
    items: Iterator[Item]


def pairs_of_build(
    build: str | os.PathLike[str], annotation: str | None = None, subset: str | None = None
) -> FromBuild:
    """The kept pairs of a build as items: first those that an annotation names.

    Args:
        build: The folder of the build.
        annotation: `NAME` or `NAME:LABEL` of an annotation of it, such as `audit`. The rows that
            it names come first: those with margins from the most doubted, others in its order.
        subset: Only of this subset.

    Raises:
        OutputError: There is no build with pairs, or no such subset in it.
        AnnotationError: There is no such annotation of it.
    """
    from pairsmith.dataset.annotations import local_build, parse_reference, read_annotation
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.io.durable import sha256_of

    place = local_build(build)
    subsets = dict.fromkeys(entry.subset for entry in read_manifest(place).ledger)
    if subset is not None and subset not in subsets:
        raise OutputError(f"{place} has no subset {subset!r}.", f"Subsets: {', '.join(subsets)}.")
    named: list[str] = []
    held = None
    if annotation is not None:
        reference = parse_reference(annotation)
        found = read_annotation(place, reference.name)
        named = _doubted_first(found, reference.label)
        held = {"name": annotation, "sha256": found.sha256}
    sha256, whole = sha256_of(place / "manifest.json"), place.resolve()
    return FromBuild(whole.name, sha256, str(whole), held, _pairs(place, named, subset))


def _doubted_first(annotation: Any, label: str | None) -> list[str]:
    """The ids that an annotation names, in the order in which they are to be looked at."""
    from pairsmith.dataset.margins import margins_in

    found: dict[str, float] = {}
    for batch in annotation.batches(label):
        margins = margins_in(batch)
        numbers = [None] * len(batch) if margins is None else margins.to_pylist()
        for id, number in zip(batch["id"].to_pylist(), numbers, strict=True):
            found.setdefault(id, 0.0 if number is None else number)
    return sorted(found, key=lambda one: found[one])  # equal ones stay in their order


def _pairs(place: Path, named: list[str], subset: str | None) -> Iterator[Item]:
    from pairsmith.dataset.reader import Dataset

    data = Dataset(place)
    marks = () if data.compiled is None else data.compiled.template.control

    def items_in(batch: Any) -> Iterator[Item]:
        return _items_in(batch, marks) if subset in (None, batch.subset) else iter(())

    picked = {item.id: item for batch in data.pick(named) for item in items_in(batch)}
    yield from (picked[id] for id in named if id in picked)
    for batch in data.batches():
        yield from (item for item in items_in(batch) if item.id not in picked)


def _items_in(batch: Any, marks: tuple[str, ...]) -> Iterator[Item]:
    """The pairs of a batch; replies with a template's own marks were several messages."""
    if not batch.kept:
        return
    ids = batch.ids.to_pylist()
    chosen, rejected = (_messages_in(turns) for turns in (batch.chosen, batch.rejected))
    for id, better, worse, plain in zip(ids, chosen, rejected, batch.plain.tolist(), strict=True):
        *prompt, reply = better
        said = reply["content"], worse[-1]["content"]
        marked = any(mark in text for mark in marks for text in said)
        yield Item(id, prompt, *said, written=marked or not plain)


def _messages_in(turns: Any) -> list[list[Message]]:
    """The messages of each row."""
    said = turns.content.texts().to_pylist()
    roles = [turns.roles[code] for code in turns.role.tolist()]
    flat = [{"role": r, "content": s} for r, s in zip(roles, said, strict=True)]
    ends = turns.offsets.tolist()
    return [flat[start:stop] for start, stop in pairwise(ends)]


def attempts_of_build(build: str | os.PathLike[str]) -> FromBuild:
    """The red-team attempts of a build as items to review.

    Raises:
        OutputError: There is no build, or none with attempts.
    """
    from pairsmith.dataset.annotations import local_build
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.rows import entries_of
    from pairsmith.io.durable import sha256_of
    from pairsmith.sources.redteam import SUBSET

    place = local_build(build)
    entries_of(read_manifest(place), SUBSET)
    sha256 = sha256_of(place / "manifest.json")
    whole = place.resolve()
    return FromBuild(whole.name, sha256, str(whole), None, _attempts(place, SUBSET))


def _attempts(place: Path, subset: str) -> Iterator[Item]:
    import pyarrow as pa

    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.rows import kept_rows
    from pairsmith.schema.rows import DIALOGUE_SCORES
    from pairsmith.text.transcript import parse

    for row in kept_rows(place, read_manifest(place), subset):
        [messages] = _messages_in(parse(pa.array([row["transcript"]], pa.string())))
        held = {name: row[name] for name in ("transcript", *DIALOGUE_SCORES.names)}
        yield Item(row["id"], messages, about=row["task_description"] or "", row=held)
