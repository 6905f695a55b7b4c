"""The record of an export: which build it is of, by hash, and its files, by theirs.

It is no manifest.json, for that is what tells a build; and trainers pass it over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pairsmith._version import __version__
from pairsmith.dataset import manifest
from pairsmith.dataset.folder import EXPORT
from pairsmith.exporting.format import ExportedFile
from pairsmith.exporting.margins import Margins
from pairsmith.io.durable import digest_of, sha256_of, write_text_durably
from pairsmith.io.remote import StoragePath

NAME, KIND, FORMAT = EXPORT, "export", 1


def write_record(
    folder: Path,
    source: StoragePath,
    trainer: str,
    files: Sequence[ExportedFile],
    margins: Margins | None,
) -> None:
    """Writes the record, last.

    Args:
        folder: Where the export grows.
        source: The folder of the build.
        trainer: For which trainer.
        files: Its files of pairs.
        margins: Those of an annotation; None where pairs have the build's own.
    """
    digests = {file.path: digest_of(folder / file.path) for file in files}
    held: dict[str, Any] = {
        "kind": KIND,
        "format": FORMAT,
        "pairsmith": __version__,
        "trainer": trainer,
        "build": {"name": source.name, "sha256": sha256_of(source / manifest.NAME)},
        "outputs": [
            {"path": file.path, "rows": file.rows, **digests[file.path]._asdict()} for file in files
        ],
    }
    if margins is not None:
        held["margins"] = {"name": margins.name, "sha256": margins.sha256}
    text = json.dumps(held, indent=2, ensure_ascii=False)
    write_text_durably(folder / NAME, text + "\n")
