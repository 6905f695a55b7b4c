"""A build, whole process against whole process.

    python benchmarks/bench_build.py [SOURCE.jsonl.gz] [--times 70] [--runs 3]

Three contestants read the same gzip JSON lines and write Parquet:

- pairsmith build --template llama2: reads, checks, renders, counts, hashes, writes the card.
- datasets by hand: load_dataset, a map to messages that drops rows whose roles do not alternate,
  a map that renders the prompt and both sides with a short compiled Jinja template, no sandbox,
  to_parquet; as many processes as cores. It counts and checks nothing else.
- the floor, one thread: gunzip, JSON to columns, Parquet of the two texts as they were read. It
  parses and renders nothing; polars where it is installed, else pyarrow.

They run in turn, --runs times, and the best of each counts. Without SOURCE the bundled sample is
repeated. Machines are noisy: only the ratios of one run mean anything. Files are in the system's
cache for all. New cache folders, so that datasets does not find its earlier work.
"""

import functools
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from contest import build, conditions, read_options, repeat, rows_of, timed

TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + message['content'].strip() + ' [/INST]' }}{% else %}"
    "{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
"""Llama 2 as short as it is right here: no system turn, roles checked before."""

ROLES = {"Human": "user", "Assistant": "assistant"}
ONE_THREAD = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "ARROW_IO_THREADS"), "1")


def turns(text):
    """A transcript's messages."""
    _, *rest = re.split(r"\n\n(Human|Assistant):", text)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return [{"role": ROLES[role], "content": content.strip()} for role, content in pairs]


def alternates(messages):
    """Whether user and assistant speak in turn, the assistant last."""
    roles = [turn["role"] for turn in messages]
    return bool(roles) and roles == ["user", "assistant"] * (len(roles) // 2)


def to_messages(rows):
    """Rows as messages, less those whose roles do not alternate."""
    made = {"prompt": [], "chosen": [], "rejected": []}
    for texts in zip(rows["chosen"], rows["rejected"], strict=True):
        chosen, rejected = map(turns, texts)
        if alternates(chosen) and alternates(rejected):
            made["prompt"].append(chosen[:-1])
            made["chosen"].append(chosen[-1:])
            made["rejected"].append(rejected[-1:])
    return made


@functools.cache
def compiled():
    """The template, compiled once in each process."""
    from jinja2 import Environment

    return Environment().from_string(TEMPLATE)


def render(messages):
    """Messages as text, without the BOS that a trainer adds."""
    text = compiled().render(messages=messages, bos_token="<s>", eos_token="</s>")
    return text.removeprefix("<s>")


def to_text(row):
    """A row's three texts, by three renders."""
    prompt = render(row["prompt"])
    replies = {s: render(row["prompt"] + row[s])[len(prompt) :] for s in ("chosen", "rejected")}
    return {"prompt": prompt, **replies}


def by_hand(source, out):
    """What a user writes with datasets."""
    from datasets import load_dataset

    cores = os.cpu_count()
    data = load_dataset("json", data_files=source, split="train", cache_dir=f"{out}-cache")
    data = data.map(to_messages, batched=True, remove_columns=data.column_names, num_proc=cores)
    data.map(to_text, num_proc=cores).to_parquet(f"{out}.parquet")


def floor(source, out):
    """The least that has to be done, by the fastest library for each step."""
    from isal import igzip

    with igzip.open(source, "rb") as file:
        text = file.read()
    try:
        import polars
    except ImportError:
        import pyarrow as pa
        from pyarrow import json, parquet

        options = json.ReadOptions(use_threads=False, block_size=1 << 24)
        data = json.read_json(pa.BufferReader(text), options)
        parquet.write_table(data, f"{out}.parquet", compression="zstd", use_dictionary=False)
    else:
        schema = dict.fromkeys(("chosen", "rejected"), polars.String)
        polars.read_ndjson(text, schema=schema).write_parquet(f"{out}.parquet", compression="zstd")


def race(source, folder, runs):
    """The best seconds of each contestant, which run in turn."""
    quiet = {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HUB_OFFLINE": "1"}
    out, python = f"{folder}/out", sys.executable
    contestants = {
        "pairsmith build": ([python, "-m", *build(source, out)], {}),
        "datasets by hand": ([python, __file__, "--contestant", "by_hand", source, out], quiet),
        "the floor": ([python, __file__, "--contestant", "floor", source, out], ONE_THREAD),
    }
    seconds = {name: [] for name in contestants}
    for _ in range(runs):
        for name, (command, environment) in contestants.items():
            seconds[name].append(timed(*command, **environment))
            for left in (out, f"{out}-cache"):
                shutil.rmtree(left, ignore_errors=True)
            Path(f"{out}.parquet").unlink(missing_ok=True)
    return {name: min(taken) for name, taken in seconds.items()}


def main():
    options = read_options(__doc__)
    print(conditions())
    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/train.jsonl.gz"
        rows = repeat(rows_of(options.source), options.times, source)
        print(f"{rows:,} rows, {Path(source).stat().st_size / 1e6:.0f} MB of gzip")
        best = race(source, folder, options.runs)
    ours = best["pairsmith build"]
    for name, seconds in best.items():
        print(f"{name:18}{seconds:8.2f} s {rows / seconds:12,.0f} rows/s {seconds / ours:8.2f} x")
    print("x: seconds of pairsmith build; best of", options.runs, "runs in turn")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contestant"]:
        {"by_hand": by_hand, "floor": floor}[sys.argv[2]](*sys.argv[3:])
    else:
        main()
