"""What came of all prompts, written as rows: pairs by subset and split, and the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith._version import __version__
from pairsmith.generating.answering import Found
from pairsmith.generating.folder import Parents
from pairsmith.generating.manifest import UNKEPT, SamplesManifest
from pairsmith.generating.options import GenerateOptions
from pairsmith.generating.pairing import make_row
from pairsmith.generating.prompts import NOT_DRAWN, Prompts
from pairsmith.generating.summary import Summary
from pairsmith.io.durable import digest_of, finalize, partial_path
from pairsmith.models.run_folder import OutputFile


class Naming(NamedTuple):
    """What rows and the manifest say besides.

    Attributes:
        model: What wrote the samples, as rows name it.
        parents: What they were made from.
        options: By which.
    """

    model: str
    parents: Parents
    options: GenerateOptions


def assemble(out: Path, asked: Prompts, found: Iterator[Found], naming: Naming) -> SamplesManifest:
    """Writes the files of a folder of samples, each whole or not at all.

    Args:
        out: The folder.
        asked: The prompts.
        found: What came of those that are not refused, in order.
        naming: What else is told.

    Returns:
        What the manifest is to say.
    """
    parents, options = naming.parents, naming.options
    ledger: dict[str, dict[str, int]] = {}
    for place, left_out in asked.not_drawn.items():
        ledger[place] = {"read": left_out, "kept": 0, **({NOT_DRAWN: left_out} if left_out else {})}
    summary, files = Summary(options.best_of), _Files(out)
    with closing(files):
        for prompt in asked.all:
            held = next(found) if prompt.refused is None else {"samples": [], "refused": None}
            told = prompt._replace(refused=prompt.refused or held["refused"])
            scored = parents.score is not None
            row, reason = make_row(told, held["samples"], options, naming.model, scored)
            place = f"{prompt.subset}/{prompt.split}"
            account = ledger[place]
            account["read"] += 1
            account[reason or "kept"] = account.get(reason or "kept", 0) + 1
            files.write(UNKEPT if reason else f"{place}.jsonl", row)
            summary.add(held["samples"])
    outputs = files.finish()
    return SamplesManifest(
        __version__, *parents, options.to_dict(), ledger, summary.counts,
        dict(sorted(summary.faults.items())), summary.to_dict(),
        outputs, {file.path: files.rows[file.path] for file in outputs},
    )  # fmt: skip


class _Files:
    """Files of rows that become whole together."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.rows: dict[str, int] = {}
        self._partial: dict[str, Path] = {}
        self._open: dict[str, Any] = {}

    def write(self, name: str, row: dict[str, Any]) -> None:
        if name not in self._open:
            path = self.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self._partial[name] = partial_path(path)
            self._open[name] = self._partial[name].open("w", encoding="utf-8", newline="\n")
            self.rows[name] = 0
        self._open[name].write(json.dumps(row, ensure_ascii=False) + "\n")
        self.rows[name] += 1

    def close(self) -> None:
        for file in self._open.values():
            file.close()

    def finish(self) -> tuple[OutputFile, ...]:
        """Puts the files in their places."""
        for name, partial in self._partial.items():
            finalize(partial, self.out / name)
        names = sorted(self._partial)
        return tuple(OutputFile(name, *digest_of(self.out / name)) for name in names)
