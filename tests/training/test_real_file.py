"""Every row of the real file is in the ledger of a run, and the trainer has what it says."""

import json

import pytest

import pairsmith
from support.models.folders import write_causal
from support.slow import slow
from support.training import train_quietly

pytest.importorskip("trl")


@slow
def test_every_row_of_the_real_file_is_accounted_for(real, tmp_path):
    from datasets import Dataset

    shares = pairsmith.split(real, tmp_path / "divided", test=0.1)
    built = pairsmith.build(tmp_path / "divided", tmp_path / "chat")
    write_causal(tmp_path / "model")
    seen = []

    def look(progress):  # the trainer's own rows lie there while it trains
        if progress.phase == "training" and not seen:
            growing = tmp_path / "run" / "checkpoints"
            (path,) = growing.glob("cache-*.arrow")  # what TRL kept of the rows that it was given
            seen.append((len(Dataset.from_file(str(growing / "rows.arrow"))), path.is_file()))

    made = train_quietly(
        tmp_path / "chat", tmp_path / "run", tmp_path / "model", max_steps=2, max_length=512,
        progress=look,
    )  # fmt: skip
    ledger = made.manifest.ledger
    for held in ledger.values():
        assert held["read"] == sum(count for name, count in held.items() if name != "read")
    kept = {f"{entry.subset}/{entry.split}": entry.kept for entry in built.ledger}
    assert {place: held["read"] for place, held in ledger.items()} == kept
    assert sum(kept.values()) + sum(built.totals.quarantined.values()) == 2312
    assert sum(share.read for share in shares) == 2312
    train = ledger["harmless-base/train"]
    assert train["too_long"] > 100
    assert seen == [(train["trained"], True)]
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["ledger"] == ledger
