"""Checkpoints: told whole from half, kept until a later one is whole, gone on from.

A checkpoint is whole when its seal is there, which is written last and lists the files and their
sizes. One without, or with less than it lists, was being written when the process ended; it is
left aside and removed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pairsmith.errors import OutputError
from pairsmith.io.durable import fsync, write_text_durably

SEAL = "whole.json"
"""In a checkpoint: its files and their sizes in bytes."""

STATE = "trainer_state.json"
"""In a checkpoint: how far it is, as transformers write it."""

_FOLDER = re.compile(r"checkpoint-(\d{1,12})")


def seal(checkpoint: Path) -> None:
    """Makes a checkpoint durable, and says that it is whole."""
    files = [path for path in sorted(checkpoint.rglob("*")) if path.is_file()]
    for path in files:
        fsync(path)
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in files}
    write_text_durably(checkpoint / SEAL, json.dumps(sizes, indent=1) + "\n")
    fsync(checkpoint.parent)


def is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint is sealed, and every file has the size that it was sealed with."""
    try:
        sizes = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(sizes, dict) and all(
        (checkpoint / name).is_file() and (checkpoint / name).stat().st_size == size
        for name, size in sizes.items()
    )


def last_whole(folder: Path, up_to: int | None = None) -> Path | None:
    """The whole checkpoint of the latest step; None where there is none.

    Args:
        folder: Where they lie.
        up_to: Of the steps up to this one; None for all.
    """
    found = [
        held
        for held in _checkpoints(folder)
        if is_whole(held[1]) and (up_to is None or held[0] <= up_to)
    ]
    return max(found)[1] if found else None


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    match = _FOLDER.fullmatch(checkpoint.name)
    return int(match[1]) if match else 0


def is_last(checkpoint: Path) -> bool:
    """Whether the training that wrote a checkpoint had come to its end, by what it says.

    Raises:
        OutputError: It cannot be read.
    """
    with reading(checkpoint):
        state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
        return bool(state["global_step"] >= state["max_steps"])


@contextmanager
def reading(checkpoint: Path) -> Iterator[None]:
    """Tells a checkpoint that cannot be read, though its files have the sizes that they should.

    Raises:
        OutputError: It cannot.
    """
    try:
        yield
    # torch, safetensors and pickle raise what they like, of no common kind
    except Exception as error:
        said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .")[:200]
        raise OutputError(
            f"The checkpoint {checkpoint} cannot be read: {said}.",
            "Its files were changed, or the disk is damaged. Remove it: the same command goes on "
            "from an earlier one, or begins again.",
        ) from error


def remove_broken(folder: Path) -> None:
    """Removes checkpoints that are not whole."""
    for _, checkpoint in list(_checkpoints(folder)):
        if not is_whole(checkpoint):
            shutil.rmtree(checkpoint)


def remove_old(folder: Path, keep: int, spared: Collection[int] = ()) -> None:
    """Removes whole checkpoints but the latest few.

    Args:
        folder: Where they lie.
        keep: How many stay, at least one.
        spared: The steps of others that stay.
    """
    whole = sorted(held for held in _checkpoints(folder) if is_whole(held[1]))
    for step, checkpoint in whole[: -max(keep, 1)]:
        if step in spared:
            continue
        (checkpoint / SEAL).unlink()  # or half of it might pass for whole
        shutil.rmtree(checkpoint)


def _checkpoints(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if _FOLDER.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            yield step_of(path), path
