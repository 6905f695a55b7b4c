"""The same build on this machine and on Ray: `python examples/ray_build.py [ADDRESS]`.

Needs the extra `ray`. Without an address, a Ray of this machine's own is started. Shows how many
shards were made and how long each engine took, and that every file has the same bytes: an engine
decides where the work is done, and nothing else.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pairsmith


def write_source(source: Path, rows: int) -> None:
    """Writes pairs as JSON lines, a few of them bad."""
    with source.open("w", encoding="utf-8") as file:
        for number in range(rows):
            asked = f"\n\nHuman: Is {number} a prime?\n\nAssistant:"
            reply = "" if number % 100 == 0 else f" I will work {number} out."
            row = {"chosen": asked + reply, "rejected": f"{asked} I do not know."}
            file.write(json.dumps(row) + "\n")


def build(source: Path, out: Path, engine: str, address: str | None) -> dict[str, str]:
    """Builds on an engine; the sha256 of each file that it wrote."""
    begun = time.monotonic()
    built = pairsmith.build(
        source, out, template="llama2", shard_rows=1_000, engine=engine, workers=2, address=address
    )
    seconds = time.monotonic() - begun
    print(f"{engine}: {built.totals.kept} of {built.totals.read} kept in {seconds:.1f} s")
    return {entry.path: entry.sha256 for entry in built.outputs}


def main() -> None:
    """Builds twice and compares."""
    address = sys.argv[1] if len(sys.argv) > 1 else None
    with TemporaryDirectory() as folder:
        source = Path(folder) / "primes.jsonl"
        write_source(source, rows=5_000)
        here = build(source, Path(folder) / "local", "local", None)
        there = build(source, Path(folder) / "ray", "ray", address)
        shards = sum(path.endswith(".parquet") for path in here)
        print(f"{shards} shards; the same bytes: {'yes' if here == there else 'no'}")


if __name__ == "__main__":
    main()
