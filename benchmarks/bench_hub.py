"""Ranges of a large file: nginx on the bare file, the hub alone, the hub behind nginx.

    python benchmarks/bench_hub.py [--seconds 6] [--rounds 3] [--connections 16] [--size 1000]

The same client (wrk) asks each in turn for random ranges of 5 MiB of one file, which is the block
of huggingface_hub's file system; for the hub with a token, of an open repository and of one with a
gate, where each read is put on record before its first byte leaves. Client and servers share the
machine, and each server is one process: on a busy machine the seconds of processor time that the
servers take for a gigabyte tell more than the speed. nginx in front of the hub is set up as
docs/how-to/hub-nginx.conf says, without TLS.

Machines are noisy: only the ratios of one run mean anything; the median of the rounds is told.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from hubs import PIECE, await_port, commit_content, free_port, make_owner, running

from pairsmith.hub.context import open_hub
from pairsmith.hub.repos import repos

BLOCK = 5 << 20
DOCS = Path(__file__).parent.parent / "docs" / "how-to" / "hub-nginx.conf"
ASK = """
local blocks, block, token = %d, %d, "%s"
local seed = 0
function setup(thread) seed = seed + 1; thread:set("seed", seed) end
function init(args) math.randomseed(os.time() * 64 + seed) end
function request()
  local first = math.random(0, blocks - 1) * block
  local range = "bytes=" .. first .. "-" .. (first + block - 1)
  return wrk.format("GET", nil, {["Range"] = range, ["Authorization"] = "Bearer " .. token})
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"bytes": %%d, "micros": %%d, "requests": %%d, "errors": %%d}\\n',
    summary.bytes, summary.duration, summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--size", type=int, default=1000, help="of the file, in MB")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ",
          end="")  # fmt: skip
    print(", ".join(f"{name} {version(name)}" for name in ("uvicorn", "starlette", "uvloop")))
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), given)


def measure(folder, given):
    root = folder / "hub"
    token = make_owner(root, ["open", "gated"])
    for repo in ("open", "gated"):
        pieces = (os.urandom(PIECE) for _ in range(given.size * 1_000_000 // PIECE))
        content = commit_content(root, repo, "a.bin", pieces)
    with open_hub(root) as hub, hub.database.write() as db:
        repos.set_gate(db, repos.find(db, "dataset", "ann", "gated"), "auto")
    script = folder / "ask.lua"
    script.write_text(ASK % (content.stat().st_size // BLOCK, BLOCK, token))
    path = "/datasets/ann/{}/resolve/main/a.bin"
    with (
        running(root, folder / "alone.log") as (one, alone),
        told_apart(root, folder) as behind_root,
        running(behind_root, folder / "behind.log", "--accel") as (two, behind),
        nginx(folder, behind_root, behind) as (three, bare, front),
    ):
        processes = [one.pid, two.pid, *children(three.pid)]
        bare_path = f"/{content.parent.name}/{content.name}"
        sides = {
            "nginx, the bare file": f"http://127.0.0.1:{bare}{bare_path}",
            "hub": f"http://127.0.0.1:{alone}{path.format('open')}",
            "hub, gated": f"http://127.0.0.1:{alone}{path.format('gated')}",
            "hub behind nginx": f"http://127.0.0.1:{front}{path.format('open')}",
            "hub behind nginx, gated": f"http://127.0.0.1:{front}{path.format('gated')}",
        }
        report(sides, script, given, processes)
        for place in (root, behind_root):
            with open_hub(place) as hub, hub.database.read() as db:
                print(db.execute("SELECT count(*) FROM events").fetchone()[0], "reads on record")


@contextmanager
def told_apart(root, folder):
    """The same hub once more, for one process alone serves a folder; its contents are linked."""
    from pairsmith.hub.maintenance.backup import backup

    backup(root, folder / "behind")
    yield folder / "behind"


def report(sides, script, given, processes):
    speeds, costs = {side: [] for side in sides}, {side: [] for side in sides}
    errors = dict.fromkeys(sides, 0)
    for turn in range(given.rounds + 1):
        for side, url in sides.items():
            seconds = given.seconds if turn else 2  # the first warms them up
            before = processor_time(processes)
            told = ask(url, script, seconds, given.connections)
            cost = processor_time(processes) - before
            errors[side] += told["errors"]
            if turn:
                costs[side].append(cost / told["bytes"] * 1e9)
                speeds[side].append(told["bytes"] / told["micros"])
    base = statistics.median(speeds["nginx, the bare file"])
    print("\n| | MB/s | of nginx | of nginx, round by round | processor s/GB | errors |")
    print("| --- | ---: | ---: | --- | ---: | ---: |")
    for side, found in speeds.items():
        theirs = speeds["nginx, the bare file"]
        ratios = [mine / his for mine, his in zip(found, theirs, strict=True)]
        rounds = ", ".join(f"{ratio:.0%}" for ratio in ratios)
        median = statistics.median(found)
        cost = statistics.median(costs[side])
        print(f"| {side} | {median:,.0f} | {median / base:.0%} | {rounds} | {cost:.2f} |"
              f" {errors[side]} |")  # fmt: skip
    print()


def children(process):
    return map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())


def processor_time(processes):
    """Seconds that processes have computed, within the system too."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def ask(url, script, seconds, connections):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    done = subprocess.run([*command, "-s", script, url], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


@contextmanager
def nginx(folder, root, hub_port):
    """nginx with the bare files at one port and the hub at another."""
    bare, front = free_port(), free_port()
    text = DOCS.read_text(encoding="utf-8")
    text = re.sub(r"listen 443 ssl;.*?access_log", f"listen 127.0.0.1:{front}; access_log", text,
                  count=1, flags=re.S)  # fmt: skip
    text = text[: text.index("server {\n    listen 80;")]
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{hub_port}")
    text = text.replace("/srv/hub/", f"{root}/").replace("/var/log/nginx/hub.log", "/dev/stderr")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    files = (f"server {{ listen 127.0.0.1:{bare}; root {root}/blobs; access_log off;"
             " sendfile on; tcp_nopush on; }")  # fmt: skip
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.getuid() == 0 else ''} daemon off; pid {folder}/pid;"
        f" worker_processes 1; error_log /dev/stderr; events {{}}"
        f" http {{ keepalive_requests 1000000; {folders} {files} {text} }}"
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"])
    try:
        await_port(front)
        yield process, bare, front
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
