"""What was sampled so far, a line a piece: durable once it is written, and a torn end left out.

    {"sha256": "1f…", "piece": 3, "answers": [{"refused": null, "samples": [{…}, …]}, …]}

A piece is some prompts of one split whose samples are drawn together: what shares a batch depends
on the piece alone, so a run that was broken off and gone on with makes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from pairsmith.io.durable import fsync

NAME = "journal.jsonl"


class Journal:
    """The pieces that are finished.

    Args:
        folder: Where it lies; begun where there is none.

    Attributes:
        finished: The number of each piece, and where in the file it stands.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        new = not self.path.exists()
        self.finished: dict[int, tuple[int, int]] = {}
        self._file = self.path.open("a+b")
        if new:
            fsync(folder)
        self._recover()

    def _recover(self) -> None:
        """Finds what is whole, and cuts off what is not."""
        self._file.seek(0)
        whole = 0
        for line in self._file:
            held = _parse(line)
            if held is None:
                break
            self.finished.setdefault(held["piece"], (whole, len(line)))
            whole += len(line)
        self._file.truncate(whole)

    def append(self, piece: int, answers: list[dict[str, Any]]) -> None:
        """Keeps what came of a piece, durably."""
        body = json.dumps({"piece": piece, "answers": answers}, ensure_ascii=False)
        digest = hashlib.sha256(body.encode()).hexdigest()
        line = f'{{"sha256": "{digest}", {body[1:]}\n'.encode()
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.finished[piece] = (place, len(line))

    def read(self, piece: int) -> list[dict[str, Any]]:
        """What came of a piece.

        Raises:
            KeyError: It is not finished.
        """
        place, length = self.finished[piece]
        self._file.seek(place)
        held: list[dict[str, Any]] = json.loads(self._file.read(length))["answers"]
        return held

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _parse(line: bytes) -> dict[str, Any] | None:
    """What a line holds; None where it is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        held = json.loads(line)
        told = held.pop("sha256")
    except (ValueError, KeyError, AttributeError, RecursionError):
        return None
    body = json.dumps(held, ensure_ascii=False)
    return held if hashlib.sha256(body.encode()).hexdigest() == told else None
