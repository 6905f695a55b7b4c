"""200 clients that read and 20 that commit, for a minute: errors, order, and the server's memory.

    python benchmarks/bench_hub_load.py [--readers 200] [--writers 20] [--seconds 60]

Readers ask for random ranges of 256 KiB of files of a repository with a gate, with a token, and
compare each with the file. Writers commit a small file each time, one after the other, several to
each repository; every tenth commit has a file of 1 MiB by LFS. Afterwards the server is stopped,
and it is proved that each commit that was acknowledged is in the history of its repository, after
every one that had been acknowledged before it was sent, with its file; and that the hub is whole.
Clients and server share the machine.
"""

import argparse
import base64
import hashlib
import http.client
import json
import os
import platform
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from hubs import PIECE, commit_content, make_owner, memory, running

from pairsmith.hub.context import open_hub
from pairsmith.hub.maintenance.verify import verify
from pairsmith.hub.repos import files, history, repos

RANGE = 256 << 10
SIZE = 64 * PIECE
REPOS = 4
THREADS = 50  # of readers in a process


class Made(NamedTuple):
    """A commit that was acknowledged; times as by one clock of the machine."""

    repo: str
    id: str
    path: str
    sha256: str
    sent: float
    answered: float


class Read(NamedTuple):
    """How readers of a process fared."""

    calls: int
    seconds: list[float]
    errors: list[str]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), given)


def measure(folder, given):
    root = folder / "hub"
    names = [f"data-{number}" for number in range(REPOS)]
    token = make_owner(root, ["gated", *names])
    content = commit_content(root, "gated", "a.bin", (os.urandom(PIECE) for _ in range(64)))
    with open_hub(root) as hub, hub.database.write() as db:
        repos.set_gate(db, repos.find(db, "dataset", "ann", "gated"), "auto")
    with running(root, folder / "log") as (process, port):
        print("\n| memory of the server | now, MB | at most, MB |\n| --- | ---: | ---: |")
        memory_told("at the start", process)
        reads, made, write_errors = load(port, token, content, names, given, process)
        memory_told("at the end", process)
        time.sleep(15)
        memory_told("15 seconds after", process)
    report(reads, made, write_errors, given.seconds)
    check(root, names, made, sum(read.calls for read in reads))


def memory_told(when, process):
    print("| {} | {:,.0f} | {:,.0f} |".format(when, *memory(process)))


def load(port, token, content, names, given, process):
    until = time.monotonic() + given.seconds
    shares = [min(THREADS, given.readers - first) for first in range(0, given.readers, THREADS)]
    with ProcessPoolExecutor(len(shares) + 1, mp_context=get_context("spawn")) as pool:
        reading = [pool.submit(read_all, port, token, content, until, share) for share in shares]
        writing = pool.submit(write_all, port, token, names, until, given.writers)
        time.sleep(given.seconds / 2)
        memory_told("in the middle", process)
        return [one.result() for one in reading], *writing.result()


def in_threads(count, work):
    threads = [Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Client:
    """A connection that is kept, and made anew where it was closed."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.token = token

    def ask(self, method, path, body=None, **headers):
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def read_all(port, token, content, until, count):
    data = content.read_bytes()
    seconds, errors = [], []

    def read(_number):
        client = Client(port, token)
        while time.monotonic() < until:
            start = random.randrange(SIZE - RANGE)
            asked = f"bytes={start}-{start + RANGE - 1}"
            began = time.monotonic()
            try:
                path = "/datasets/ann/gated/resolve/main/a.bin"
                status, body = client.ask("GET", path, Range=asked)
            except (OSError, http.client.HTTPException) as error:
                errors.append(repr(error))
                client = Client(port, token)
                continue
            seconds.append(time.monotonic() - began)
            if status != 206 or body != data[start : start + RANGE]:
                errors.append(f"{status}, {len(body)} bytes")

    in_threads(count, read)
    return Read(len(seconds), seconds, errors)


def write_all(port, token, names, until, count):
    made, errors = [], []

    def write(number):
        client, turn = Client(port, token), 0
        while time.monotonic() < until:
            turn += 1
            try:
                made.append(commit(client, names[number % len(names)], f"{number}/{turn}", turn))
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                errors.append(repr(error))
                client = Client(port, token)

    in_threads(count, write)
    return made, errors


def commit(client, repo, path, turn):
    """One commit, acknowledged."""
    data = os.urandom(PIECE if turn % 10 == 0 else 100)
    sha256 = hashlib.sha256(data).hexdigest()
    if turn % 10 == 0:
        send_large(client, repo, data, sha256)
        value = {"path": path, "algo": "sha256", "oid": sha256, "size": len(data)}
        line = {"key": "lfsFile", "value": value}
    else:
        text = base64.b64encode(data).decode()
        line = {"key": "file", "value": {"path": path, "content": text, "encoding": "base64"}}
    head = {"key": "header", "value": {"summary": path}}
    body = json.dumps(head) + "\n" + json.dumps(line) + "\n"
    sent = time.monotonic()
    status, told = client.ask("POST", f"/api/datasets/ann/{repo}/commit/main", body)
    if status != 200:
        raise ValueError(f"{status} {told[:200]}")
    return Made(repo, json.loads(told)["commitOid"], path, sha256, sent, time.monotonic())


def send_large(client, repo, data, sha256):
    wanted = {"operation": "upload", "objects": [{"oid": sha256, "size": len(data)}]}
    path = f"/datasets/ann/{repo}.git/info/lfs/objects/batch"
    _, told = client.ask("POST", path, json.dumps(wanted))
    address = json.loads(told)["objects"][0]["actions"]["upload"]["href"]
    status, told = client.ask("PUT", address[address.index("/lfs/") :], data)
    if status != 200:
        raise ValueError(f"{status} {told[:200]}")


def report(reads, made, write_errors, seconds):
    times = sorted(second for read in reads for second in read.seconds)
    waits = sorted(one.answered - one.sent for one in made)
    errors = [error for read in reads for error in read.errors]
    print("\n| | count | a second | median, ms | 99 %, ms | errors |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, found, wrong in (("reads", times, errors), ("commits", waits, write_errors)):
        middle, last = (found[int(len(found) * share)] * 1000 for share in (0.5, 0.99))
        print(f"| {name} | {len(found):,} | {len(found) / seconds:,.0f} | {middle:,.0f}"
              f" | {last:,.0f} | {len(wrong)} |")  # fmt: skip
    for error in (errors + write_errors)[:5]:
        print(error)


def check(root, names, made, reads):
    """Ends with a fault where something that was acknowledged is not so."""
    with open_hub(root) as hub, hub.database.read() as db:
        for name in names:
            repo = repos.find(db, "dataset", "ann", name)
            mine = {one.id: one for one in made if one.repo == name}
            check_history(hub, db, repo, mine)
        recorded = db.execute("SELECT count(*) FROM events WHERE action = 'read'").fetchone()[0]
    problems = verify(root)
    print(f"\n{len(made):,} commits in order, with their files; {recorded:,} reads on record"
          f" of {reads:,}; {len(problems)} problems")  # fmt: skip
    if problems or recorded < reads:
        sys.exit("the hub is not whole")


def check_history(hub, db, repo, mine):
    head = history.head(db, repo, "main")
    past = history.ancestors(db, repo, head, 10**9)[::-1]
    if len(past) < len(mine) or set(mine) - {one.id for one in past}:
        sys.exit(f"{repo.full_name}: commits are missing")
    latest = 0.0
    for one in past:
        if said := mine.get(one.id):
            if latest > said.answered:
                sys.exit(f"{repo.full_name}: {one.id} stands after one sent when it was there")
            latest = max(latest, said.sent)
            file = files.named(db, head, said.path)
            if file is None or file.blob != said.sha256 or not hub.blobs.path(file.blob).is_file():
                sys.exit(f"{repo.full_name}: {said.path} of {one.id} is missing")


if __name__ == "__main__":
    main()
