"""Hashes of the files of a folder that are the same for every version of pairsmith.

A file has a hash of its bytes, in which the version of what wrote it is masked. What a library
compresses has a second one, of its content, that holds whatever the library's version.
"""

import gzip
import hashlib
import io
import json
import re
from typing import NamedTuple

import pairsmith

MASK = "VERSION"
PARQUET_WRITER = re.compile(rb"parquet-cpp-arrow version [\w.+-]+")
GZIP_HEADER = 10
"""Bytes of a gzip header without a name."""


class Fingerprints(NamedTuple):
    """Hashes by path, with slashes, below the folder.

    Attributes:
        files: The sha256 of each file's bytes, versions masked.
        contents: The sha256 of the content of files whose bytes a library decides.
    """

    files: dict[str, str]
    contents: dict[str, str]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def fingerprint(folder):
    """The fingerprints of all files below a folder."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    held = {name: (folder / name).read_bytes() for name in names}
    masked = {name: mask_version(name, data) for name, data in held.items()}
    shards = {
        sha256(held[name]).encode(): sha256(masked[name]).encode()
        for name in names
        if name.endswith(".parquet")
    }
    files = {name: sha256(replace_all(data, shards)) for name, data in masked.items()}
    contents = {name: content_of(name, held[name]) for name in names}
    return Fingerprints(files, {name: sha256(data) for name, data in contents.items() if data})


def mask_version(name, data):
    """The bytes of a file, less the version that it names where pairsmith and Arrow name theirs."""
    base = name.rpartition("/")[2]
    if base == "manifest.json":
        return mask_line(data, '  "pairsmith": "{}",\n')
    if base.startswith("README.md"):
        return mask_line(data, "\nBuilt by pairsmith {}. Every row ")
    if base.endswith(".parquet"):
        return PARQUET_WRITER.sub(b"parquet-cpp-arrow version", data)
    return data


def mask_line(data, line):
    return data.replace(line.format(pairsmith.__version__).encode(), line.format(MASK).encode(), 1)


def replace_all(data, replacements):
    """A text with the hashes of shards replaced by those of their masked bytes."""
    for old, new in replacements.items():
        data = data.replace(old, new)
    return data


def content_of(name, data):
    """What a file holds, as bytes that no compressor has a part in; None where that is the file."""
    if name.endswith(".parquet"):
        return rows_of(data)
    if name.endswith(".gz"):
        return data[:GZIP_HEADER] + gzip.decompress(data)
    if name.rpartition("/")[2] == "manifest.json":
        return without_shard_hashes(mask_version(name, data))
    return None


def rows_of(data):
    """The rows of a Parquet file, a line of JSON each."""
    import pyarrow.parquet as pq

    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def without_shard_hashes(data):
    manifest = json.loads(data)
    for output in manifest["outputs"]:
        if output["path"].endswith(".parquet"):
            del output["bytes"], output["sha256"]
    return json.dumps(manifest, indent=2).encode()
