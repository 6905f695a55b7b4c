"""Transcripts to preference pairs in Llama 2's chat format: `python examples/convert.py`.

Shows the ledger (every row read is kept, or refused for a reason), one refused row with its place,
one pair as a trainer reads it, and that the files are what the manifest says.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

import pairsmith


def main() -> None:
    """Builds the bundled sample into a temporary folder, and looks at it."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "hh"
        built = pairsmith.build("sample", out, template="llama2")

        for entry in built.ledger:
            refused = ", ".join(f"{reason} {rows}" for reason, rows in entry.quarantined.items())
            print(f"{entry.subset}/{entry.split}: {entry.kept} of {entry.read} kept  {refused}")
        totals = built.totals
        print(f"\nread {totals.read} = kept {totals.kept} + {sum(totals.quarantined.values())}")

        with (out / "quarantine" / "helpful-base-train.jsonl").open(encoding="utf-8") as lines:
            refused = json.loads(next(lines))
        print(f"\nline {refused['line']} was refused: {refused['reason']}, {refused['detail']}")

        shard = next((out / "harmless-base").glob("train-*.parquet"))
        pair = pq.read_table(shard).to_pylist()[0]
        for column in ("id", "prompt", "chosen", "rejected"):
            print(f"{column}: {pair[column]!r}")

        problems = pairsmith.check(out)
        print(f"\nproblems: {len(problems)}")


if __name__ == "__main__":
    main()
