"""The README of an export: its files as `datasets` loads them, with the types that they have.

Its configs have an id of the files' bytes, for the reason that those of a build have one; see
`dataset/card.py`. Where a text in the files may be taken for a time, `datasets` is given copies in
Parquet, which it reads as they are; trainers read the lines all the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith._version import __version__
from pairsmith.dataset.card import content_id, describe
from pairsmith.exporting.features import JSON, Kind, RowKinds, as_features, as_type
from pairsmith.exporting.format import ExportedFile
from pairsmith.io.durable import sha256_of

NAME = "README.md"
COPIES = ".parquet"
"""The folder of the copies; hidden, so that what looks for JSON lines passes it over."""

BATCH_ROWS = 1_000

TEXT = """\
---
{matter}---

# Pairs for {trainer}

Exported by pairsmith {version}. `datasets.load_dataset` with the path of this folder, or the name \
of the repository, gives the rows of all subsets with their types; a subset is loaded by its name.
"""


def write_readme(
    folder: Path, trainer: str, files: Sequence[ExportedFile], kinds: RowKinds
) -> None:
    """Writes the README, and the copies where there must be some.

    Args:
        folder: Where the export grows.
        trainer: For which trainer.
        files: Its files.
        kinds: What their rows hold.
    """
    import yaml

    paths = {file.path: file.path for file in files}
    if kinds.has_times:
        for path in paths:
            paths[path] = f"{COPIES}/{Path(path).with_suffix('.parquet').as_posix()}"
            _copy(folder / path, folder / paths[path], kinds.kinds)
    id = content_id((path, sha256_of(folder / path)) for path in sorted(paths))
    subsets = {file.subset: [f for f in files if f.subset == file.subset] for file in files}
    configs = [
        {
            "config_name": name,
            "description": describe(id),
            "data_files": _data_files(held, paths),
            "features": as_features(kinds.kinds),
        }
        for name, held in {"default": list(files), **subsets}.items()
    ]
    matter = yaml.safe_dump({"configs": configs}, sort_keys=False, allow_unicode=True, width=100)
    text = TEXT.format(matter=matter, trainer=trainer, version=__version__)
    (folder / NAME).write_text(text, encoding="utf-8", newline="\n")


def _data_files(files: Sequence[ExportedFile], paths: dict[str, str]) -> list[dict[str, Any]]:
    splits = sorted({file.split for file in files}, key=lambda split: (split != "train", split))
    return [
        {"split": split, "path": [paths[file.path] for file in files if file.split == split]}
        for split in splits
    ]


def _copy(source: Path, target: Path, kinds: dict[str, Kind]) -> None:
    """Copies JSON lines to Parquet."""
    target.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([(name, as_type(kind)) for name, kind in kinds.items()])
    with (
        source.open(encoding="utf-8", newline="\n") as lines,
        pq.ParquetWriter(target, schema, compression="zstd") as writer,
    ):
        while some := list(islice(lines, BATCH_ROWS)):
            rows = [_as_held(json.loads(line), kinds) for line in some]
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))


def _as_held(value: Any, kind: Kind) -> Any:
    """A value as Parquet holds it: what is JSON as text."""
    if kind == JSON:
        return None if value is None else json.dumps(value, ensure_ascii=False)
    if isinstance(kind, list) and value is not None:
        return [_as_held(item, kind[0]) for item in value]
    if isinstance(kind, dict) and value is not None:
        return {name: _as_held(value.get(name), inner) for name, inner in kind.items()}
    return value
