"""Sources elsewhere: fsspec's memory, a real HTTP server, and the hub's own client on loopback."""

import functools
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import fsspec
import pytest

import pairsmith
from pairsmith.errors import SourceError
from pairsmith.sources.layouts import SAMPLE, find
from support.folders import lay_out
from support.slow import slow

SAMPLE_FOLDER = Path(find(SAMPLE)[0].place.path).parent.parent


def shards(built):
    return [(entry.path, entry.sha256) for entry in built.outputs if ".parquet" in entry.path]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The sample's folder, built from disk."""
    return pairsmith.build(SAMPLE_FOLDER, tmp_path_factory.mktemp("local") / "out")


@pytest.fixture
def serve():
    """Starts HTTP servers on loopback; yields a function from a handler to a base URL."""
    servers = []

    def start(handler):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_memory(local, tmp_path):
    memory = fsspec.filesystem("memory")
    for path in SAMPLE_FOLDER.rglob("*.jsonl"):
        memory.pipe(f"/hh/{path.relative_to(SAMPLE_FOLDER)}", path.read_bytes())
    assert shards(pairsmith.build("memory://hh", tmp_path / "out")) == shards(local)


CARD = """---
configs:
- config_name: Green Tea
  data_files:
  - {split: train, path: "leaves/train-*"}
  - {split: dev, path: leaves/dev.csv}
---
"""


def test_a_folder_elsewhere_is_laid_out_as_one_here(tmp_path):
    files = {f"leaves/train-0000{n}-of-00003.parquet": n + 1 for n in range(3)}
    here = lay_out(tmp_path / "in", {**files, "leaves/dev.csv": 2, "README.md": CARD, "x.txt": "a"})
    memory = fsspec.filesystem("memory")
    for path in here.rglob("*.*"):
        memory.pipe(f"/tea/{path.relative_to(here)}", path.read_bytes())
    built = pairsmith.build("memory://tea", tmp_path / "out")
    assert shards(built) == shards(pairsmith.build(here, tmp_path / "local"))
    assert [(e.subset, e.split, e.read) for e in built.ledger] == [
        ("green-tea", "dev", 2), ("green-tea", "train", 6),
    ]  # fmt: skip
    assert any("x.txt" in remark for remark in built.remarks)
    built = pairsmith.build("memory://tea/leaves/*.parquet", tmp_path / "pattern")
    assert [(e.split, e.read) for e in built.ledger] == [("train", 6)]
    memory.rm("/tea/leaves/train-00001-of-00003.parquet")
    with pytest.raises(SourceError, match="1 is missing: train-00001-of-00003"):
        find("memory://tea")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """The standard library's file server, without its log."""

    def log_message(self, *args):
        pass


@pytest.mark.filterwarnings("default")
def test_http(local, tmp_path, serve):
    pytest.importorskip("aiohttp")
    url = serve(functools.partial(Quiet, directory=str(SAMPLE_FOLDER)))
    file = pairsmith.build(f"{url}/helpful-base/train.jsonl", tmp_path / "one")
    assert shards(file) == [s for s in shards(local) if s[0].startswith("helpful-base/train")]
    with pytest.raises(
        SourceError, match=r"There is no .*/nothing\.jsonl, or it cannot be reached"
    ):
        pairsmith.build(f"{url}/helpful-base/nothing.jsonl", tmp_path / "two")


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub's protocol as its file system asks for, over the sample's folder."""

    COMMIT = "c0ffee" * 6 + "c0ff"
    BASE = "/api/datasets/Anthropic/hh-rlhf"

    def log_message(self, *args):
        pass

    def entries(self, below):
        root = SAMPLE_FOLDER / below
        for path in sorted(root.iterdir()):
            name = path.relative_to(SAMPLE_FOLDER).as_posix()
            if path.is_dir():
                yield {"type": "directory", "oid": "0" * 40, "size": 0, "path": name}
            else:
                oid = hashlib.sha1(path.read_bytes()).hexdigest()
                size = path.stat().st_size
                yield {"type": "file", "oid": oid, "size": size, "path": name}

    def answer(self, body, **headers):
        self.send_response(headers.pop("status", 200))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self):
        self.answer(b"{}", status=404, X_Error_Code="EntryNotFound")

    def do_GET(self):
        path = self.path.partition("?")[0]
        resolve = f"/datasets/Anthropic/hh-rlhf/resolve/{self.COMMIT}/"
        if path.startswith(f"{self.BASE}/tree/"):
            below = path.removeprefix(f"{self.BASE}/tree/").partition("/")[2]
            if not (SAMPLE_FOLDER / below).is_dir():
                return self.missing()
            return self.answer(json.dumps(list(self.entries(below))).encode())
        if path in (self.BASE, f"{self.BASE}/revision/main"):
            about = {"id": "Anthropic/hh-rlhf", "sha": self.COMMIT, "private": False, "tags": []}
            return self.answer(json.dumps(about).encode())
        if path.replace("/resolve/main/", f"/resolve/{self.COMMIT}/").startswith(resolve):
            data = (SAMPLE_FOLDER / path.split("/", 6)[-1]).read_bytes()
            tag = f'"{hashlib.sha1(data).hexdigest()}"'
            first, last = 0, len(data) - 1
            if asked := self.headers.get("Range"):
                first, last = (int(n) for n in asked.removeprefix("bytes=").split("-"))
            return self.answer(
                data[first : last + 1],
                status=206 if asked else 200,
                ETag=tag,
                X_Repo_Commit=self.COMMIT,
                Content_Range=f"bytes {first}-{last}/{len(data)}",
            )
        return self.missing()

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(b"[]")


def test_the_hub(local, tmp_path, serve):
    """In a process of its own, because the hub's address is read when its client is loaded."""
    url = serve(Hub)
    program = (
        "import pairsmith, json, sys; built = pairsmith.build("
        "'hf://datasets/Anthropic/hh-rlhf', sys.argv[1]); print(json.dumps(built.to_dict()))"
    )
    environment = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home")}
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-c", program, str(tmp_path / "out")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    held = json.loads(done.stdout)
    assert held["recipe"]["origin"] == "hh-rlhf"
    made = [(e["path"], e["sha256"]) for e in held["outputs"] if ".parquet" in e["path"]]
    assert made == shards(local)


@slow
def test_who_is_not_logged_in_is_not_sent_to_look_at_the_network(tmp_path):
    pytest.importorskip("s3fs")
    program = "import pairsmith, sys; pairsmith.build('s3://bucket/rows', sys.argv[1])"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-c", program, str(tmp_path / "out")]
    done = subprocess.run(
        command, env={**kept, **nobody}, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().splitlines()[-2:]
    assert last[0].endswith("bucket/rows cannot be reached: Unable to locate credentials")
    assert last[1].startswith("Set AWS_ACCESS_KEY_ID and ")


def test_a_hub_that_nobody_answers_for(tmp_path):
    program = "import pairsmith, sys; pairsmith.build('hf://datasets/a/b', sys.argv[1])"
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    environment.pop("HF_HUB_OFFLINE", None)
    command = [sys.executable, "-c", program, str(tmp_path / "out")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-2:]
    assert "BrokenReadError: datasets/a/b cannot be reached: [Errno 111]" in last[0]
    assert last[1] == "Is the network up?"


def test_a_protocol_whose_library_is_missing_names_the_extra(tmp_path):
    program = (
        "import sys; sys.modules['s3fs'] = None\n"
        "import pairsmith; pairsmith.build('s3://bucket/hh', sys.argv[1])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Reading s3:// needs a library that is missing." in done.stderr
    assert "pip install '.[s3]'" in done.stderr
