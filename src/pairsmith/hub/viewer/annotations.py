"""Annotations of a commit: the files in `annotations/NAME/`, and what their manifest says of them.

A manifest is JSON: `files` names the parts, with their SHA-256; `build.sha256` is the hash of the
build's own `manifest.json`. It comes from others, so nothing in it is taken for granted: what is
wrong is told in a sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos.files import File
from pairsmith.hub.viewer.connection import UnreadableError

MANIFEST = "manifest.json"  # of annotations in their folder, of a build at the top
PATH = re.compile(r"annotations/([^/]+)/(manifest\.json|part-[^/]*\.parquet)")
MOST_PARTS = 1_000
LARGEST = 4 << 20  # bytes of a manifest


class Annotation(NamedTuple):
    """What an annotator said of a dataset's rows: a manifest and Parquet files beside it."""

    name: str
    manifest: File
    parts: list[File]


def find_annotations(files: Mapping[str, File]) -> list[Annotation]:
    """The annotations of a commit, by name: the folders in `annotations/` that have a manifest.

    Args:
        files: The commit's files, by path, in the order of their paths.
    """
    folders: dict[str, list[File]] = {}
    for path, file in files.items():
        if match := PATH.fullmatch(path):
            folders.setdefault(match[1], []).append(file)
    return [made for name, inside in folders.items() if (made := _annotation(name, inside))]


def part_paths(found: list[Annotation]) -> set[str]:
    """The paths of all parts, which are no rows of the dataset."""
    return {part.path for annotation in found for part in annotation.parts}


def annotation_named(found: list[Annotation], name: str) -> Annotation:
    """The annotation of that name.

    Raises:
        HubError: 404 where there is none.
    """
    for annotation in found:
        if annotation.name == name:
            return annotation
    there = ", ".join(one.name for one in found[:20]) or "none"
    raise HubError(404, f"There is no annotation {name[:100]!r} here; there is: {there}.")


def check_annotation(annotation: Annotation, path: Path, build: File | None) -> str:
    """Checks that an annotation is whole, as its manifest has it.

    Args:
        annotation: The annotation.
        path: Where the content of its manifest lies.
        build: The manifest of the build at the same commit, if there is one.

    Returns:
        What there is to warn of, in a sentence; '' for nothing.

    Raises:
        UnreadableError: It is not whole, or its manifest is not one.
    """
    manifest = _manifest(annotation, path)
    listed = dict(_listed(annotation, manifest))
    if not listed:
        raise UnreadableError(f"{annotation.manifest.path} names no part.")
    there = {part.path: part for part in annotation.parts}
    for name, sha256 in listed.items():
        if name not in there:
            raise UnreadableError(f"{name} is not here, and {annotation.manifest.path} names it.")
        if sha256 and there[name].blob != sha256:
            raise UnreadableError(f"{name} is not the file that {annotation.manifest.path} names.")
    for name in there:
        if name not in listed:
            raise UnreadableError(f"{name} is not named by {annotation.manifest.path}.")
    described = manifest.get("build")
    made_of = described.get("sha256") if isinstance(described, dict) else None
    if build is not None and made_of is not None and made_of != build.blob:
        return f"{annotation.name} was made of another build: what it says may be of other rows."
    return ""


def _annotation(name: str, inside: list[File]) -> Annotation | None:
    parts = [file for file in inside if not file.path.endswith(MANIFEST)]
    manifest = next((file for file in inside if file.path.endswith(MANIFEST)), None)
    return Annotation(name, manifest, parts) if manifest else None


def _manifest(annotation: Annotation, path: Path) -> dict[str, object]:
    where = annotation.manifest.path
    if annotation.manifest.size > LARGEST:
        raise UnreadableError(f"{where} has more than the {LARGEST:,} bytes that are read.")
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{where} is not JSON.") from error
    except OSError as error:  # a damaged hub, which `pairsmith hub verify` tells of
        raise UnreadableError(f"{where} cannot be read here: {error.strerror}.") from error
    if not isinstance(manifest, dict):
        raise UnreadableError(f"{where} is not a manifest of annotations.")
    return manifest


def _listed(annotation: Annotation, manifest: dict[str, object]) -> Iterator[tuple[str, str]]:
    """The parts that a manifest names, each with its SHA-256; '' where that is not told."""
    files = manifest.get("files")
    fault = f"{annotation.manifest.path} is not a manifest of annotations: files is no list of"
    if not isinstance(files, list):
        raise UnreadableError(f"{fault} parts.")
    if len(files) > MOST_PARTS:
        raise UnreadableError(f"{annotation.name} has more than {MOST_PARTS:,} parts.")
    for entry in files:
        name = entry.get("path") if isinstance(entry, dict) else entry
        sha256 = entry.get("sha256", "") if isinstance(entry, dict) else ""
        if not isinstance(name, str) or not isinstance(sha256, str):
            raise UnreadableError(f"{fault} paths.")
        yield f"annotations/{annotation.name}/{name.rpartition('/')[2]}", sha256
