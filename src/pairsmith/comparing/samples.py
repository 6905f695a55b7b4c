"""Samples of several snapshots of a model, on the same prompts, scored by one model."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from pairsmith.errors import OutputError
from pairsmith.io.listed import is_below
from pairsmith.schema.splits import is_held_out
from pairsmith.tracing.made import Kind, Made
from pairsmith.tracing.read import MANIFEST, read_made

MOST_LINE = 64 << 20
"""Bytes of one line of samples."""


class Snapshot(NamedTuple):
    """The samples of one model.

    Attributes:
        name: What to call it: the folder's name, and its round.
        model: The model's name, as the samples' manifest has it.
        round: Its tag; empty for none.
        score: The hash of the model that scored it.
        scores: By prompt, and whether it is held out, the scores of its samples in their order.
    """

    name: str
    model: str
    round: str
    score: str
    scores: dict[tuple[bytes, bool], list[float]]


def read_snapshots(folders: Sequence[Path]) -> list[Snapshot]:
    """Reads folders of samples.

    Raises:
        OutputError: One is none, holds no scores, or was scored by another model than the first.
    """
    snapshots = _tell_apart([_read(folder) for folder in folders], folders)
    for snapshot, folder in zip(snapshots, folders, strict=True):
        if snapshot.score != snapshots[0].score:
            raise OutputError(
                f"{folder} was scored by another model than {folders[0]}.",
                "Scores of two models have no common scale: score both by one.",
            )
    return snapshots


def _tell_apart(snapshots: list[Snapshot], folders: Sequence[Path]) -> list[Snapshot]:
    """The same, with the names of their parents where their own are not enough."""
    if len({one.name for one in snapshots}) == len(snapshots):
        return snapshots
    above = [folder.resolve().parent.name for folder in folders]
    return [
        one._replace(name=f"{parent}/{one.name}")
        for one, parent in zip(snapshots, above, strict=True)
    ]


def _read(folder: Path) -> Snapshot:
    if not (folder / MANIFEST).is_file():
        raise OutputError(
            f"{folder} holds no finished samples: {MANIFEST} is missing.",
            "Name a folder that pairsmith generate wrote.",
        )
    made = read_made(folder / MANIFEST)
    links = {link.role: link for link in made.parents}
    if made.kind != Kind.SAMPLES:
        raise OutputError(f"{folder} holds no samples: it is a {made.kind.value}.")
    if "score" not in links:
        raise OutputError(f"The samples of {folder} have no scores.", "Generate with --score.")
    scores: dict[tuple[bytes, bool], list[float]] = {}
    for path, row in _rows(folder, made):
        samples = row.get("samples")
        told = [_score_of(sample) for sample in (samples if isinstance(samples, list) else ())]
        finite = [score for score in told if score is not None]
        if finite and "prompt" in row:
            held_out = is_held_out(_split_of(path, row))
            scores.setdefault((_key(row["prompt"]), held_out), finite)
    if not scores:
        raise OutputError(f"{folder} holds no sample with a score.")
    model = links["model"] if "model" in links else links.get("endpoint")
    name = f"{folder.name} (round {made.round})" if made.round else folder.name
    return Snapshot(name, model.name if model else "", made.round, links["score"].sha256, scores)


def _rows(folder: Path, made: Made) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of all files of samples, each with the path of its file.

    Raises:
        OutputError: A file cannot be read, lies elsewhere, or holds something else.
    """
    for file in made.outputs:
        inner = PurePosixPath(file.path)
        if not is_below(file.path) or inner.suffix != ".jsonl":
            continue
        try:
            if not (folder / inner).is_file():
                raise ValueError("it is no file")  # noqa: TRY301
            with (folder / inner).open("rb") as lines:
                while line := lines.readline(MOST_LINE + 1):
                    if len(line) > MOST_LINE:
                        raise ValueError("a line is longer than is read")  # noqa: TRY301
                    row = json.loads(line)
                    if isinstance(row, dict):
                        yield file.path, row
        except (OSError, ValueError, RecursionError) as error:
            raise OutputError(
                f"{folder / inner} cannot be read: {error}.", f"Run pairsmith lineage {folder}."
            ) from None


def _split_of(path: str, row: dict[str, Any]) -> str:
    """The split of a prompt: as the file's name tells it, or, of one without a pair, its id."""
    inner = PurePosixPath(path)
    if len(inner.parts) > 1:
        return inner.stem
    parts = str(row.get("id", "")).split("/")
    return str(row.get("split") or (parts[1] if len(parts) > 1 else "train"))


def _score_of(sample: object) -> float | None:
    score = sample.get("score") if isinstance(sample, dict) else None
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    return float(score) if abs(score) <= sys.float_info.max else None  # NaN is not either


def _key(prompt: object) -> bytes:
    text = json.dumps(prompt, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
