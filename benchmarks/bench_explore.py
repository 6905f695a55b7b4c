"""pairsmith explore on as many attacks as the released file has: seconds by step, memory, bytes.

    python benchmarks/bench_explore.py [--rows 38961] [--runs 1] [--source FILE] [--without-text]

The attacks are made up (tests/support/planted_attempts.py): the released file's counts by model and
size, members as unequal, and effects to be found; their texts are about as long, of fewer words.
With --source they are those of a file, as it was released. Each run is a whole process, from its
start to the written report; the best of them. CPU seconds beside wall seconds tell whether other
work was in the way.
"""

import argparse
import itertools
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from contest import conditions, measured

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

PACKAGES = ("pairsmith", "numpy", "scipy", "scikit-learn", "umap-learn", "pyarrow")
GOALS = {"seconds": 90, "MB": 1500, "report MB": 25}
EFFECTS = {
    "topics": {"ships": 0.1},
    "words": {"lantern": 0.15},
    "tags": {"Tall tales": 0.15},
    "confounding": 0.5,
}


def put(out, note, options):
    """Explores a build in this process; notes wall and CPU seconds of each step."""
    import pairsmith

    steps = []

    def watch(progress):
        steps.append((progress.path, time.perf_counter(), time.process_time()))

    pairsmith.explore(out, progress=watch, **options)
    steps.append(("", time.perf_counter(), time.process_time()))
    taken = {
        name: (later[1] - wall, later[2] - cpu)
        for (name, wall, cpu), later in itertools.pairwise(steps)
    }
    Path(note).write_text(json.dumps(taken))


def prepare(folder, rows, source):
    """Builds the attacks; returns the folder of the build and the seconds that it took."""
    import pairsmith
    from support.planted_attempts import SUBSET, plant, write_build

    start = time.perf_counter()
    if source is None:
        return write_build(folder, plant(rows, **EFFECTS)), time.perf_counter() - start
    place = folder / "source" / SUBSET
    place.mkdir(parents=True)
    shutil.copy(source, place / f"red_team_attempts{''.join(source.suffixes)}")
    pairsmith.build(str(folder / "source"), folder / "out")
    return folder / "out", time.perf_counter() - start


def race(out, folder, runs, options):
    """The best run: seconds of the process, its peak, and what each step took."""
    note = f"{folder}/steps.json"
    found = []
    for _ in range(runs):
        arguments = ["bench_explore", "--contestant", str(out), note, json.dumps(options)]
        seconds, peak = measured(arguments, folder)
        found.append((seconds, peak.own, json.loads(Path(note).read_text())))
    return min(found)


def show(seconds, peak, steps, out):
    """Prints the figures as tables of Markdown."""
    print("| step | seconds | CPU seconds |\n| --- | ---: | ---: |")
    for name, (wall, cpu) in steps.items():
        print(f"| {name} | {wall:.2f} | {cpu:.2f} |")
    print(f"| the whole process | {seconds:.2f} | |\n")
    report, numbers = ((out / "explore" / name).stat().st_size / 1e6
                       for name in ("report.html", "explore.json"))  # fmt: skip
    print(f"peak {peak:,.0f} MB; report.html {report:.2f} MB, explore.json {numbers:.2f} MB")
    print(f"goals, for 38,961 rows on two cores without UMAP: {GOALS}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=38_961)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--without-text", action="store_true")
    parser.add_argument("--contestant", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contestant:
        out, note, options = given.contestant
        put(out, note, json.loads(options))
        return
    print(conditions(PACKAGES))
    with tempfile.TemporaryDirectory() as folder:
        out, seconds = prepare(Path(folder), given.rows, given.source)
        print(f"rows made and built in {seconds:.1f} s\n")
        options = {"no_text": True} if given.without_text else {}
        taken, peak, steps = race(out, folder, given.runs, options)
        show(taken, peak, steps, out)


if __name__ == "__main__":
    main()
