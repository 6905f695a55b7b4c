"""The files of a report beside a build, an audit's, an evaluation's or an exploration's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pairsmith.dataset import card
from pairsmith.dataset.folder import ANNOTATIONS, writing
from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import OutputError
from pairsmith.io.durable import PARTIAL, path_exists


def check_place(out: Path, built: Manifest, name: str, what: str) -> Path:
    """Checks that a report may lie in a folder of a build.

    Args:
        out: The folder of the build.
        built: Its manifest.
        name: Of the report's folder.
        what: What lies there: an audit, an exploration.

    Returns:
        That folder.

    Raises:
        OutputError: The build has a subset of that name, or of that of annotations; or something
            else is in the place.
    """
    for taken in sorted({name, ANNOTATIONS} & {entry.subset for entry in built.ledger}):
        raise OutputError(
            f"{out} has a subset called {taken}, where its {what} would lie.",
            "Build it again under another name.",
        )
    place = out / name
    if place.is_symlink() or (path_exists(place) and not place.is_dir()):
        raise OutputError(f"{place} is not a folder.", f"The {what} would lie there: move it away.")
    return place


def may_replace(folder: Path, marks: Mapping[str, bytes]) -> bool:
    """Whether the files of a report may be replaced: there are none, or those of an earlier one.

    Args:
        folder: Where they lie.
        marks: Bytes that each of them holds, by its name, and others of that name do not.
    """
    held = [folder / name for name in marks if path_exists(folder / name)]
    try:
        return all(marks[path.name] in path.read_bytes() for path in held)
    except OSError:
        return False


def title_of(out: Path, built: Manifest) -> str:
    """What a report calls a build: as its card was told to, or else as its folder is called.

    Args:
        out: The folder of the build.
        built: Its manifest.
    """
    given = built.recipe.card_fields.get("pretty_name")
    return str(given or out.resolve().name or card.front_matter(built)["pretty_name"])


def read_former(path: Path, manifest: str) -> dict[str, Any]:
    """What an earlier report of the same build holds; nothing where there is none.

    Args:
        path: Its file of numbers.
        manifest: The sha256 of the build's manifest, which that file has to name.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # what is no report is written over
    is_same = isinstance(held, dict) and held.get("manifest") == manifest
    return held if is_same else {}


@contextmanager
def replacing(folder: Path, names: Sequence[str]) -> Iterator[None]:
    """Makes way for the files of a report, which are written meanwhile.

    Args:
        folder: Where they are to lie; made if it is not there.
        names: Of the files. The last one tells that the others are there: it is removed first,
            and has to be written last.

    Raises:
        OutputError: The folder cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            for left in folder.glob(f"{name}.*{PARTIAL}"):
                left.unlink(missing_ok=True)
        (folder / names[-1]).unlink(missing_ok=True)
        yield
