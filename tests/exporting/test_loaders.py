"""Trainers' own loaders read an export: each row is there, and says what its pair says.

Each runs in a process of its own, with a folder of packages of its own: `make loaders`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pairsmith
from support.exported import pairs_of
from support.slow import slow
from support.tiny import llama_tokenizer

pytest.importorskip("transformers")
pytest.importorskip("datasets")

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TRAINERS = ["axolotl", "llamafactory", "ms-swift", "openrlhf", "torchtune"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """A folder with a tokenizer."""
    folder = tmp_path_factory.mktemp("tokenizer")
    llama_tokenizer(["Hello there. How are you today?"]).save_pretrained(folder)
    (folder / "config.json").write_text(
        json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"})
    )
    return folder


def load(trainer, export, tokenizer):
    """What the trainer's loader makes of an export: for each row, the two sides as text."""
    packages = ROOT / ".loaders" / trainer
    if not packages.is_dir():
        pytest.skip(f"{trainer}'s loader is not there: make loaders")
    home = export.parent / "home"
    done = subprocess.run(
        [
            sys.executable,
            HERE / "loaders" / f"read_{trainer.replace('-', '_')}.py",
            export,
            tokenizer,
        ],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(packages),
            "HOME": str(home),
            "HF_HOME": str(home),
            "MODELSCOPE_CACHE": str(home),
            "HF_HUB_OFFLINE": "1",
            "AXOLOTL_DO_NOT_TRACK": "1",
            "DISABLE_VERSION_CHECK": "1",  # LLaMA-Factory: of transformers
            "CUDA_VISIBLE_DEVICES": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def assert_in_turn(text, contents):
    """That a text holds contents one after the other."""
    place = 0
    for content in contents:
        found = text.find(content, place)
        assert found >= 0, (content, text)
        place = found + len(content)


@pytest.mark.parametrize(
    ("trainer", "build"),
    [*((name, "sample_system") for name in TRAINERS), ("llamafactory", "sample_messages")],
)
@slow
def test_the_loader_of(trainer, build, tokenizer, request, tmp_path):
    out = request.getfixturevalue(build)
    pairsmith.export(out, tmp_path / "export", trainer=trainer)
    said = load(trainer, tmp_path / "export", tokenizer)
    splits = ("train", "test") if trainer != "llamafactory" else (None,)
    pairs = [row for split in splits for rows in pairs_of(out, split).values() for row in rows]
    assert len(said) == len(pairs) > 40
    for sides, pair in zip(said, pairs, strict=True):
        for text, side in zip(sides, ("chosen", "rejected"), strict=True):
            turns = pair["prompt"] + pair[side]
            assert_in_turn(text, [turn["content"] for turn in turns])
            assert text.count(turns[-1]["content"]) == 1
