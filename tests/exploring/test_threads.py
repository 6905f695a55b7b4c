"""An exploration is the same bytes whatever the machine's cores and the interpreter's hashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.planted_attempts import plant, write_build
from support.slow import slow


def explored(out: Path, threads: int) -> dict[str, bytes]:
    """The files of an exploration by a process with so many threads, and hashes of its own."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED")
    said = subprocess.run(
        [sys.executable, "-m", "pairsmith", "explore", str(out), "--only", "topics"],
        env=os.environ | dict.fromkeys(names, str(threads)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    files = [*(out / "explore").iterdir(), *(out / "annotations" / "explore").glob("*.parquet")]
    return {file.name: file.read_bytes() for file in files}


@slow
def test_bytes_do_not_depend_on_the_number_of_threads(tmp_path):
    out = write_build(tmp_path, plant(3000, seed=3))
    alone = explored(out, 1)
    assert len(alone) == 3
    assert explored(out, 4) == alone
