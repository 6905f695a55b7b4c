"""A hub that is killed while uploads come in: it stays whole, and what it acknowledged is there."""

import base64
import hashlib
import json
import random
import signal
import threading
import time

import httpx

from pairsmith.hub.context import open_hub
from pairsmith.hub.maintenance.verify import verify
from pairsmith.hub.repos import files, history, repos
from support.hub.deeds import Deed, Diary, Writer, furnish, missing
from support.hub.running import free_port, running
from support.slow import slow

CALL = "/api/datasets/ann/data"
BATCH = "/datasets/ann/data.git/info/lfs/objects/batch"
UPLOADS = 30
AT_ONCE = 6
KILLS = 5


class Uploader(threading.Thread):
    """Uploads some files, a small and a large one in each commit, for as long as it is answered."""

    def __init__(self, url, header, numbers, acknowledged):
        super().__init__()
        self.client = httpx.Client(base_url=url, headers=header, trust_env=False, timeout=30)
        self.numbers, self.acknowledged = numbers, acknowledged

    def run(self):
        with self.client:
            for number in self.numbers:
                try:
                    self.acknowledged[number] = self.upload(number)
                except httpx.TransportError:
                    return  # killed

    def upload(self, number):
        """One upload; the commit that was acknowledged."""
        large = content_of(number)
        one = {"oid": hashlib.sha256(large).hexdigest(), "size": len(large)}
        told = self.client.post(BATCH, json={"operation": "upload", "objects": [one]}).json()
        if action := told["objects"][0].get("actions"):
            path = httpx.URL(action["upload"]["href"]).raw_path.decode()
            assert self.client.put(path, content=large).is_success
        small = base64.b64encode(b"%d" % number).decode()
        lines = (
            ("header", {"summary": f"Upload {number}"}),
            ("file", {"path": f"small/{number}.txt", "content": small, "encoding": "base64"}),
            ("lfsFile", {"path": f"large/{number}.bin", "algo": "sha256", **one}),
        )
        body = "".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in lines)
        answer = self.client.post(f"{CALL}/commit/main", content=body)
        assert answer.is_success, answer.text
        return answer.json()["commitOid"]


def content_of(number):
    return random.Random(number).randbytes(300_000)


def upload_until_killed(root, header, numbers, acknowledged, moment):
    """Has uploads run at once, and kills the hub in their midst.

    The moment is after how many of them, and how many seconds more; None for never.
    """
    with running(root) as server:
        lanes = [numbers[lane::AT_ONCE] for lane in range(AT_ONCE)]
        threads = [Uploader(server.url, header, lane, acknowledged) for lane in lanes]
        for thread in threads:
            thread.start()
        if moment is not None:
            before = len(acknowledged)
            while len(acknowledged) < before + moment[0] and any(t.is_alive() for t in threads):
                time.sleep(0.001)
            time.sleep(moment[1])
            server.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()


@slow
def test_a_hub_that_is_killed(hub, account):
    ann, header = account("ann")
    with hub.database.write() as db:
        repos.create(db, ann, "dataset", "data", private=False)
    hub.close()
    chance = random.Random()
    acknowledged = {}
    for kill in range(KILLS + 1):
        left = [number for number in range(UPLOADS) if number not in acknowledged]
        moment = None if kill == KILLS else (chance.randrange(4), chance.uniform(0, 0.03))
        upload_until_killed(hub.root, header, left, acknowledged, moment)
        assert [problem for problem in verify(hub.root) if not problem.is_note] == []
        check(hub.root, acknowledged)
    assert len(acknowledged) == UPLOADS


def check(root, acknowledged):
    """Makes sure that what was acknowledged is in the history, and its files with it."""
    with open_hub(root) as hub, hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "data")
        head = history.head(db, repo, "main")
        past = {made.id: made for made in history.ancestors(db, repo, head, 1000)} if head else {}
        for number, commit in acknowledged.items():
            for made in (past[commit], head):
                small = files.named(db, made, f"small/{number}.txt")
                large = files.named(db, made, f"large/{number}.bin")
                assert hub.blobs.path(small.blob).read_bytes() == b"%d" % number
                assert hub.blobs.path(large.blob).read_bytes() == content_of(number)


@slow
def test_people_who_write_to_a_hub_that_is_killed(tmp_path):
    """What they commit, say, propose, merge and ask is there once, if they were told that it is."""
    root, port, over = tmp_path / "hub", free_port(), threading.Event()
    people, diary = furnish(root, 8), Diary()
    writers = [
        Writer(f"http://127.0.0.1:{port}", number, people, diary, over) for number in range(8)
    ]
    chance = random.Random()
    try:
        for kill in range(3):
            with running(root, port=port) as server:
                for writer in writers if kill == 0 else ():
                    writer.start()
                time.sleep(chance.uniform(1, 2))
                server.end(signal.SIGKILL)
            assert [problem for problem in verify(root) if not problem.is_note] == []
            assert missing(root, list(diary.deeds)) == []
        with running(root, port=port):
            time.sleep(2)
            over.set()
            for writer in writers:
                writer.join()
    finally:
        over.set()
    assert diary.faults == []
    assert missing(root, diary.deeds) == []
    assert missing(root, [Deed("comment", "never", "data-0", "0")])  # it is able to fail
    assert {deed.kind for deed in diary.deeds} == {
        "commit", "comment", "discussion", "proposal", "merge", "request",
    }  # fmt: skip
