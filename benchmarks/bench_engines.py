"""One build by each engine: this machine with 1 and 2 workers, Ray with 1 and 2.

    python benchmarks/bench_engines.py [SOURCE.jsonl.gz] [--times 70] [--runs 3]

Whole processes, which run in turn; the best seconds of --runs. The input is plain JSON lines, which
are shared out by shards of 20,000 rows. Local with one worker is this process and its threads; the
others have one thread a worker, and start processes, or a Ray of their own, which ends with them.
Every engine has to write the same bytes.
"""

import gzip
import shutil
import sys
import tempfile
from pathlib import Path

from contest import build, conditions, read_options, repeat, rows_of, timed

ENGINES = {
    "local, 1 worker": ("--workers", "1"),
    "local, 2 workers": ("--workers", "2"),
    "ray, 1 worker": ("--engine", "ray", "--workers", "1"),
    "ray, 2 workers": ("--engine", "ray", "--workers", "2"),
}


def main():
    options = read_options(__doc__)
    print(conditions())
    with tempfile.TemporaryDirectory() as folder:
        rows = repeat(rows_of(options.source), options.times, f"{folder}/train.jsonl.gz")
        source = f"{folder}/train.jsonl"
        with gzip.open(f"{source}.gz", "rb") as packed, Path(source).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        print(f"{rows:,} rows, {Path(source).stat().st_size / 1e6:.0f} MB")
        seconds = {name: [] for name in ENGINES}
        written = set()
        for _ in range(options.runs):
            for name, way in ENGINES.items():
                command = [*build(source, f"{folder}/out"), "--shard-rows", "20000", *way]
                seconds[name].append(timed(sys.executable, "-m", *command))
                written.add(Path(f"{folder}/out/manifest.json").read_bytes())
                shutil.rmtree(f"{folder}/out")
    if len(written) != 1:
        raise SystemExit("The engines wrote different bytes.")
    best = {name: min(taken) for name, taken in seconds.items()}
    one = best["local, 1 worker"]
    for name, taken in best.items():
        print(f"{name:18}{taken:8.2f} s {rows / taken:12,.0f} rows/s {taken / one:8.2f} x")
    print("x: seconds of local with 1 worker; best of", options.runs, "runs in turn")


if __name__ == "__main__":
    main()
