"""Paths and revisions that are tried at the routes of a hub."""

from __future__ import annotations

INNER = ("data/train.txt", "data/train.parquet", "data", "README.md")
TRICKS = (
    "data/../data/train.txt",
    "%2e%2e/{other}/resolve/main/data/train.txt",
    "..%2f..%2fhub.sqlite",
    "../../../../blobs/{blob2}/{blob}",
    "%2Fetc%2Fpasswd",
    "/data/train.txt",
    "//data//train.txt",
    "data%2Ftrain.txt",
    "data/train.txt%00.md",
    "README.md%2F..%2Fdata%2Ftrain.txt",
    "README.md/../data/train.txt",
    "data%5Ctrain.txt",
    ".%2e/data/train.txt",
    "{blob}",
    "data/train.txt?download=true",
    "README.md%3Fx=/../data/train.txt",
)
REVISIONS = ("main", "{new}", "{old}", "old%2Fstate", "v1", "refs%2Fheads%2Fmain", "..", "HEAD")
