"""Token totals by words, against whole texts, as transformers tokenizes them.

    python benchmarks/bench_tokens.py [SOURCE.jsonl.gz] [--times 70] [--runs 3]

The audit's question `tokens` over a build as Llama 2 text, with a byte-level tokenizer of 8,000
entries, learnt from the first rows: each time a process of its own, in turn, and the best of each.
`whole` makes ids of every text by calling the tokenizer, as TRL does. Both have to give the same
numbers. Seconds are those of the processor and of the clock: the first hold on a busy machine too.

Without SOURCE the bundled sample is repeated, so that few words are new; with a file of fewer rows,
--times 1 shows what it costs when most words are.
"""

import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from contest import SAMPLE, conditions, read_options, repeat, rows_of

TESTS = Path(__file__).parent.parent / "tests"


def by_whole_texts():
    """Does without words, and calls the tokenizer."""
    from pairsmith.tokens import ragged

    texts: Any = importlib.import_module("pairsmith.tokens.texts")

    def encode(given, tokenizer, special):
        ids = tokenizer(
            given,
            add_special_tokens=special,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        return ragged.from_lists(ids["input_ids"])

    texts.find_edges = lambda tokenizer: None
    texts.encode_texts = encode


def put(way, out, tokenizer):
    """Puts the question, and prints seconds and numbers as JSON."""
    from pairsmith.auditing.answer import Study
    from pairsmith.auditing.questions.tokens import ask
    from pairsmith.dataset.reader import Dataset

    if way == "whole":
        by_whole_texts()
    start, used = time.perf_counter(), time.process_time()
    numbers = ask(Study(Dataset(Path(out)), None, Path(tokenizer))).numbers
    clock, processor = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"clock": clock, "processor": processor, "MB": peak, "numbers": numbers}))


def learn(rows, folder):
    """Saves a tokenizer that learnt from rows."""
    sys.path.insert(0, str(TESTS))
    from support.tiny import llama_tokenizer

    llama_tokenizer([row["chosen"] for row in rows[:1500]], vocabulary=8000).save_pretrained(folder)


def race(out, tokenizer, runs):
    """Prints the best seconds of each way.

    Raises:
        SystemExit: The ways give different numbers.
    """
    told = {"whole": [], "words": []}
    for _ in range(runs):
        for way, results in told.items():
            command = [sys.executable, __file__, "--contestant", way, str(out), str(tokenizer)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            results.append(json.loads(done.stdout.splitlines()[-1]))
    if any(one["numbers"] != told["whole"][0]["numbers"] for each in told.values() for one in each):
        raise SystemExit("The numbers differ.")
    best = {
        way: {key: min(one[key] for one in results) for key in ("processor", "clock", "MB")}
        for way, results in told.items()
    }
    for way, seconds in best.items():
        ratio = best["whole"]["processor"] / seconds["processor"]
        print(
            f"{way:8}{seconds['processor']:8.1f} s of the processor {seconds['clock']:8.1f} s of "
            f"the clock {seconds['MB']:8.0f} MB {ratio:6.1f} x"
        )


def main():
    options = read_options(__doc__)
    print(conditions(("pairsmith", "pyarrow", "numpy", "transformers", "tokenizers")))
    rows = rows_of(options.source)
    with tempfile.TemporaryDirectory() as folder:
        source, out = f"{folder}/train.jsonl.gz", f"{folder}/out"
        print(f"{repeat(rows, options.times, source):,} rows of {options.source or SAMPLE.name}")
        import pairsmith

        pairsmith.build(source, out, template="llama2")
        learn(rows, f"{folder}/tokenizer")
        race(out, f"{folder}/tokenizer", options.runs)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contestant"]:
        put(*sys.argv[2:])
    else:
        main()
