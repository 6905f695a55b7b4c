"""Annotations of a commit: the files in `annotations/NAME/`, and what their manifest says of them.

A manifest is JSON, as `pairsmith.dataset.annotation` writes it: `files` names the parts, with their
SHA-256, and `build` the build that they are of, by the hash of its manifest and those of its
inputs. It comes from others, so nothing in it is taken for granted: what is wrong is told in a
sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pairsmith.hub.repos.files import File
from pairsmith.hub.viewer.sources import UnreadableError

FOLDER = "annotations"
MANIFEST = "manifest.json"  # of annotations in their folder, of a build at the top
PATH = re.compile(r"annotations/([^/]+)/(manifest\.json|part-[^/]*\.parquet)")
MAX_PARTS = 1_000
MAX_MANIFEST_BYTES = 4 << 20  # bytes of a manifest


class Annotation(NamedTuple):
    """What an annotator said of a dataset's rows: a manifest and Parquet files beside it."""

    name: str
    manifest: File
    parts: list[File]


class Listed(NamedTuple):
    """What the manifest of an annotation says: its parts, in order, and the build it is of."""

    parts: list[File]
    build: dict[str, object]


def annotations_among(paths: Iterable[str]) -> tuple[list[str], set[str]]:
    """The annotations of a commit, and their parts, which are no rows of the dataset.

    Args:
        paths: The commit's paths, in order; those of manifests and of Parquet files will do.

    Returns:
        The names of the folders in `annotations/` that have a manifest, and the paths of parts.
    """
    manifests, parts = [], dict[str, list[str]]()
    for path in paths:
        if match := PATH.fullmatch(path):
            if match[2] == MANIFEST:
                manifests.append(match[1])
            else:
                parts.setdefault(match[1], []).append(path)
    return manifests, {path for name in manifests for path in parts.get(name, ())}


def annotation_of(name: str, files: Sequence[File]) -> Annotation | None:
    """The annotation that the files of its folder are; None where it has no manifest."""
    inside = [file for file in files if PATH.fullmatch(file.path)]
    manifest = next((file for file in inside if file.path.endswith(f"/{MANIFEST}")), None)
    parts = [file for file in inside if file is not manifest]
    return Annotation(name, manifest, parts) if manifest else None


def read_parts(annotation: Annotation, path: Path) -> Listed:
    """Reads from the manifest of an annotation which parts it has.

    Args:
        annotation: The annotation.
        path: Where the content of its manifest lies.

    Raises:
        UnreadableError: It is not a manifest, or a part that it names is not here, or is another.
    """
    manifest = _json_object(annotation.manifest, path)
    there = {part.path: part for part in annotation.parts}
    parts = []
    for name, sha256 in _named_files(annotation, manifest):
        if name not in there:
            raise UnreadableError(f"{name} is not here, and {annotation.manifest.path} names it.")
        if sha256 and there[name].blob != sha256:
            raise UnreadableError(f"{name} is not the file that {annotation.manifest.path} names.")
        parts.append(there[name])
    if not parts:
        raise UnreadableError(f"{annotation.manifest.path} names no part.")
    build = manifest.get("build")
    return Listed(parts, build if isinstance(build, dict) else {})


def is_of_another_build(listed: Listed, build: File | None, path: Path | None) -> bool:
    """Whether an annotation says that it is of other rows than those of the build here.

    It is of the build whose manifest it names by its hash, and of any other that was made of the
    same files. Where there is no build here, or the annotation tells of none, nothing says so.

    Args:
        listed: What the manifest of the annotation says.
        build: The build's own manifest, if there is one at the same commit.
        path: Where its content lies.
    """
    made_of = listed.build
    if build is None or path is None or not made_of:
        return False
    if build.blob in (made_of.get("manifest"), made_of.get("sha256")):
        return False
    try:
        manifest = _json_object(build, path)
        inputs = {entry["path"]: entry["sha256"] for entry in manifest["inputs"]}  # type: ignore[attr-defined]
    except (UnreadableError, KeyError, TypeError):
        return True
    return made_of.get("inputs") != inputs


def _json_object(file: File, path: Path) -> dict[str, object]:
    if file.size > MAX_MANIFEST_BYTES:
        most = f"{MAX_MANIFEST_BYTES:,}"
        raise UnreadableError(f"{file.path} has more than the {most} bytes that are read.")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{file.path} is not JSON.") from error
    except OSError as error:  # a damaged hub, which `pairsmith hub verify` tells of
        raise UnreadableError(f"{file.path} cannot be read here: {error.strerror}.") from error
    if not isinstance(value, dict):
        raise UnreadableError(f"{file.path} is not a manifest of annotations.")
    return value


def _named_files(annotation: Annotation, manifest: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The parts that a manifest names, each with its SHA-256; '' where that is not told."""
    files = manifest.get("files")
    fault = f"{annotation.manifest.path} is not a manifest of annotations: files is no list of"
    if not isinstance(files, list):
        raise UnreadableError(f"{fault} parts.")
    if len(files) > MAX_PARTS:
        raise UnreadableError(f"{annotation.name} has more than {MAX_PARTS:,} parts.")
    for entry in files:
        name = entry.get("path") if isinstance(entry, dict) else entry
        sha256 = entry.get("sha256", "") if isinstance(entry, dict) else ""
        if not isinstance(name, str) or not isinstance(sha256, str):
            raise UnreadableError(f"{fault} paths.")
        yield f"annotations/{annotation.name}/{name}", sha256
