"""A folder's manifest, of whatever kind, read as what was made and from what.

Manifests are read leniently: of each no more is asked than what lineage needs, so that one of
another version can still be followed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.dataset import evaluations, explorations
from pairsmith.dataset.annotation import BuildId
from pairsmith.errors import OutputError
from pairsmith.io.listed import is_possible
from pairsmith.models.folders import IDENTITY, identity_of
from pairsmith.models.run_folder import KINDS as RUNS
from pairsmith.tracing.made import File, Is, Kind, Link, Made

MANIFEST, EXPORT = "manifest.json", "export.json"
RECORDS = (MANIFEST, evaluations.NAME, explorations.NAME, EXPORT)
"""The files that tell what a folder holds; the first of them that there is counts."""

MOST_BYTES = 64 << 20
"""The longest manifest that is read."""

MOST_PARENTS = 256
"""The most parents of one manifest, besides the files of sources."""

MOST_ROWS = (1 << 63) - 1
"""The most rows that a manifest can tell of."""

UNREADABLE = (
    ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip
"""What comes of JSON that is of another shape."""

SHA256 = re.compile(r"[0-9a-f]{64}")
OWN = frozenset({"project", "events"})
"""What a collection names by hash, and holds itself."""

HASHED = {
    **dict.fromkeys(("base", "model", "reward", "watch", "score"), Is.MODEL),
    **dict.fromkeys(("build", "held_out", "margins"), Is.RECORD),
}
"""What hashes are of, by the roles that are known."""


class _Read(NamedTuple):
    """A manifest while it is read."""

    folder: Path
    sha256: str
    held: Mapping[str, Any]


def record_of(folder: Path) -> Path | None:
    """The file that tells what a folder holds; None where there is none."""
    for name in RECORDS:
        with suppress(OSError):  # its folder may be listed, and no more
            if (folder / name).is_file():
                return folder / name
    return None


def read_made(path: Path) -> Made:
    """What a manifest tells.

    Args:
        path: The manifest, in the folder that it is of.

    Raises:
        OutputError: It cannot be read, is too long, or is no manifest.
    """
    try:
        return _made(_read(path))
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UNREADABLE as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise OutputError(
            f"{path} is no manifest that this version can read: {said}.",
            "Was it written by another version, or edited?",
        ) from None


def _read(path: Path) -> _Read:
    """The JSON of a manifest, and its hash.

    Raises:
        ValueError: It is too long, or no JSON object.
    """
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES >> 20} MiB")
    held = json.loads(text)
    if not isinstance(held, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004  (a fault of what was read)
    return _Read(path.parent, hashlib.sha256(text).hexdigest(), held)


def _made(read: _Read) -> Made:
    """What a manifest tells.

    Raises:
        ValueError: It is of nothing that is known, or names too many parents.
    """
    made = _of_kind(read)
    others = sum(not link.files for link in made.parents)
    if others > MOST_PARENTS:
        raise ValueError(f"it names {others:,} parents, more than {MOST_PARENTS}")
    return made


def _of_kind(read: _Read) -> Made:
    held = read.held
    if "recipe" in held and "ledger" in held and "inputs" in held:
        return _build(read)
    if "annotator" in held and "build" in held:
        return _annotation(read)
    if held.get("kind") in RUNS:
        return _run(read)
    if "verdict" in held and "manifest" in held:
        return _report(read)
    if isinstance(held.get("kind"), str):
        return _other(read)
    raise ValueError("it tells nothing of what it is of")


def _build(read: _Read) -> Made:
    held, recipe = read.held, read.held["recipe"]
    inputs, ledger = tuple(map(_file, held["inputs"])), held["ledger"]
    applied = [_link("apply", one, Is.RECORD) for one in recipe.get("apply") or ()]
    judge = recipe.get("judge")
    judging = [_link("judge", judge, Is.RECORD)] if judge else []
    splits = [f"{entry['subset']}/{entry['split']}" for entry in ledger]
    told = BuildId(read.sha256, recipe["from"], {f.path: f.sha256 for f in inputs}, splits)
    return Made(
        Kind.BUILD,
        read.folder,
        "",
        read.sha256,
        parents=(Link("source", _common(inputs), "", Is.FILE, inputs), *applied, *judging),
        outputs=tuple(map(_file, held["outputs"])),
        rows=_sum(entry["kept"] for entry in ledger),
        build=told,
    )


def _annotation(read: _Read) -> Made:
    held = read.held
    build, recipe = held["build"], held.get("recipe") or {}
    told = BuildId(build["manifest"], build["from"], dict(build["inputs"]), list(build["splits"]))
    own = Link("build", "", _hash(build["manifest"]), Is.RECORD, rows_of=told)
    scores = recipe.get("scores")
    by_scores = (
        [Link("scores", scores, _hash(recipe["sha256"]), Is.RECORD)]
        if isinstance(scores, str) and "sha256" in recipe
        else []
    )
    outputs = tuple(map(_file, held["files"]))
    rows, parents = _sum([held["rows"]["said"]]), (own, *by_scores, *_named(recipe))
    return Made(Kind.ANNOTATION, read.folder, "", read.sha256, "", parents, outputs, rows)


def _run(read: _Read) -> Made:
    held = read.held
    build, outputs = held["build"], tuple(map(_file, held["outputs"]))
    base = _link("base", held["base"], Is.MODEL)
    if held["kind"] != "reward":
        base = base._replace(ends=str(held["base"].get("ends", "")))
    links = [base, _link("build", build, Is.RECORD)]
    for role, other in (held.get("others") or {}).items():
        links.append(_link(role, other, HASHED.get(role, Is.MODEL)))
    if build.get("confidence_sha256"):
        name = str(held["config"].get("confidence", ""))
        links.append(Link("confidence", name, _hash(build["confidence_sha256"]), Is.RECORD))
    model = {f.path: f.sha256 for f in outputs if IDENTITY.fullmatch(f.path)}
    return Made(
        Kind(held["kind"]),
        read.folder,
        "",
        read.sha256,
        identity=identity_of(dict(sorted(model.items()))) if model else "",
        parents=tuple(links),
        outputs=outputs,
        rows=_sum(one.get("trained", 0) for one in held["ledger"].values()),
    )


def _report(read: _Read) -> Made:
    """An evaluation or an exploration beside a build."""
    held, scores = read.held, read.held.get("scores")
    links = [Link("build", "", _hash(held["manifest"]), Is.RECORD)]
    if isinstance(scores, dict) and "sha256" in scores:
        links.append(_link("scores", scores, Is.RECORD))
    kind = Kind.EVALUATION if scores is not None else Kind.EXPLORATION
    return Made(kind, read.folder, "", read.sha256, parents=tuple(links))


def _other(read: _Read) -> Made:
    """Samples, a collection, or what is yet to come: whatever it names by a hash is a parent."""
    held = read.held
    kind = next((kind for kind in Kind if kind == held["kind"]), Kind.OTHER)
    config = held.get("config") or {}
    told = config.get("round") or held.get("round")
    ledger = held.get("ledger") or {}
    entries = ledger.values() if isinstance(ledger, dict) else ledger
    kept = [one["kept"] for one in entries if isinstance(one, dict) and "kept" in one]
    links = [*_named(held), *_named(held.get("others") or held.get("parents") or {})]
    if kind == Kind.SAMPLES:
        ends = str((held.get("model") or {}).get("ends", ""))
        links = [one._replace(ends=ends) if one.role == "model" else one for one in links]
    if files := tuple(map(_file, held.get("inputs") or ())):
        links.append(Link("source", _common(files), "", Is.FILE, files))
    return Made(
        kind,
        read.folder,
        str(held["kind"]) if kind == Kind.OTHER else "",
        read.sha256,
        parents=tuple(links),
        outputs=tuple(map(_file, held.get("outputs") or ())),
        rows=_sum(kept) if kept else None,
        round=str(told) if told is not None else "",
    )


def _named(held: Mapping[str, Any]) -> Iterator[Link]:
    """The values that are a name with a hash, or a server; by their keys' names."""
    for role, value in held.items():
        if role in OWN:
            continue
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                continue
            if "sha256" in one and "path" not in one:
                yield _link(role, one, HASHED.get(role, Is.ANY))
            elif role == "endpoint":
                name = " at ".join(str(one[k]) for k in ("model", "address") if one.get(k))
                yield Link(role, name, "", Is.SERVER)


def _link(role: str, held: Mapping[str, Any], of: Is) -> Link:
    return Link(role, str(held.get("name", "")), _hash(held["sha256"]), of)


def _hash(value: object) -> str:
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise ValueError(f"{str(value)[:80]!r} is no sha256")
    return value


def _sum(counts: Iterable[Any]) -> int:
    """The sum of numbers of rows.

    Raises:
        ValueError: It is no number of rows.
    """
    total = sum(map(int, counts))
    if not 0 <= total <= MOST_ROWS:
        raise ValueError("it tells of a number of rows that cannot be")
    return total


def _file(held: Mapping[str, Any]) -> File:
    size, rows = held.get("bytes"), held.get("rows")
    if not isinstance(held["path"], str):
        raise TypeError("a file's path is no text")
    if not is_possible(held["path"]):
        raise ValueError("a file's path can be none")
    sizes = tuple(n if type(n) is int and 0 <= n <= MOST_ROWS else None for n in (size, rows))
    return File(held["path"], sizes[0], _hash(held["sha256"]), sizes[1])


def _common(files: tuple[File, ...]) -> str:
    """What files are called together: the folder that all are in, or the one file."""
    if len(files) == 1:
        return files[0].path
    tops = {file.path.split("/")[0] for file in files}
    return f"{len(files)} files" if len(tops) > 1 else f"{tops.pop()}: {len(files)} files"
