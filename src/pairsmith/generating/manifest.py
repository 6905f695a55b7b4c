"""The folder of samples: its manifest, written last, names by hash what it was made from.

OUT/
  <subset>/<split>.jsonl    a pair a line, which `pairsmith build OUT …` reads
  unkept.jsonl              prompts without a pair, each with its reason and its samples
  manifest.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pairsmith.errors import OutputError
from pairsmith.io.durable import digest_of, write_text_durably
from pairsmith.io.listed import is_below, is_possible
from pairsmith.models.run_folder import OutputFile

NAME, UNKEPT = "manifest.json", "unkept.jsonl"
KIND, FORMAT = "samples", 1

MOST_BYTES = 64 << 20
"""Of a manifest."""


@dataclass(frozen=True)
class SamplesManifest:
    """A finished folder of samples.

    Attributes:
        pairsmith: The version that made it.
        prompts: What was asked: the `name` of a build or of a file, and the `sha256` of the
            build's manifest or of the file.
        model: What answered: `name`, `sha256`; None for an endpoint.
        endpoint: Or where: `address`, and the `model` as it is named there; None for a model at
            hand.
        score: The preference model that scored: `name`, `sha256`; None for none.
        config: All that decided the samples besides: the fields of `GenerateOptions`.
        ledger: By `subset/split`: prompts `read`, those `kept` as pairs, and the others by their
            reason; `read` is the sum of the others.
        samples: How many were `asked` for, and how many of them `failed`, were `empty`, or were
            `repeated`, with the text of an earlier one of the same prompt.
        faults: The failed samples by their fault.
        summary: What came of it: see `summary.summarize`.
        outputs: The files, but for this one; their `rows` by path are in `rows`.
        rows: By path, the rows of each file.
    """

    pairsmith: str
    prompts: dict[str, str]
    model: dict[str, str] | None
    endpoint: dict[str, str] | None
    score: dict[str, str] | None
    config: dict[str, Any]
    ledger: dict[str, dict[str, int]]
    samples: dict[str, int]
    faults: dict[str, int]
    summary: dict[str, Any]
    outputs: tuple[OutputFile, ...]
    rows: dict[str, int]

    @property
    def kept(self) -> int:
        """The number of pairs."""
        return sum(account["kept"] for account in self.ledger.values())

    @property
    def read(self) -> int:
        """The number of prompts."""
        return sum(account["read"] for account in self.ledger.values())

    def to_dict(self) -> dict[str, Any]:
        """As the file holds it."""
        held = asdict(self)
        rows = held.pop("rows")
        held["outputs"] = [
            {"path": file.path, "rows": rows[file.path], "bytes": file.bytes, "sha256": file.sha256}
            for file in self.outputs
        ]
        return {"kind": KIND, "format": FORMAT, **held}


def has_samples(folder: Path) -> bool:
    """Whether a folder holds finished samples."""
    try:
        return _read_json(folder / NAME).get("kind") == KIND
    except (OSError, ValueError, RecursionError):
        return False


def read_samples(folder: Path) -> SamplesManifest:
    """Reads the manifest of a folder of samples.

    Raises:
        OutputError: There is none, or it is not one.
    """
    path = folder / NAME
    if not path.is_file():
        raise OutputError(
            f"{folder} holds no finished samples: {NAME} is missing.",
            "It is written last. The same command of pairsmith generate goes on.",
        )
    try:
        made = _from_dict(_read_json(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else error
        raise OutputError(
            f"{path} is no manifest of samples that this version can read: {said}.",
            "Was it written by another version, or edited?",
        ) from None
    return made


def _read_json(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
    held = json.loads(data)
    if not isinstance(held, dict):
        raise ValueError("it is no object")  # noqa: TRY004  (of JSON, which is a value)
    return held


def _from_dict(held: dict[str, Any]) -> SamplesManifest:
    """The manifest that a file holds.

    Raises:
        KeyError, TypeError, ValueError: It is not one.
    """
    if held.get("kind") != KIND or held.get("format") != FORMAT:
        raise ValueError(f"its kind is {str(held.get('kind'))[:40]!r}")
    parents = [held["prompts"], *(one for one in (held["model"], held["score"]) if one is not None)]
    if not all(_is_named(one, ("name", "sha256")) for one in parents):
        raise TypeError("a parent has no name and sha256")
    if held["endpoint"] is not None and not _is_named(held["endpoint"], ("address", "model")):
        raise TypeError("the endpoint has no address and model")
    for name in ("config", "ledger", "samples", "faults", "summary"):
        if not isinstance(held[name], dict):
            raise TypeError(f"{name} is of another type")
    for account in (held["samples"], held["faults"], *held["ledger"].values()):
        if not all(type(count) is int for count in account.values()):
            raise TypeError("an account holds something else than counts")
    for place, account in held["ledger"].items():
        if account["read"] != sum(account.values()) - account["read"] or "kept" not in account:
            raise ValueError(f"the account of {place} does not add up")
    outputs, rows = list[OutputFile](), dict[str, int]()
    for file in held["outputs"]:
        told = OutputFile(file["path"], file["bytes"], file["sha256"])
        if [type(value) for value in (*told, file["rows"])] != [str, int, str, int]:
            raise TypeError("an output is of another type")
        if not is_below(told.path) or not is_possible(told.path):
            raise ValueError(f"its file {told.path[:80]!r} lies outside of its folder")
        outputs.append(told)
        rows[told.path] = file["rows"]
    names = SamplesManifest.__dataclass_fields__.keys() - {"outputs", "rows"}
    given = {name: held[name] for name in names}
    return SamplesManifest(**given, outputs=tuple(outputs), rows=rows)


def _is_named(held: Any, names: tuple[str, ...]) -> bool:
    return isinstance(held, dict) and all(isinstance(held.get(name), str) for name in names)


def write_samples(folder: Path, made: SamplesManifest) -> None:
    """Writes the manifest, whole or not at all."""
    text = json.dumps(made.to_dict(), indent=2, ensure_ascii=False)
    write_text_durably(folder / NAME, text + "\n")


def check_samples(folder: Path, made: SamplesManifest) -> None:
    """Checks that the files are what they were when they were written.

    Raises:
        OutputError: One is gone, or another.
    """
    for file in made.outputs:
        path = folder / file.path
        if not path.is_file() or digest_of(path) != (file.bytes, file.sha256):
            raise OutputError(
                f"{path} is not what its manifest says: it was changed, or is gone.",
                "Generate it again with --force.",
            )


def iter_samples(folder: Path, made: SamplesManifest) -> Iterator[dict[str, Any]]:
    """The rows of all files, pairs and others, in the order of the files.

    Raises:
        OutputError: A file cannot be read.
    """
    for file in made.outputs:
        try:
            with (folder / file.path).open(encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)
        except (OSError, ValueError, RecursionError) as error:
            raise OutputError(f"{folder / file.path} cannot be read: {error}.") from None
