"""A manifest of samples by others: of another shape, or of files elsewhere, it is refused."""

import json

import pytest

from pairsmith.errors import OutputError
from pairsmith.generating.manifest import read_samples

NAMED = {"name": "m", "sha256": "0" * 64}
WHOLE = {
    "kind": "samples", "format": 1, "pairsmith": "0", "prompts": NAMED, "model": NAMED,
    "endpoint": None, "score": None, "config": {}, "ledger": {"tea/train": {"read": 1, "kept": 1}},
    "samples": {"asked": 2}, "faults": {}, "summary": {}, "outputs": [],
}  # fmt: skip


def read(tmp_path, **held):
    (tmp_path / "manifest.json").write_text(json.dumps({**WHOLE, **held}))
    return read_samples(tmp_path)


def file(path):
    return [{"path": path, "rows": 1, "bytes": 1, "sha256": "0" * 64}]


def test_one_that_is_whole_is_read(tmp_path):
    assert read(tmp_path, outputs=file("tea/train.jsonl")).rows == {"tea/train.jsonl": 1}


@pytest.mark.parametrize(
    "held",
    [
        {"ledger": {"tea/train": [1]}},
        {"samples": []},
        {"prompts": 7},
        {"outputs": {"a": 1}},
        {"outputs": file("../elsewhere.jsonl")},
        {"outputs": file("/etc/passwd")},
        {"outputs": file("a\0b")},
        {"outputs": file("a" * 300)},
    ],
    ids=lambda held: json.dumps(held)[:40],
)
def test_one_that_is_not_is_refused(tmp_path, held):
    with pytest.raises(OutputError, match="no manifest of samples"):
        read(tmp_path, **held)
