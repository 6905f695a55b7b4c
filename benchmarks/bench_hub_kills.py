"""200 readers and 20 writers for a minute, while the hub is killed: what was acknowledged is there.

    PYTHONPATH=tests python benchmarks/bench_hub_kills.py [--readers 200] [--writers 20]
        [--seconds 60] [--kills 5]

Writers commit, begin discussions, comment, propose and merge pull requests, and ask for access;
readers look at pages, discussions and lists. At random moments the server is killed (SIGKILL) and
started again. After each kill, and at the end, it is proved that whatever was acknowledged is there
once, that the record agrees with it, and that the hub is whole. Clients and server share the
machine.
"""

import argparse
import os
import platform
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import httpx

from pairsmith.hub.maintenance.verify import verify

THREADS = 50  # of readers in a process
PAGES = (
    "/", "/datasets/ann/data-0", "/datasets/ann/data-1/discussions", "/api/datasets?limit=20",
    "/datasets/ann/data-0/discussions", "/api/datasets/ann/data-1/tree/main?recursive=1",
)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=5)
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name) / "hub", given)


def measure(root, given):
    from support.hub.deeds import Diary, Writer, furnish
    from support.hub.running import free_port

    people, diary, over = furnish(root, given.writers), Diary(), threading.Event()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    writers = [Writer(url, number, people, diary, over) for number in range(given.writers)]
    shares = [min(THREADS, given.readers - first) for first in range(0, given.readers, THREADS)]
    with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
        reading = [pool.submit(read_all, url, root.parent / "over", share) for share in shares]
        try:
            serve(root, port, given, writers, over, diary)
        finally:
            over.set()
            (root.parent / "over").touch()
        reads = [one.result() for one in reading]
    report(diary, reads, given.seconds)
    check(root, diary.deeds)
    if diary.faults:
        sys.exit(f"{len(diary.faults)} answers should not be: {diary.faults[:3]}")


def serve(root, port, given, writers, over, diary):
    """Serves the hub, and kills it in the midst, for as long as was asked for in all."""
    from support.hub.running import running

    served = 0.0
    for kill in range(given.kills + 1):
        left = given.seconds - served
        last = kill == given.kills
        seconds = left if last else random.uniform(0.3, 1.7) * left / (given.kills + 1 - kill)
        with running(root, port=port) as server:
            for writer in writers if kill == 0 else ():
                writer.start()
            time.sleep(max(seconds, 0))
            served += seconds
            if last:
                over.set()
                for writer in writers:
                    writer.join()
            else:
                server.end(signal.SIGKILL)
        if not last:
            check(root, list(diary.deeds))


def read_all(url, over, count):
    """Looks at pages until there is a file `over`: answers by status, and how long each took."""
    statuses, waits = Counter(), []

    def read(number):
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            turn = number
            while not over.exists():
                turn += 1
                began = time.monotonic()
                try:
                    status = client.get(PAGES[turn % len(PAGES)]).status_code
                except httpx.TransportError:
                    statuses["no answer"] += 1
                    time.sleep(0.1)
                    continue
                statuses[status] += 1
                waits.append(time.monotonic() - began)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, waits


def report(diary, reads, seconds):
    statuses = sum((told for told, _ in reads), Counter())
    print("\n| | count | a second | median, ms | 99 %, ms |\n| --- | ---: | ---: | ---: | ---: |")
    for name, waits in (("reads", [w for _, found in reads for w in found]),
                        ("writes", diary.waits)):  # fmt: skip
        found = sorted(waits) or [0.0]
        middle, last = (found[int(len(found) * share)] * 1000 for share in (0.5, 0.99))
        print(f"| {name} | {len(waits):,} | {len(waits) / seconds:,.0f} | {middle:,.0f}"
              f" | {last:,.0f} |")  # fmt: skip
    print(f"\nReads by status: {dict(statuses)}")
    print(f"Acknowledged: {dict(Counter(deed.kind for deed in diary.deeds))};"
          f" denied {diary.denied}, without an answer {diary.cut}")  # fmt: skip
    if any(status != "no answer" and status >= 500 and status != 503 for status in statuses):
        sys.exit("there were faults")


def check(root, deeds):
    """Ends with a fault where something that was acknowledged is not so."""
    from support.hub.deeds import missing

    problems = [problem for problem in verify(root) if not problem.is_note]
    problems += missing(root, deeds)
    print(f"{len(deeds):,} deeds acknowledged so far; {len(problems)} problems")
    if problems:
        sys.exit(f"the hub is not whole: {problems[:5]}")


if __name__ == "__main__":
    main()
