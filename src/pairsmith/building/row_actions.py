"""Decisions before shards: a first build is looked at whole, and what it tells is written down.

Which action applies to a row because of others is known once all rows were seen. So the source is
built as messages first, in a folder that goes again; someone else judges that; and the table of
decisions lies beside the shards from then on, its hash in the plan, for whoever makes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from pairsmith.dataset import checkpoint, decisions, folder
from pairsmith.errors import AnnotationError, DamagedInputError, RecipeError, SourceError
from pairsmith.io.digests import hash_file
from pairsmith.io.remote import StoragePath
from pairsmith.sources.layouts import SourceFile


class FirstPass(NamedTuple):
    """The outcome of the first pass over all rows.

    Attributes:
        decisions: Rows of `DECISIONS`, no id twice.
        inputs: The sha256 of each file of the source, by path.
    """

    decisions: pa.Table
    inputs: dict[str, str]


def settle_decisions(
    staging: StoragePath,
    plan: dict[str, Any],
    files: Sequence[SourceFile],
    first_pass: Callable[[], FirstPass],
) -> tuple[dict[str, Any], list[str]]:
    """Ensures that the table of decisions lies in the folder that a build grows in.

    Args:
        staging: The folder.
        plan: What `pairsmith.dataset.checkpoint.begin` gave.
        files: The source's files.
        first_pass: Looks at all rows; not called where that was done, and the files are the same.

    Returns:
        The plan, with the table's hash; and sentences on what has changed.

    Raises:
        RecipeError: The rows do not tell; then nothing is left in the folder.
        AnnotationError: An annotation that is acted on is not of these rows; the same.
        DamagedInputError: A file stops short; the same.
    """
    held = plan[checkpoint.DECISIONS]
    if held and _is_known(staging, held, files):
        return plan, []
    try:
        outcome = first_pass()
    except DamagedInputError as error:
        folder.abandon(staging)
        raise DamagedInputError(
            error.message,
            "Rows are looked at all together before any is dropped, flipped or smoothed: mend the "
            "file, or build without that.",
        ) from error
    except (RecipeError, AnnotationError):
        folder.abandon(staging)
        raise
    written = decisions.to_bytes(outcome.decisions)
    sha256 = hashlib.sha256(written).hexdigest()
    plan = {**plan, checkpoint.DECISIONS: {"sha256": sha256, "inputs": outcome.inputs}}
    said = []
    if held and held["sha256"] != sha256:
        checkpoint.restart(staging, plan)
        said = ["What becomes of rows has changed since the build was broken off: built anew."]
    decisions.write_decisions(staging, written)
    checkpoint.write_plan(staging, plan)
    return plan, said


def _is_known(staging: StoragePath, held: Mapping[str, Any], files: Sequence[SourceFile]) -> bool:
    if not decisions.is_held(staging, held["sha256"]):
        return False
    return bool(held["inputs"] == {file.path: hash_file(file.place).sha256 for file in files})


def check_same(plan: Mapping[str, Any], built: Sequence[checkpoint.Assembled]) -> None:
    """Checks that the shards were made of the rows that were looked at.

    Raises:
        SourceError: A file has changed in between.
    """
    seen = plan[checkpoint.DECISIONS]["inputs"]
    read = [entry for part in built for entry in part.read]
    changed = [entry.path for entry in read if seen.get(entry.path) != entry.sha256]
    if changed:
        raise SourceError(
            f"{', '.join(changed)} changed between the look at all rows and the build of them.",
            "The same command looks again.",
        )
