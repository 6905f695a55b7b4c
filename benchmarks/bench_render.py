"""Rendering pairs in a chat format: a compiled template against trl.apply_chat_template.

    python benchmarks/bench_render.py [SOURCE.jsonl.gz] [--times 10] [--templates llama2 qwen3 …]

The same pairs of message lists go in, the same three texts come out (compared), each side in one
process of its own. TRL renders row by row, from Python dictionaries; pairsmith from Arrow
columns. Reading, parsing, start-up and a first pass
that warms both are left out on both sides; pairsmith's time includes rendering the proof rows by
Jinja. Without SOURCE the bundled sample is repeated.

Machines are noisy: only the ratio of one run means anything.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

SAMPLE = Path(__file__).parent.parent / "src/pairsmith/sources/sample/helpful-base/train.jsonl"
PARTS = ("prompt", "chosen", "rejected")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", nargs="?", default=str(SAMPLE))
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument(
        "--templates", nargs="+", default=["llama2", "llama3", "qwen3", "gemma", "mistral"]
    )
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        SIDES[given.side](Path(given.folder), given.templates[0], given.times)
        return
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ",
        end="",
    )
    print(", ".join(f"{name} {version(name)}" for name in ("pyarrow", "transformers", "trl")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = build_messages(given.source, folder)
        print(f"{rows} pairs, {given.times} times over; the first pass is compared\n")
        print("| template | TRL, rows/s | pairsmith, rows/s | ratio | compiled in |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for template in given.templates:
            theirs, ours = (measure(side, folder, template, given.times) for side in SIDES)
            same = theirs["texts"] == ours["texts"]
            ratio = theirs["seconds"] / ours["seconds"]
            speeds = (f"{rows * given.times / side['seconds']:,.0f}" for side in (theirs, ours))
            print(f"| {template} | {' | '.join(speeds)} | {ratio:.0f} | {ours['ready']:.1f} s |")
            if not same:
                sys.exit(f"{template}: the texts differ")


def build_messages(source, folder):
    """The pairs as messages, in one Parquet file; how many."""
    import pyarrow.parquet as pq

    import pairsmith

    pairsmith.build(source, folder / "built", subset="pairs", split="train")
    table = pq.read_table(folder / "built" / "pairs")
    pq.write_table(table.select(PARTS), folder / "pairs.parquet")
    return len(table)


def measure(side, folder, template, times):
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
    command += ["--templates", template, "--times", str(times)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def by_trl(folder, name, times):
    """trl.apply_chat_template, row by row."""
    import pyarrow.parquet as pq
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast
    from trl.data_utils import apply_chat_template

    from pairsmith.chat_templates.builtin import built_in

    template = built_in(name)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.BPE()), **dict(template.tokens)
    )
    tokenizer.chat_template = template.source
    rows = pq.read_table(folder / "pairs.parquet").to_pylist() * times
    first = [apply_chat_template(row, tokenizer) for row in rows[: len(rows) // times]]
    start = time.perf_counter()
    for row in rows:
        apply_chat_template(row, tokenizer)
    seconds = time.perf_counter() - start
    wholes = [(row["prompt"] + row["chosen"], row["prompt"] + row["rejected"]) for row in first]
    report(seconds, 0, [[template.closed(template.opened(t)) for t in pair] for pair in wholes])


def by_pairsmith(folder, name, times):
    """A compiled template, in columns, 10,000 rows at a time, as in a build."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pairsmith.chat_templates.prepare import prepare
    from pairsmith.kernel.parting import part
    from pairsmith.kernel.render import Pairs, Writer, write_pairs
    from pairsmith.text.messages import read_messages

    table = pq.read_table(folder / "pairs.parquet")
    wholes = pa.table(
        {
            side: pa.array(
                [row["prompt"] + row[side] for row in table.to_pylist()], table["prompt"].type
            )
            for side in ("chosen", "rejected")
        }
    )
    batches = pa.concat_tables([wholes] * times).combine_chunks().to_batches(10_000)
    begun = time.perf_counter()
    with prepare(name) as ready:
        ready_in = time.perf_counter() - begun
        writer = Writer(ready.compiled, ready.jinja)

        def read(batch):
            return [read_messages(batch[side]) for side in ("chosen", "rejected")]

        def render(batch, parted):
            chosen, rejected = read(batch)
            pairs = Pairs(chosen, rejected, parted)
            return write_pairs(pairs, np.ones(len(batch), bool), writer).columns

        # where the sides part is known beforehand here, as it is in the rows that TRL gets
        parted = [part(*read(batch)) for batch in batches]
        first = render(batches[0], parted[0])
        start = time.perf_counter()
        for batch, known in zip(batches, parted, strict=True):
            render(batch, known)
        seconds = time.perf_counter() - start
    rows = zip(*(column[: len(table)].to_pylist() for column in first), strict=True)
    report(seconds, ready_in, [[p + c, p + r] for p, c, r in rows])


def report(seconds, ready, texts):
    import hashlib

    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    print(json.dumps({"seconds": seconds, "ready": ready, "texts": digest}))


SIDES = {"trl": by_trl, "pairsmith": by_pairsmith}

if __name__ == "__main__":
    main()
