"""What was recorded, in `expected.json`, and how what is seen differs from it."""

import json
from pathlib import Path
from typing import NamedTuple

from golden.fingerprints import Fingerprints
from golden.writers import Writers, writes_same_parquet

EXPECTED = Path(__file__).parent / "expected.json"


class Expected(NamedTuple):
    """What `expected.json` holds: who wrote, and the fingerprints of each case by its name."""

    writers: Writers
    cases: dict[str, Fingerprints]


def read_expected():
    """What was recorded."""
    held = json.loads(EXPECTED.read_text(encoding="utf-8"))
    cases = {
        name: Fingerprints(files, held["contents"][name]) for name, files in held["files"].items()
    }
    return Expected(Writers(**held["writers"]), cases)


def write_expected(expected):
    """Records."""
    held = {
        "writers": expected.writers._asdict(),
        "files": {name: case.files for name, case in sorted(expected.cases.items())},
        "contents": {name: case.contents for name, case in sorted(expected.cases.items())},
    }
    text = json.dumps(held, indent=1, ensure_ascii=False)
    EXPECTED.write_text(text + "\n", encoding="utf-8", newline="\n")


def is_comparable(path, here, recorded):
    """Whether the bytes of a file are decided by what is at hand as they were when recorded."""
    if path.endswith(".parquet") or path.rpartition("/")[2] == "manifest.json":
        return writes_same_parquet(here, recorded)
    return not path.endswith(".gz") or here.isal == recorded.isal


def find_differences(seen, expected, here, recorded):
    """What is not as expected, a line for each file."""
    lines = []
    for path in sorted({*seen.files, *expected.files}):
        if path not in expected.files:
            lines.append(f"{path}: was not there")
        elif path not in seen.files:
            lines.append(f"{path}: is missing")
        elif seen.contents.get(path) != expected.contents.get(path):
            lines.append(f"{path}: holds something else")
        elif seen.files[path] != expected.files[path] and is_comparable(path, here, recorded):
            lines.append(
                f"{path}: other bytes" + (" of the same content" * (path in seen.contents))
            )
    return lines
