"""The cases whose files are frozen: each writes below `out` in a folder that it is given.

They use the public functions of `pairsmith` and its command line alone, so they stay as they are
when modules move.
"""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pairsmith
from golden import sources
from golden.fingerprints import fingerprint

ROOT = Path(__file__).parent.parent.parent
REAL = ROOT.parent / "shared" / "data" / "hh-rlhf"

DAY = "2026-01-31"
SYSTEM = "Be kind, and brief.\nSay naïve things, too: 是."
TEMPLATES = (
    "chatml", "cohere", "deepseek-r1", "deepseek-v3", "gemma", "gemma3", "llama2", "llama3",
    "mistral", "phi3", "qwen2.5", "qwen3", "vicuna", "zephyr",
)  # fmt: skip
MESSAGE_TRAINERS = (
    "axolotl", "llamafactory", "ms-swift", "nemo-rl", "openai", "openrlhf", "torchtune",
)  # fmt: skip
TEXT_TRAINERS = ("trl", "trl-kto")
MIXED = {"identical": "keep", "bad_roles": "merge", "control_token": "escape"}
LENIENT = {
    "identical": "keep", "bad_roles": "keep", "control_token": "keep", "empty_turn": "keep",
    "empty_reply": "keep",
}  # fmt: skip
CARD = {
    "pretty_name": "Invented: a card's name, naïve",
    "license": "other",
    "license_name": "house-terms",
    "license_link": "https://example.org/terms",
    "language": ["en", "fr"],
    "tags": ["tea", "42"],
    "extra_gated_prompt": "Read the terms.\nThen agree.",
    "extra_gated_fields": {"Name": "text", "Purpose": {"type": "select", "options": ["a", "b"]}},
    "extra_gated_eu_disallowed": False,
}
CARD_FILE = "pretty_name: Tea\nlicense: cc-by-4.0\ntags: [tea]\n"


class Case(NamedTuple):
    """Something that writes files.

    Attributes:
        write: Writes below `out` in the folder that it is given.
        is_real: Whether it reads the real file beside the repository.
    """

    write: Callable[[Path], None]
    is_real: bool = False


def observe(case, folder):
    """Writes a case in a new folder, and gives the fingerprints of what it wrote."""
    case.write(folder)
    return fingerprint(folder / "out")


def build(folder, source, out="out", **options):
    """Builds, and proves the build."""
    pairsmith.build(source, folder / out, **options)
    assert pairsmith.check(folder / out) == []


def build_sample(folder, **options):
    build(folder, "sample", **options)


def build_transcripts(folder, **options):
    build(folder, sources.write_transcripts(folder / "talks.jsonl"), **options)


def build_own_template(folder, text, **options):
    build_transcripts(folder, template=sources.write_template(folder, text), **options)


def build_tokenizer(folder):
    build_transcripts(folder, template=sources.write_tokenizer(folder), system=SYSTEM)


def build_shape(folder, shape, **options):
    build(folder, sources.write_shape(folder, shape), **options)


def build_odd(folder, **options):
    build(folder, sources.write_odd(folder / "odd.jsonl"), **options)


def build_many(folder):
    build(folder, sources.write_many(folder / "many.jsonl", 24_000), shard_rows=11_000)


def build_planted(folder, **options):
    build(folder, sources.write_planted(folder / "planted"), **options)


def build_real(folder, **options):
    build(folder, REAL, **options)


def build_folder(folder):
    """Files `train` and `test` in a folder itself, in different formats."""
    rows = [sources.labelled_row(number) for number in range(12)]
    sources.write_lines(folder / "tea" / "train.jsonl", rows[:9])
    lines = sources.as_lines(rows[9:]).decode().splitlines()
    text = "[" + ",\n".join(lines) + "]\n"
    (folder / "tea" / "test.json").write_text(text, encoding="utf-8", newline="\n")
    build(folder, folder / "tea")


def build_over(folder):
    """A build over an earlier one of more shards, whose card was edited and that has a stranger."""
    build(folder, "sample", template="llama2", shard_rows=4)
    card = folder / "out" / "README.md"
    card.write_bytes(card.read_bytes() + b"\nEdited.\n")
    (folder / "out" / "own.txt").write_bytes(b"My own.\n")
    build(folder, "sample", shard_rows=6, force=True)


def export_all(folder, trainers, **options):
    build(folder, "sample", "built", **options)
    for trainer in trainers:
        pairsmith.export(folder / "built", folder / "out" / trainer, trainer=trainer)


def export_shape(folder, trainers):
    """Rows with system turns of their own, and in other scripts."""
    build(folder, sources.write_shape(folder, "trl"), "built", policies=LENIENT)
    for trainer in trainers:
        pairsmith.export(folder / "built", folder / "out" / trainer, trainer=trainer)


def split_sample(folder, **options):
    pairsmith.split("sample", folder / "out", **options)


def split_shape(folder, shape):
    pairsmith.split(sources.write_shape(folder, shape), folder / "out", test=0.5)


def split_real(folder):
    pairsmith.split(REAL, folder / "out", test=0.1)


def run_commands(folder):
    """The command line, with the options that a recipe is made of."""
    (folder / "card.yaml").write_text(CARD_FILE, encoding="utf-8")
    (folder / "out").mkdir()
    build = "build sample out/built --template llama3 --as messages --system Hello --shard-rows 5"
    build += " --on identical=keep --on bad_roles=merge --card card.yaml --json"
    exporting = "export out/built out/exported --for openrlhf --json"
    for line in (build, exporting, "split sample out/split --test 30% --json"):
        command = [sys.executable, "-m", "pairsmith", *line.split()]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


SAMPLE = {
    "llama2": {"template": "llama2"},
    "llama2-policies": {"template": "llama2", "policies": MIXED, "system": SYSTEM},
    "qwen3-system": {"template": "qwen3", "date": DAY, "system": SYSTEM},
    "messages": {},
    "messages-shards": {"shard_rows": 3, "batch_rows": 2},
    "messages-policies": {"template": "llama2", "as_": "messages", "policies": LENIENT},
    "messages-card": {"card": CARD, "system": SYSTEM},
}
ACTIONS = {
    "drop": {"drop": ["duplicates", "near", "leaks", "flipped"]},
    "drop-text": {"drop": ["near", "duplicates"], "template": "qwen3", "shard_rows": 100},
    # labels that a model doubts: here, margins are far from the thresholds, and what is written is
    # rounded, so that neither the processor nor the version of scikit-learn (1.8, 1.9) matters
    "flip": {"flip": 1.0},
    "smooth": {"smooth": 0.5, "drop": ["flipped"], "template": "llama2"},
}
REAL_BUILDS = {
    "llama2": {"template": "llama2"},
    "messages": {},
    "qwen3-shards": {"template": "qwen3", "system": SYSTEM, "shard_rows": 500, "policies": MIXED},
}


def list_cases():
    """Every case by its name."""
    cases = {
        **{f"sample-{name}": partial(build_sample, **given) for name, given in SAMPLE.items()},
        **{f"template-{t}": partial(build_transcripts, template=t, date=DAY) for t in TEMPLATES},
        "template-mistral-system": partial(build_transcripts, template="mistral", system=SYSTEM),
        "template-row-by-row": partial(build_own_template, text=sources.FALCON),
        "template-dated": partial(
            build_own_template, text=sources.DATED, date=DAY, tokens={"eos_token": "</s>"}
        ),
        "template-refusing": partial(build_own_template, text=sources.REFUSING),
        "template-tokenizer": build_tokenizer,
        **{f"shape-{shape}": partial(build_shape, shape=shape) for shape in sources.SHAPES},
        "shape-trl-named-text": partial(
            build_shape, shape="trl", from_="trl", template="llama3", subset="tea", split="test"
        ),
        "shape-openai-text": partial(build_shape, shape="openai", template="chatml"),
        "rows-odd": build_odd,
        "rows-odd-text": partial(build_odd, template="llama2", policies=LENIENT),
        "rows-many": build_many,
        "folder-plain": build_folder,
        "forced": build_over,
        **{f"actions-{name}": partial(build_planted, **given) for name, given in ACTIONS.items()},
        "export-messages": partial(
            export_all, trainers=(*MESSAGE_TRAINERS, *TEXT_TRAINERS), policies=LENIENT
        ),
        "export-text": partial(export_all, trainers=TEXT_TRAINERS, template="llama2"),
        "export-shape": partial(export_shape, trainers=(*MESSAGE_TRAINERS, *TEXT_TRAINERS)),
        "split-sample": split_sample,
        "split-sample-third": partial(split_sample, test=1 / 3),
        "split-json": partial(split_shape, shape="sharegpt"),
        "split-parquet": partial(split_shape, shape="ultrafeedback"),
        "command-line": run_commands,
    }
    real: dict[str, Callable[[Path], None]] = {
        f"real-{name}": partial(build_real, **given) for name, given in REAL_BUILDS.items()
    }
    real["real-split"] = split_real
    return {
        **{name: Case(write) for name, write in cases.items()},
        **{name: Case(write, is_real=True) for name, write in real.items()},
    }


CASES = dict(sorted(list_cases().items()))
