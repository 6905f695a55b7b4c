"""A hub as its host runs it: a process of its own."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

SAID = re.compile(r"serving .* at (http\S+)")
# a soft limit for what is started alone: the process that starts it may have more files open
LIMITED = ["sh", "-c", 'ulimit -S -n "$0" && exec "$@"']


def free_port():
    """A port of this machine that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Running:
    """`pairsmith serve` on a free or a given port: its address, and the lines that it wrote.

    `files` is how many files it may have open when it starts; it may ask for more itself.
    """

    def __init__(self, root, *options, port=None, files=None):
        self.port = port or free_port()
        command = [sys.executable, "-m", "pairsmith", "serve", root, "--port", str(self.port)]
        if files is not None:
            command = [*LIMITED, str(files), *command]
        self.process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.url = None
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self._ready.wait(60), "the hub did not start"
        assert self.url, self.log
        self.url = f"http://127.0.0.1:{self.port}"  # whatever others reach it at

    @property
    def log(self):
        return "".join(self.lines)

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if said := SAID.search(line):
                self.url = said[1]
                self._ready.set()
        self._ready.set()

    def end(self, how=signal.SIGTERM):
        """Sends a signal, unless the process has ended; its exit status, when all is logged."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(60)
        self._reader.join()
        self.process.stderr.close()
        return status


@contextmanager
def running(root, *options, port=None, files=None):
    """A hub that is served while the block lasts."""
    server = Running(root, *options, port=port, files=files)
    try:
        yield server
    finally:
        server.end(signal.SIGKILL)
