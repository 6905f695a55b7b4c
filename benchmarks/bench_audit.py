"""Near duplicates against datatrove's MinHash, and each question's time against the build's.

    python benchmarks/bench_audit.py [SOURCE.jsonl.gz] [--times 70] [--runs 3]

Near duplicates, whole process against whole process, on all cores, in turn; the best of each:

- pairsmith: the keys of all rows and the question `near`, from the built dataset to findings:
  reads Parquet and takes texts apart, shingles, sketches, finds candidates, compares every one
  exactly, clusters.
- datatrove: MinhashDedupSignature, MinhashDedupBuckets and MinhashDedupCluster, each by a
  LocalPipelineExecutor with as many workers as cores, from JSON lines, one file a worker, that
  hold what a pair says as one text. The same tokens of a shingle, bands and slots, 64 bits. It
  compares nothing exactly. Its word tokenizer is one regular expression: the ones that it brings
  for English (spaCy) are slower, and are not needed here.

Parts, one process each: the build, then the keys alone and each question that is there, with the
time of the keys taken off; and the peak memory of the process. `near` is put to the keys of the
same process.

Without SOURCE the bundled sample is repeated, with a mark in the first turn of each repetition, so
that nearly every row has twins. Machines are noisy: only the ratios of one run mean anything.
Files are in the system's cache for all.
"""

import importlib
import importlib.util
import json
import os
import re
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from contest import PACKAGES, build, conditions, measured, read_options, repeat, rows_of, timed

AUDIT = "pairsmith.auditing"
EXACT = ("duplicates", "leaks", "direction", "length")
QUESTIONS = (*EXACT, "near", "labels", "text")
"""Questions that may be there; those that are not are left out."""

GOALS = {"exact questions": 3, "all but labels": 15}
"""The seconds of an audit, at most, as a multiple of the build's."""


def study_of(out):
    """The dataset and a context that makes the study of it."""
    dataset, keys = (importlib.import_module(f"{AUDIT}.{name}") for name in ("dataset", "keys"))
    data = dataset.Dataset(Path(out))
    return data, keys.open_keys(data)


def put(out, *questions):
    """Puts questions to a built dataset, in this process."""
    answer = importlib.import_module(f"{AUDIT}.answer")
    data, opened = study_of(out)
    with opened as keys:
        for name in questions:
            try:
                given = importlib.import_module(f"{AUDIT}.{name}").ask(answer.Study(data, keys))
            except answer.UnansweredError as why:
                print(f"{name}: {why}")
            else:
                print(f"{name}: {given.sentence}")


def write_texts(out, folder, parts):
    """What each pair says, as JSON lines in a number of files."""
    data, _ = study_of(out)
    with ExitStack() as stack:
        paths = (Path(folder, f"{part}.jsonl") for part in range(parts))
        files = [stack.enter_context(path.open("w", encoding="utf-8")) for path in paths]
        for batch in data.batches():
            said = batch.chosen.stripped.texts().to_pylist()
            replies = batch.rejected.replies.texts().to_pylist()
            bounds = zip(batch.chosen.offsets[:-1], batch.chosen.offsets[1:], strict=True)
            for row, (first, last) in enumerate(bounds):
                text = "\n".join([*said[first:last], replies[row]])
                number = batch.first + row
                line = json.dumps({"text": text, "id": str(number)})
                files[number % parts].write(f"{line}\n")


def datatrove(texts, folder):
    """The three steps of datatrove that end in clusters."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Words(WordTokenizer):
        """Words by one regular expression."""

        def word_tokenize(self, text):
            return re.findall(r"\w+", text)

        def sent_tokenize(self, text):
            raise NotImplementedError

        def span_tokenize(self, text):
            raise NotImplementedError

    shingles, sketches = (importlib.import_module(f"{AUDIT}.{n}") for n in ("shingles", "sketches"))
    config = MinhashConfig(shingles.SIZE, sketches.BANDS, sketches.ROWS)
    signatures, buckets, removed = (f"{folder}/{name}" for name in ("sigs", "buckets", "removed"))
    cores = os.cpu_count()
    steps = [
        ([JsonlReader(texts), MinhashDedupSignature(signatures, config, language=Words())], cores),
        ([MinhashDedupBuckets(signatures, buckets, config=config)], sketches.BANDS),
        ([MinhashDedupCluster(buckets, removed, config, save_cluster_id=True)], 1),
    ]
    for number, (pipeline, tasks) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=min(cores, tasks), logging_dir=f"{folder}/log{number}"
        ).run()
    clusters = [file.read_bytes() for file in Path(removed).glob("*.remove")]
    print(f"datatrove: it would remove {sum(map(len, clusters)) // 4:,} rows")


def race(out, folder, runs):
    """The best seconds of each contestant, which run in turn."""
    texts, work = Path(folder, "texts"), Path(folder, "work")
    texts.mkdir()
    write_texts(out, texts, os.cpu_count())
    ours = [sys.executable, __file__, "--contestant", "put", str(out), "near"]
    theirs = [sys.executable, __file__, "--contestant", "datatrove", str(texts), str(work)]
    seconds = {"pairsmith": [], "datatrove": []}
    for _ in range(runs):
        seconds["pairsmith"].append(timed(*ours))
        seconds["datatrove"].append(timed(*theirs, HF_HUB_OFFLINE="1"))
        shutil.rmtree(work)
    return {name: min(taken) for name, taken in seconds.items()}


def is_there(question):
    """Whether a question is in this version."""
    return importlib.util.find_spec(f"{AUDIT}.{question}") is not None


def parts(source, folder, runs):
    """The best seconds and the largest memory of the build and of sets of questions."""
    out = f"{folder}/out"
    best = {}

    def note(name, arguments):
        taken, peak = measured(arguments, folder)
        seconds, memory = best.get(name, (taken, 0))
        best[name] = min(seconds, taken), max(memory, peak.own)

    there = [question for question in QUESTIONS if is_there(question)]
    sets: dict[str, tuple[str, ...]] = {name: (name,) for name in there}
    sets["exact questions"] = tuple(name for name in there if name in EXACT)
    sets["all but labels"] = tuple(name for name in there if name != "labels")
    for _ in range(runs):
        shutil.rmtree(out, ignore_errors=True)
        note("build", build(source, out))
        note("keys", ["bench_audit", "--contestant", "put", out])
        for name, questions in sets.items():
            if questions:
                note(name, ["bench_audit", "--contestant", "put", out, *questions])
    return best


def show(best):
    """Prints what the parts took, against the build."""
    built = best["build"][0]
    for name, (seconds, memory) in best.items():
        goal = f"   goal: {GOALS[name]} x" if name in GOALS else ""
        print(f"{name:18}{seconds:8.2f} s {seconds / built:8.2f} x {memory:8.0f} MB{goal}")
    print("x: seconds of the build; a question's with those of the keys, which all share")


def main():
    options = read_options(__doc__)
    print(conditions((*PACKAGES, "duckdb", "rensa", "scipy", "datatrove")))
    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/train.jsonl.gz"
        rows = repeat(rows_of(options.source), options.times, source)
        print(f"{rows:,} rows, {Path(source).stat().st_size / 1e6:.0f} MB of gzip")
        show(parts(source, folder, options.runs))
        best = race(f"{folder}/out", folder, options.runs)
    for name, seconds in best.items():
        ratio = seconds / best["pairsmith"]
        print(f"near: {name:12}{seconds:8.2f} s {rows / seconds:12,.0f} rows/s {ratio:8.2f} x")
    print("x: seconds of pairsmith; best of", options.runs, "runs in turn")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--contestant"]:
        {"put": put, "datatrove": datatrove}[sys.argv[2]](*sys.argv[3:])
    else:
        main()
