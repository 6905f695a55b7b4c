"""The folder of a run: its manifest, written last, names by hash what it was made from.

RUN/ holds the model as `transformers` loads it (config.json, model.safetensors, the tokenizer), its
card README.md, config.yaml, metrics.jsonl and manifest.json; and `checkpoints/` while it trains.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.errors import ModelError, RecipeError
from pairsmith.io.durable import digest_of, write_text_durably
from pairsmith.models.folders import IDENTITY
from pairsmith.schema.recipe import template_from_dict, template_to_dict
from pairsmith.schema.rows import Form
from pairsmith.schema.templates import Template

NAME = "manifest.json"
KINDS = ("reward", "dpo", "rl")


class OutputFile(NamedTuple):
    """One file of a run.

    Attributes:
        path: Below its folder.
        bytes: Its size.
        sha256: Of its bytes.
    """

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class RunManifest:
    """A finished run.

    Attributes:
        pairsmith: The version that made it.
        kind: What was trained: one of `KINDS`.
        build: The build it learnt from: `name`, the `sha256` of its manifest.
        base: The model that it began with: `name`, `sha256`.
        form: Of the build's rows.
        template: The build's, for text.
        config: All that decided the run, as config.yaml holds it.
        ledger: By `subset/split`: how many rows were `read`, and what became of them; `read` is
            the sum of the others.
        metrics: What it ended with: numbers by name.
        versions: Of the libraries that trained it, by name.
        outputs: The files of the run, but for this one.
        others: What else it was made from, by role, such as the model that gave the `reward`: each
            with `name` and `sha256`.
    """

    pairsmith: str
    kind: str
    build: dict[str, str]
    base: dict[str, str]
    form: Form
    template: Template | None
    config: dict[str, Any]
    ledger: dict[str, dict[str, int]]
    metrics: dict[str, float]
    versions: dict[str, str]
    outputs: tuple[OutputFile, ...] = field(default=())
    others: dict[str, dict[str, str]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As the file holds it."""
        held = asdict(self)
        held["template"] = template_to_dict(self.template) if self.template else None
        held["outputs"] = [entry._asdict() for entry in self.outputs]
        return held


def _check_fields(held: Any) -> None:
    """Checks what a manifest holds for the types that are relied upon.

    Raises:
        TypeError: A field is of another.
    """
    fields = {
        "pairsmith": str, "kind": str, "build": dict, "base": dict, "config": dict, "ledger": dict,
        "metrics": dict, "versions": dict, "outputs": list,
    }  # fmt: skip
    wrong = [name for name, kind in fields.items() if not isinstance(held[name], kind)]
    others = held.get("others", {})
    if not wrong and not isinstance(others, dict):
        wrong.append("others")
    named = {} if wrong else {"build": held["build"], "base": held["base"], **others}
    wrong += [name for name, parent in named.items() if not _is_parent(parent)]
    if not wrong and not all(_is_account(one) for one in held["ledger"].values()):
        wrong.append("ledger")
    if not wrong and not all(_is_file(one) for one in held["outputs"]):
        wrong.append("outputs")
    if wrong:
        raise TypeError(f"{wrong[0]} is of another type")


def _is_parent(held: Any) -> bool:
    return isinstance(held, dict) and all(
        isinstance(held.get(key), str) for key in ("name", "sha256")
    )


def _is_account(held: Any) -> bool:
    return isinstance(held, dict) and all(type(count) is int for count in held.values())


def _is_file(held: Any) -> bool:
    return isinstance(held, dict) and [type(held.get(name)) for name in OutputFile._fields] == [
        str, int, str,
    ]  # fmt: skip


def list_outputs(folder: Path) -> tuple[OutputFile, ...]:
    """The files of a run as they lie there, but for its manifest and its checkpoints."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = ((path, path.relative_to(folder).as_posix()) for path in found)
    return tuple(
        OutputFile(name, *digest_of(path))
        for path, name in names
        if name != NAME and not name.startswith(("checkpoints/", "."))
    )


def write_run(folder: Path, manifest: RunManifest) -> None:
    """Writes the manifest of a run, whole or not at all."""
    text = json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False)
    write_text_durably(folder / NAME, text + "\n")


def read_proved_run(folder: Path, hashes: Mapping[str, str], name: str) -> RunManifest | None:
    """The run whose folder this is, its model proved to be as it was written; None if it is none.

    Args:
        folder: The folder of a model.
        hashes: Of its files that decide a score; see `folders.hash_files`.
        name: What to call it.

    Raises:
        ModelError: The manifest cannot be read, or a file is another, is gone, or was added.
    """
    if not has_run(folder):
        return None
    run = read_run(folder)
    wrote = {entry.path: entry.sha256 for entry in run.outputs if IDENTITY.fullmatch(entry.path)}
    if wrote != hashes:
        names = sorted(n for n in {*wrote, *hashes} if wrote.get(n) != hashes.get(n))
        raise ModelError(
            f"{name} is not what its run wrote: {names[0]} was changed since, by its manifest.",
            "Train it again, with --force; or copy it without manifest.json, as another model.",
        )
    return run


def has_run(folder: Path) -> bool:
    """Whether a folder holds a finished run."""
    return (folder / NAME).is_file()


def read_run(folder: Path) -> RunManifest:
    """Reads the manifest of a finished run.

    Raises:
        ModelError: There is none, or it is not one.
    """
    path = folder / NAME
    if not path.is_file():
        raise ModelError(
            f"{folder} holds no finished run: {NAME} is missing.",
            "It is written last, when a run has ended. The same command goes on with one.",
        )
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        _check_fields(held)
        template = template_from_dict(held["template"]) if held["template"] else None
        outputs = tuple(OutputFile(**entry) for entry in held["outputs"])
        given = {**held, "form": Form(held["form"]), "template": template, "outputs": outputs}
        run = RunManifest(**given)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, RecipeError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ModelError(
            f"{path} is not a run's manifest that this version can read: {said}.",
            "Was it written by another version, or edited?",
        ) from None
    if run.kind not in KINDS:
        raise ModelError(f"{path} is of a run of another kind: {run.kind!r}.", "Update pairsmith.")
    return run
