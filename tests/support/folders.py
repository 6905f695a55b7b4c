"""Folders of preference data in the layouts that people have, all of mild, invented rows."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[dict[str, Any]]


def rows(count: int, first: int = 0) -> Rows:
    """Rows of prompt, chosen and rejected, each with words of its own."""
    return [
        {"prompt": f"Is tea {n} hot?", "chosen": f"Tea {n} is.", "rejected": f"No, not {n}."}
        for n in range(first, first + count)
    ]


def write(path: Path, held: Rows) -> Path:
    """Writes rows to a file, in the format that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = path.name.removesuffix(".gz")
    table = pa.Table.from_pylist(held)
    ending = plain.rpartition(".")[2]
    if ending == "parquet":
        pq.write_table(table, path)
        return path
    if ending in ("arrow", "feather"):
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=7)
        return path
    data = _text(held, ending).encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


def _text(held: Rows, ending: str) -> str:
    if ending in ("csv", "tsv"):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(held[0]), delimiter="\t" if ending == "tsv" else ",")
        writer.writeheader()
        writer.writerows(held)
        return text.getvalue()
    if ending == "json":
        return json.dumps(held)
    return "".join(json.dumps(row) + "\n" for row in held)


def lay_out(root: Path, files: dict[str, int | str]) -> Path:
    """Writes a folder.

    Args:
        root: The folder.
        files: By path below it, the number of rows, none of which comes twice; or a text.
    """
    first = 0
    root.mkdir(parents=True, exist_ok=True)
    for name, held in files.items():
        if isinstance(held, int):
            write(root / name, rows(held, first))
            first += held
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(held)
    return root
