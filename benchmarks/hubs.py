"""What the benchmarks of the hub share: one that is filled, one that runs, and its memory."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from pairsmith.hub.auth import tokens, users
from pairsmith.hub.context import open_hub
from pairsmith.hub.repos import commits, repos
from pairsmith.hub.repos.commits import Message, Put

PIECE = 1 << 20


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def make_owner(root, names):
    """A hub with an account and its repositories; a token of the account."""
    with open_hub(root, create=True) as hub, hub.database.write() as db:
        owner = users.add(db, "ann", "", "", None)
        for name in names:
            repos.create(db, owner, "dataset", name, private=False)
        return tokens.add(db, owner, "bench", "write")


def commit_content(root, name, path, pieces):
    """Commits a file to a repository; where its content lies."""
    with open_hub(root) as hub:
        with hub.database.read() as db:
            repo, owner = repos.find(db, "dataset", "ann", name), users.named(db, "ann")
        with hub.blobs.incoming() as content:
            for piece in pieces:
                content.write(piece)
            blob = content.finish()
            with hub.database.write() as db:
                hub.blobs.keep(db, content, blob, repo.id)
                change = Put(path, blob.sha256, lfs=True)
                commits.commit(db, repo, "main", owner, Message("A file"), [change])
        return hub.blobs.path(blob.sha256)


@contextmanager
def running(root, log, *options):
    """`pairsmith serve` on a free port while the block lasts: its process and its port."""
    port = free_port()
    command = [sys.executable, "-m", "pairsmith", "serve", root, "--port", str(port), *options]
    with log.open("w") as lines:
        process = subprocess.Popen(command, stderr=lines)
    try:
        await_port(port)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/api/datasets?limit=1")  # answered when all is loaded
        connection.getresponse().read()
        connection.close()
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        if process.wait(60):
            sys.exit(f"the server ended badly, see {log}")


def await_port(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"nothing listens at port {port}")


def memory(process):
    """Resident memory of a process now, and the most that it was, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    told = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status))
    return int(told["VmRSS"]) / 1000, int(told["VmHWM"]) / 1000
