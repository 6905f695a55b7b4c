"""Rows of our own, built, and put to a question."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import pairsmith

pytest.importorskip("duckdb")

from pairsmith.auditing.answer import Study
from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset

KEEP = {"identical": "keep", "empty_reply": "keep", "control_token": "keep"}


def put(question: Callable[[Study], object], out: Path, tokenizer: Path | None = None):
    """What a question comes to."""
    data = Dataset(out)
    with open_keys(data) as keys:
        return question(Study(data, keys, tokenizer))


@pytest.fixture(scope="session")
def ask():
    """Puts a question to a build."""
    return put


@pytest.fixture(scope="session")
def build_rows(tmp_path_factory):
    """Builds splits of rows of (prompt, chosen, rejected); a prompt is one turn, or several."""

    def make(splits, **options):
        folder = tmp_path_factory.mktemp("rows")
        for place, rows in splits.items():
            path = folder / "source" / f"{place}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{json.dumps(transcribe(*row))}\n" for row in rows))
        out = folder / "out"
        pairsmith.build(folder / "source", out, **{"policies": KEEP, **options})
        return out

    return make


def transcribe(prompt, chosen, rejected):
    """A row as HH-RLHF has it."""
    turns = [prompt] if isinstance(prompt, str) else prompt
    marks = ("\n\nHuman: ", "\n\nAssistant: ")
    told = "".join(f"{marks[place % 2]}{turn}" for place, turn in enumerate(turns))
    return {
        side: f"{told}\n\nAssistant: {reply}"
        for side, reply in (("chosen", chosen), ("rejected", rejected))
    }


@pytest.fixture(scope="session")
def real_text(real, tmp_path_factory) -> Path:
    """The real file, built as Llama 2 text. Not to be changed."""
    out = tmp_path_factory.mktemp("real") / "text"
    pairsmith.build(real, out, template="llama2")
    return out
