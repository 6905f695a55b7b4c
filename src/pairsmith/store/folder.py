"""The output folder: whose it is, and what may be cleared from it.

Only what pairsmith wrote is ever removed: the files that a manifest lists, or, in a folder
that the marker of an unfinished build claims, the files with a build's names.
"""

from __future__ import annotations

from pathlib import Path

from pairsmith.errors import OutputError
from pairsmith.store import card, manifest
from pairsmith.store.manifest import Manifest, read_manifest
from pairsmith.store.shards import PARTIAL

MARKER = ".pairsmith-unfinished"


def local_folder(out: str) -> Path:
    """The output folder's path.

    Raises:
        OutputError: It is a URL.
    """
    if "://" in out:
        raise OutputError(f"{out} is a URL.", "The output must be a local folder.")
    return Path(out)


def earlier_build(out: Path) -> Manifest | None:
    """The build that the folder holds; None for an absent, an empty or an unfinished one.

    Raises:
        OutputError: It is not a folder, cannot be read, or holds something else.
    """
    if not out.exists():
        return None
    if not out.is_dir():
        raise OutputError(f"{out} is a file.", "Name a new or an empty folder.")
    if (out / manifest.NAME).exists():
        return read_manifest(out)
    if (out / MARKER).exists():
        return None
    others = sorted(path.name for path in out.iterdir())
    if others:
        raise OutputError(
            f"{out} holds something else: {_some(others)}.",
            "Nothing was written. Name a new or an empty folder.",
        )
    return None


def claim(out: Path) -> None:
    """Makes the folder ready for a build: clears an earlier one and marks it as unfinished."""
    earlier = earlier_build(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARKER).touch()
    if earlier:
        (out / manifest.NAME).unlink()
        cleared = [out / entry.path for entry in earlier.outputs]
    else:
        cleared = [path for path in out.glob("*/*") if _is_ours(path.relative_to(out))]
    for path in cleared:
        path.unlink(missing_ok=True)
    (out / card.NAME).unlink(missing_ok=True)
    for folder in {path.parent for path in cleared}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def release(out: Path) -> None:
    """Takes the mark of an unfinished build away."""
    (out / MARKER).unlink()


def intact(out: Path, built: Manifest) -> bool:
    """Whether every file of a build is there in its size; `check` looks closer."""
    paths = [(out / entry.path, entry.bytes) for entry in built.outputs]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def _is_ours(path: Path) -> bool:
    """Whether an unfinished build may have left a file of this name."""
    return bool(manifest.OUTPUT.fullmatch(path.as_posix().removesuffix(PARTIAL)))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
