"""What `datasets` loads is what lies on disk, with one cache for all, in old versions and new."""

import json
import subprocess
import sys

import pytest

import pairsmith
from support.hub.clients import FOLDERS, environment_of
from support.slow import slow

pytest.importorskip("datasets")

LOAD = """
import json, sys
from datasets import load_dataset
for line in sys.stdin:
    path, options = json.loads(line)
    held = load_dataset(path, cache_dir=sys.argv[1], **options)
    print(json.dumps({split: [row["chosen"] for row in held[split]] for split in held}), flush=True)
"""


@pytest.fixture(params=FOLDERS)
def load(request, tmp_path):
    """Loads with one version of `datasets`, in one process with one cache: chosen by split."""
    (tmp_path / "home").mkdir()
    environment = environment_of(request.param, tmp_path / "home", "http://127.0.0.1:9")
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(tmp_path / "cache")],
        env={**environment, "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    def ask(path, **options):
        process.stdin.write(json.dumps([str(path), options]) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        return json.loads(line)

    yield ask
    process.communicate()


def write(path, *answers):
    rows = [
        {"prompt": f"How often do I water plant {n}?", "chosen": answer, "rejected": "Whenever."}
        for n, answer in enumerate(answers)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def replies(answers):
    return [[{"role": "assistant", "content": answer}] for answer in answers]


ONE = [f"First answer {n}." for n in range(4)]
TWO = [f"Corrected answer {n}." for n in range(6)]
THREE = [f"Third answer {n}." for n in range(5)]


@slow
def test_a_rebuild_and_a_folder_of_the_same_name(tmp_path, load):
    out, other = tmp_path / "exp1" / "out", tmp_path / "exp2" / "out"
    pairsmith.build(write(tmp_path / "v1.jsonl", *ONE), out, subset="tea")
    for options in ({}, {"name": "tea"}, {"data_dir": "tea"}):
        assert load(out, **options) == {"train": replies(ONE)}
    pairsmith.build(write(tmp_path / "v2.jsonl", *TWO), out, subset="tea", force=True)
    pairsmith.build(write(tmp_path / "v3.jsonl", *THREE), other, subset="tea")
    for options in ({}, {"name": "tea"}, {"data_dir": "tea"}):
        assert load(out, **options) == {"train": replies(TWO)}
        assert load(other, **options) == {"train": replies(THREE)}


@slow
def test_one_word_of_one_row(tmp_path, load):
    """As many rows of as many bytes: nothing but the contents tells the builds apart."""
    out = tmp_path / "out"
    for answers in (ONE, [*ONE[:3], "Other answer 3."], ONE):
        pairsmith.build(write(tmp_path / "rows.jsonl", *answers), out, force=True)
        assert load(out) == {"train": replies(answers)}
