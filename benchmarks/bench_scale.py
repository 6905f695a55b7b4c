"""Rows a second and peak memory of one build, as its input grows: 1, 10 and 100 times a file.

    python benchmarks/bench_scale.py [SOURCE.jsonl.gz] [--runs 3]

Whole processes, the best seconds and the largest memory of --runs. Memory is the resident set that
the system counts, of the build itself and of the largest process that it started.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from contest import Peak, build, conditions, measured, repeat, rows_of


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(conditions())
    print("  times       rows        s      rows/s  own MB  largest child MB")
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, 10, 100):
            source = f"{folder}/train.jsonl.gz"
            rows = repeat(rows_of(options.source), times, source)
            runs = []
            for _ in range(options.runs):
                runs.append(measured(build(source, f"{folder}/out"), folder))
                shutil.rmtree(f"{folder}/out")
            seconds = min(taken for taken, _ in runs)
            own, child = Peak(*map(max, zip(*(peak for _, peak in runs), strict=True)))
            print(
                f"{times:7,}{rows:11,}{seconds:9.2f}{rows / seconds:12,.0f}{own:8.0f}{child:18.0f}"
            )


if __name__ == "__main__":
    main()
