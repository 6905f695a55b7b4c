"""Writing an annotation: checked as it grows, and in its place whole or not at all.

The parts grow in the annotation's folder under names that nobody reads. Each is named after its
contents when it is whole, so it never takes the place of one that an earlier manifest lists; the
new manifest, put last by one rename, then changes all of it at once; what only the earlier one
listed goes afterwards. A kill at any moment leaves one or the other.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith._version import __version__
from pairsmith.dataset import manifest
from pairsmith.dataset.annotation import (
    NAME,
    PART,
    Annotation,
    Annotator,
    BuildId,
    build_id,
    check_annotator,
    is_count,
)
from pairsmith.dataset.annotations import FOLDER, annotation_folder, local_build, open_annotation
from pairsmith.dataset.folder import writing
from pairsmith.dataset.manifest import FileEntry, read_manifest
from pairsmith.dataset.row_ids import RowIds, read_row_ids
from pairsmith.dataset.statements import Given, as_statements, batches_of
from pairsmith.errors import AnnotationError
from pairsmith.io.durable import (
    PARTIAL,
    digest_of,
    finalize,
    fsync,
    partial_path,
    sha256_of,
    write_text_durably,
)
from pairsmith.schema.annotations import STATEMENTS

PART_ROWS = 1_000_000
"""Statements in a part, at most."""

GROUP_ROWS = 50_000
"""Statements in a row group of a part: at most this many are held in memory."""

LABELS = 10_000
"""At most this many labels an annotation may have: what differs from row to row is a detail."""

UNSAID = "nothing to say"
"""Why nothing is said of the rows for which the annotator gives no reason."""


def annotate(
    out: str | os.PathLike[str],
    name: str,
    statements: Given,
    annotator: Annotator,
    not_said: Mapping[str, int] | None = None,
) -> Annotation:
    """Writes what an annotator says of the rows of a build, beside the build.

    An annotation of the same name is replaced, whole or not at all. Equal statements of equal
    builds give equal bytes.

    Args:
        out: The folder of the build.
        name: The annotation's: small letters, digits, `-` and `_`.
        statements: A table, record batches, or dictionaries. `id` names a row of the build, kept
            or quarantined, and may come again; `label`, `score` and `detail` may be null or
            missing; what columns there are besides is the annotator's own affair.
        annotator: Who says it, and what its labels are good for.
        not_said: How many rows it says nothing of, by why: `{"too long": 3}`. Of the rest there is
            nothing to say.

    Returns:
        The annotation as written.

    Raises:
        AnnotationError: A name, an id, a score or a column is not as described, or something
            else is in the annotation's place. Then nothing is changed.
        OutputError: There is no finished build, or its folder cannot be written.
    """
    place = local_build(out)
    built = read_manifest(place)
    target = annotation_folder(place, name)
    check_annotator(annotator)
    if FOLDER in {entry.subset for entry in built.ledger}:
        raise AnnotationError(f"{place} has a subset called {FOLDER}.", "Build it by another name.")
    ids = read_row_ids(place, built)
    build = build_id(built, sha256_of(place / manifest.NAME))
    with writing(place), _claimed(target):
        growing = _Growing(target, ids)
        try:
            growing.write(statements)
            made = growing.finish(annotator, build, _balanced(not_said or {}, growing))
        except BaseException:
            growing.discard()
            raise
        _remove_others(target, made)
    return open_annotation(target)


def remove_annotation(out: Path, name: str) -> None:
    """Removes an annotation, if there is one; files that are not of it stay.

    Raises:
        AnnotationError: Something else is in its place.
    """
    target = annotation_folder(out, name)
    if target.is_dir():
        with writing(out), _claimed(target):
            (target / NAME).unlink(missing_ok=True)
            fsync(target)
            _remove_others(target, None)


@contextmanager
def _claimed(target: Path) -> Iterator[None]:
    """Holds the folder of an annotation; one that is empty in the end goes again.

    Raises:
        AnnotationError: Another process holds it.
    """
    fresh = [path for path in (target, target.parent) if not path.exists()]
    target.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnnotationError(
                f"Another process is writing {target}.", "Wait for it to end."
            ) from None
        yield
        if (target / NAME).exists():
            for path in fresh:
                fsync(path.parent)
    finally:
        for path in (target, target.parent):
            with suppress(OSError):  # it holds something
                path.rmdir()
        os.close(handle)


def _remove_others(target: Path, made: Annotation | None) -> None:
    """Removes parts that the manifest does not list, and what a writer that was killed left."""
    listed = {entry.path for entry in made.files} if made else set()
    for path in target.iterdir():
        if path.name not in listed and (PART.fullmatch(path.name) or _is_partial(path.name)):
            path.unlink()


def _is_partial(name: str) -> bool:
    return name.endswith(PARTIAL) and name.startswith(("part", NAME))


def _balanced(given: Mapping[str, int], growing: _Growing) -> dict[str, int]:
    """The rows of which nothing is said, by why, all of them.

    Raises:
        AnnotationError: There are fewer than the annotator counts.
    """
    if not all(isinstance(why, str) and is_count(count) for why, count in given.items()):
        raise AnnotationError("Rows of which nothing is said are counted by why: {'too long': 3}.")
    silent, counted = growing.ids.count - growing.said, sum(given.values())
    if counted > silent:
        raise AnnotationError(
            f"{counted:,} rows are said to have no statement, but there are only {silent:,}."
        )
    rest = {UNSAID: silent - counted + given.get(UNSAID, 0)}
    return {why: count for why, count in sorted({**given, **rest}.items()) if count}


class _Growing:
    """The parts of an annotation while they grow.

    Args:
        target: The annotation's folder.
        ids: The ids that statements may have.
    """

    def __init__(self, target: Path, ids: RowIds) -> None:
        self.target, self.ids = target, ids
        self.seen = np.zeros(ids.count, bool)
        self.labels: Counter[str] = Counter()
        self.files: list[FileEntry] = []
        self.put: list[Path] = []
        self.schema: pa.Schema | None = None
        self.group: list[pa.RecordBatch] = []
        self.partial: Path | None = None
        self.part: pq.ParquetWriter | None = None
        self.rows = 0

    @property
    def said(self) -> int:
        """The rows of which something is said."""
        return int(self.seen.sum())

    def write(self, given: Given) -> None:
        """Takes all statements.

        Raises:
            AnnotationError: One is not as it should be.
        """
        for batch in batches_of(given):
            self._add(as_statements(batch))
        self._end_part()

    def _add(self, batch: pa.RecordBatch) -> None:
        if self.schema is None:
            self.schema = batch.schema
        elif batch.schema != self.schema:
            raise AnnotationError(
                f"The statements have columns {', '.join(map(str, batch.schema))} after "
                f"{', '.join(map(str, self.schema))}.".replace("\n", " ")
            )
        self._note(batch)
        while len(batch):
            part = batch.slice(0, GROUP_ROWS - sum(map(len, self.group)))
            self.group.append(part)
            batch = batch.slice(len(part))
            if sum(map(len, self.group)) == GROUP_ROWS:
                self._end_group()

    def _note(self, batch: pa.RecordBatch) -> None:
        places = self.ids.find(batch["id"])
        if (places < 0).any():
            strange = batch["id"][int(np.argmax(places < 0))].as_py()
            raise AnnotationError(
                f"The build has no row {strange!r}.", "Ids are those of its shards and quarantine."
            )
        self.seen[places] = True
        counts = batch["label"].drop_null().value_counts()
        for held_label in counts.to_pylist():
            self.labels[held_label["values"]] += held_label["counts"]
        if len(self.labels) > LABELS:
            raise AnnotationError(
                f"There are more than {LABELS:,} labels.",
                "A label is one of few words; what differs from row to row is a detail.",
            )

    def _end_group(self) -> None:
        """Writes the rows held, in one piece, so that pages end where they would."""
        schema = self.schema or STATEMENTS
        if self.part is None:
            self.partial = partial_path(self.target / "part")
            self.part = pq.ParquetWriter(
                self.partial, schema, compression="zstd", store_schema=False
            )
        table = pa.Table.from_batches(self.group, schema).combine_chunks()
        self.group = []
        self.part.write_table(table, row_group_size=GROUP_ROWS)
        self.rows += len(table)
        if self.rows >= PART_ROWS:
            self._end_part()

    def _end_part(self) -> None:
        if self.group or not (self.files or self.part):
            self._end_group()  # an annotation that says nothing has a part without rows
        if self.part is None or self.partial is None:
            return
        self.part.close()
        known = digest_of(self.partial)
        name = f"part-{len(self.files):05d}-{known.sha256[:16]}.parquet"
        if not (self.target / name).exists():
            self.put.append(self.target / name)
        finalize(self.partial, self.target / name)
        self.files.append(FileEntry(name, self.rows, *known))
        self.part, self.partial, self.rows = None, None, 0

    def finish(self, annotator: Annotator, build: BuildId, not_said: dict[str, int]) -> Annotation:
        """Puts the manifest, which makes the parts an annotation."""
        made = Annotation(
            name=self.target.name,
            annotator=annotator,
            build=build,
            files=tuple(self.files),
            labels=dict(sorted(self.labels.items())),
            said=self.said,
            not_said=not_said,
            pairsmith=__version__,
        )
        write_text_durably(self.target / NAME, made.to_json())
        return made

    def discard(self) -> None:
        """Removes what has grown, unless a fault came when the manifest was in place."""
        if self.part is not None:
            with suppress(OSError, pa.ArrowException):  # a full disk takes nothing more
                self.part.close()
        listed = ""
        with suppress(OSError, UnicodeDecodeError):
            listed = (self.target / NAME).read_text(encoding="utf-8")
        for path in [*self.put, *([self.partial] if self.partial else [])]:
            if path.name not in listed:
                path.unlink(missing_ok=True)
