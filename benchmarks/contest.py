"""What the benchmarks share: a file to read, whole processes to run, their seconds and memory.

python benchmarks/contest.py MEMORY.json MODULE ARGUMENTS   runs a module, notes its peak memory
"""

import argparse
import gzip
import json
import os
import platform
import runpy
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

SAMPLE = Path(__file__).parent.parent / "src/pairsmith/sources/sample"

PACKAGES = ("pairsmith", "pyarrow", "numpy", "isal", "jinja2", "datasets", "polars", "transformers")


class Peak(NamedTuple):
    """Megabytes, at most at one time, of a process and of the largest that it started."""

    own: float
    child: float


def read_options(description):
    """The file to read, how often to repeat its rows, and how many runs to take the best of."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--times", type=int, default=70)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def conditions(names=PACKAGES):
    """Versions and machine, in two lines."""
    cores = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    packages = ", ".join(f"{name} {_version(name)}" for name in names)
    return f"{packages}\nPython {platform.python_version()}, {cores}"


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def rows_of(source):
    """The rows of a file of JSON lines, or of the bundled sample, that hold texts alone."""
    files = [source] if source else sorted(SAMPLE.glob("help*/train.jsonl"))
    rows = []
    for file in files:
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines if line.rstrip().endswith("}")]
    return [row for row in rows if all(isinstance(text, str) for text in row.values())]


def repeat(rows, times, to):
    """Writes rows so many times as gzip JSON lines, a mark in the first turn of each repetition."""
    with gzip.open(to, "wt", encoding="utf-8", compresslevel=6) as out:
        for mark in range(times):
            for row in rows:
                marked = {
                    side: text.replace("\n\nHuman:", f"\n\nHuman: ({mark})", 1)
                    for side, text in row.items()
                }
                out.write(json.dumps(marked) + "\n")
    return times * len(rows)


def build(source, out):
    """The arguments of the build that is measured."""
    return ["pairsmith", "build", str(source), str(out), "--template", "llama2"]


def timed(*command, **environment):
    """Seconds of a whole process, from its start to its end."""
    start = time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    return time.perf_counter() - start


def measured(arguments, folder):
    """Seconds and peak memory of a module that is run as a program."""
    note = Path(folder) / "memory.json"
    seconds = timed(sys.executable, __file__, str(note), *arguments)
    return seconds, Peak(*json.loads(note.read_text()))


def main():
    """Runs a module in this process; the system counts what it and its children hold."""
    import resource

    _, note, module, *arguments = sys.argv
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise
    per_megabyte = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peaks = [resource.getrusage(which).ru_maxrss / per_megabyte for which in who]
    Path(note).write_text(json.dumps(peaks))


if __name__ == "__main__":
    main()
