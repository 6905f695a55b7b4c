"""docs/how-to/hub.md: its sessions, run in order against the server that they start."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from support.slow import slow
from test_docs import ROOT, matches, sessions

SESSION = re.compile(r"with a server beside it -->\n```console\n(.*?)^```$", re.S | re.M)
PAIRSMITH = Path(sys.executable).parent


@slow
def test_the_guide(tmp_path):
    page = (ROOT / "docs/how-to/hub.md").read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    environment = {
        **os.environ,
        "COLUMNS": "80",
        "PATH": f"{PAIRSMITH}:{os.environ['PATH']}",
        "HF_HOME": str(tmp_path / "home"),
    }
    server, token, found = None, "", 0
    try:
        for line, expected in sessions("".join(SESSION.findall(page)).replace("8000", port)):
            if line.startswith("pairsmith serve"):
                server = start(line, tmp_path, environment)
                assert server.stderr
                started = server.stderr.readline()
                assert started.endswith(expected[0].removeprefix("…") + "\n"), started
            elif line.startswith("export"):
                pairs = (word.split("=") for word in line.split()[1:])
                environment |= {name: value.replace("hf_…", token) for name, value in pairs}
            else:
                printed = shell(line, tmp_path, environment)
                if expected == ["hf_…"]:
                    (token,) = printed
                    expected = [token]
                    assert token.startswith("hf_")
                assert matches(expected, printed), (line, printed)
            found += 1
    finally:
        if server is not None:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)
    assert found == 7


def start(line: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        line.split(), cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )


def shell(line: str, folder: Path, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        line, shell=True, cwd=folder, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return [text.rstrip() for text in done.stdout.rstrip().splitlines()]
