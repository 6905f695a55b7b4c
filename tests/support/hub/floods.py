"""Accounts that commit very many lines over and over, from processes of their own."""

from __future__ import annotations

import base64
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import httpx

SENT = b"a content that every line names"
HEADER = json.dumps({"key": "header", "value": {"summary": "many"}})


class Flood(NamedTuple):
    """Who commits: to which repository, with what headers, how many lines, of which kind.

    `kind` is `named` (lines name a content that was sent), `inline` (each line has a content of
    its own) or `folder` (as `named`, and then the folder is deleted).
    """

    url: str
    repo: str
    headers: dict[str, str]
    lines: int
    kind: str


def body(flood: Flood, number: int) -> bytes:
    """A commit of new paths."""
    oid = __import__("hashlib").sha256(SENT).hexdigest()
    made = [HEADER]
    for at in range(flood.lines - 1):
        path = f"{number}/{at % 97}/file-{at}.txt"
        if flood.kind == "inline":
            content = base64.b64encode(f"{flood.repo} {number} {at}".encode()).decode()
            value = {"content": content, "path": path, "encoding": "base64"}
            made.append(json.dumps({"key": "file", "value": value}))
        else:
            value = {"path": path, "algo": "sha256", "oid": oid, "size": len(SENT)}
            made.append(json.dumps({"key": "lfsFile", "value": value}))
    return "\n".join(made).encode()


def _commit_for(flood: Flood, seconds: float, done: multiprocessing.Queue) -> None:
    """Commits over and over; how long each commit took, and its status."""
    over = time.monotonic() + seconds
    address = f"{flood.url}/api/datasets/{flood.repo}/commit/main"
    number = 0
    with httpx.Client(headers=flood.headers, timeout=600, trust_env=False) as client:
        while time.monotonic() < over:
            sent = [body(flood, number)]
            if flood.kind == "folder":
                gone = {"key": "deletedFolder", "value": {"path": str(number)}}
                sent.append(f"{HEADER}\n{json.dumps(gone)}".encode())
            for one in sent:
                began = time.monotonic()
                answer = client.post(address, content=one)
                done.put((flood.kind, answer.status_code, time.monotonic() - began))
            number += 1


@contextmanager
def flooding(floods: Sequence[Flood], seconds: float) -> Iterator[multiprocessing.Queue]:
    """Has all of them commit for so long; the block may end before, and then waits for them."""
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    processes = [
        context.Process(target=_commit_for, args=(flood, seconds, done)) for flood in floods
    ]
    for process in processes:
        process.start()
    try:
        yield done
    finally:
        for process in processes:
            process.join()
