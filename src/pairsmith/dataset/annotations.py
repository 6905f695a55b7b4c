"""The annotations beside a build: read by name, proved, and bound to the rows that they are of.

`OUT/annotations/NAME/` holds the parts and, put last, a manifest that lists them. An annotation is
of the build whose manifest it names by its hash, and of any other build of the same rows: made of
files with the same hashes, in the same splits, read in the same shape. So a build that is made
again, by another recipe, keeps what was said of its rows.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pairsmith.dataset import folder, manifest
from pairsmith.dataset.annotation import NAME, SLUG, Annotation, BuildId, build_id, parse_annotation
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.statements import check_parts
from pairsmith.errors import AnnotationError, OutputError
from pairsmith.io.durable import is_regular_file, path_exists, sha256_of

FOLDER = folder.ANNOTATIONS


def list_annotations(out: str | os.PathLike[str]) -> list[str]:
    """The names of the annotations of a build, sorted; damaged ones too.

    Args:
        out: The folder of the build.

    Raises:
        OutputError: There is no finished build.
    """
    place = local_build(out)
    read_manifest(place)
    return [path.parent.name for path in sorted((place / FOLDER).glob(f"*/{NAME}"))]


def read_annotation(out: str | os.PathLike[str], name: str) -> Annotation:
    """Reads what an annotator said of the rows of a build.

    Args:
        out: The folder of the build.
        name: The annotation's.

    Returns:
        The annotation, whose files are as they were written. Its `batches` are the statements.

    Raises:
        OutputError: There is no finished build.
        AnnotationError: There is no such annotation, it is damaged, or it is of another build.
    """
    place = local_build(out)
    build = build_id(read_manifest(place), sha256_of(place / manifest.NAME))
    found = open_annotation(annotation_folder(place, name))
    check_bound(found, build, f"the one in {place}")
    return found


class Reference(NamedTuple):
    """Which statements are meant, as `NAME` or `NAME:LABEL` says it.

    Attributes:
        name: Of an annotation, or its folder: that has a slash in it.
        label: Only statements with this label; None for all.
    """

    name: str
    label: str | None

    @property
    def is_path(self) -> bool:
        """Whether it names a folder."""
        return "/" in self.name


def parse_reference(given: str) -> Reference:
    """Takes `NAME` or `NAME:LABEL` apart, at the first colon.

    Raises:
        AnnotationError: There is a colon, but no name before it, or no label behind it.
    """
    name, colon, label = given.partition(":")
    if not name or (colon and not label):
        raise AnnotationError(f"{given!r} names no annotation.", "Write NAME or NAME:LABEL.")
    return Reference(name, label if colon else None)


def local_build(out: str | os.PathLike[str]) -> Path:
    """The folder of a build.

    Raises:
        OutputError: It lies in an object store.
    """
    place = folder.output(os.fspath(out))
    if not isinstance(place, Path):
        raise OutputError(f"{out} is a URL.", "Annotations lie beside builds on a disk.")
    return place


def annotation_folder(out: Path, name: str) -> Path:
    """Where an annotation of a build lies, or is to lie.

    Raises:
        AnnotationError: It is no name, or something else is in the place.
    """
    if not isinstance(name, str) or not SLUG.fullmatch(name):
        raise AnnotationError(
            f"{name!r} cannot name an annotation.",
            "Use small letters, digits, - and _, at most 64.",
        )
    for place in (out / FOLDER, out / FOLDER / name):
        if place.is_symlink() or (path_exists(place) and not place.is_dir()):
            raise AnnotationError(f"{place} is not a folder.", "Move it away.")
    return out / FOLDER / name


def open_annotation(place: Path) -> Annotation:
    """Reads an annotation, of whatever build it is.

    Args:
        place: Its folder.

    Raises:
        AnnotationError: There is none, or it is damaged.
    """
    path = place / NAME
    if place.is_symlink() or path.is_symlink():
        raise AnnotationError(f"{place} is a link, or its {NAME} is.", "Name the folder itself.")
    if not place.is_dir():
        others = [held.parent.name for held in sorted(place.parent.glob(f"*/{NAME}"))]
        known = (
            f"There are: {', '.join(others)}."
            if others
            else "None is there; pairsmith audit and pairsmith score write some."
        )
        raise AnnotationError(f"There is no annotation {place}.", known)
    if not is_regular_file(place, NAME):
        raise AnnotationError(
            f"{place} holds no finished annotation: {NAME} is missing.", "Have it written again."
        )
    try:
        text = path.read_bytes()
        found = parse_annotation(text.decode())
    except (OSError, ValueError) as error:
        raise AnnotationError(
            f"{path} is not of an annotation that this version can read: {error}.",
            "Was it written by another version, or edited?",
        ) from None
    if found.name != place.name:
        raise AnnotationError(
            f"{path} is of the annotation {found.name}.", "Give it its name back."
        )
    check_parts(place, found.files)
    return replace(found, folder=place, sha256=hashlib.sha256(text).hexdigest())


def check_bound(annotation: Annotation, build: BuildId, said: str) -> None:
    """Checks that the ids of an annotation name the rows of a build.

    Args:
        annotation: The annotation.
        build: What tells the build.
        said: What to call it in a fault.

    Raises:
        AnnotationError: They name the rows of another.
    """
    difference = annotation.build.difference(build)
    if difference:
        raise AnnotationError(
            f"The annotation {annotation.name} is of another build than {said}: {difference}.",
            "Its ids name other rows. Annotate this build, or name the other.",
        )
