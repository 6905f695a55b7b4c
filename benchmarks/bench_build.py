"""The main job, whole process against whole process: pairsmith, and what a user writes by hand.

    python benchmarks/bench_build.py [SOURCE.jsonl.gz] [--times 70]

Both read the same gzip JSON lines and write Parquet in Llama 2 text. By hand means the
`datasets` library: load_dataset, a map that splits transcripts into messages, a map that renders
them with a compiled Jinja template, to_parquet; as many processes as cores. It checks and counts
nothing but roles; pairsmith checks and counts everything. Without SOURCE the bundled sample is
repeated.

Machines are noisy: only the ratio of one run means anything. Caches are warm for both.
"""

import argparse
import functools
import gzip
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib import resources
from importlib.metadata import version
from pathlib import Path

TEMPLATE = resources.files("pairsmith.templates") / "llama2.jinja"
SAMPLE = Path(__file__).parent.parent / "src/pairsmith/sources/sample"


@functools.cache
def compiled(source):
    """The template, compiled once in each process."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment().from_string(source)


def by_hand(source, out):
    """What a user writes with datasets."""
    from datasets import load_dataset

    template = TEMPLATE.read_text()
    roles = {"Human": "user", "Assistant": "assistant"}

    def turns(text):
        _, *rest = re.split(r"\n\n(Human|Assistant):", text)
        pairs = zip(rest[::2], rest[1::2], strict=True)
        return [{"role": roles[role], "content": content.strip()} for role, content in pairs]

    def to_messages(row):
        chosen, rejected = turns(row["chosen"]), turns(row["rejected"])
        return {"prompt": chosen[:-1], "chosen": chosen[-1:], "rejected": rejected[-1:]}

    def render(messages):
        text = compiled(template).render(messages=messages, bos_token="<s>", eos_token="</s>")
        return text.removeprefix("<s>")

    def sound(row):
        roles = [turn["role"] for turn in row["prompt"]]
        return roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]

    def to_text(row):
        prompt = render(row["prompt"])
        replies = {s: render(row["prompt"] + row[s])[len(prompt) :] for s in ("chosen", "rejected")}
        return {"prompt": prompt, **replies}

    cores = os.cpu_count()
    data = load_dataset("json", data_files=source, split="train", cache_dir=f"{out}-cache")
    data = data.map(to_messages, num_proc=cores).filter(sound, num_proc=cores)
    data.map(to_text, num_proc=cores).to_parquet(f"{out}.parquet")


def repeat(source, times, to):
    """Writes the source's rows so many times, a distinct mark in each row's first turn."""
    files = [source] if source else sorted(SAMPLE.glob("help*/train.jsonl"))
    rows = []
    for file in files:
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines if line.rstrip().endswith("}")]
    rows = [row for row in rows if all(isinstance(text, str) for text in row.values())]
    with gzip.open(to, "wt", encoding="utf-8", compresslevel=6) as out:
        for mark in range(times):
            for row in rows:
                marked = {
                    side: text.replace("\n\nHuman:", f"\n\nHuman: ({mark})", 1)
                    for side, text in row.items()
                }
                out.write(json.dumps(marked) + "\n")
    return times * len(rows)


def timed(*command):
    """Seconds of a whole process."""
    start = time.perf_counter()
    environment = {**os.environ, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", type=Path)
    parser.add_argument("--times", type=int, default=70)
    parser.add_argument("--by-hand", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.by_hand:
        by_hand(*options.by_hand)
        return
    names = ("pairsmith", "pyarrow", "datasets", "jinja2")
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/train.jsonl.gz"
        rows = repeat(options.source, options.times, source)
        print(f"{rows:,} rows, {Path(source).stat().st_size / 1e6:.0f} MB of gzip")
        python = sys.executable
        ours = timed(
            *(python, "-m", "pairsmith", "build", source, f"{folder}/ours"),
            *("--template", "llama2"),
        )
        theirs = timed(python, __file__, "--by-hand", source, f"{folder}/theirs")
    print(f"pairsmith build      {ours:6.1f} s  {rows / ours:10,.0f} rows/s")
    print(f"datasets by hand     {theirs:6.1f} s  {rows / theirs:10,.0f} rows/s")
    print(f"pairsmith is {theirs / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
