"""examples/: each runs as it stands, in a process of its own, and shows what its head says."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import pairsmith
from pairsmith.auditing.verdict import Level

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
NEEDS = {
    "audit_and_mend": ["duckdb", "sklearn"],
    "demo_source": ["duckdb", "sklearn"],
    "export_and_train": ["torch", "trl", "datasets"],
    "train_reward": ["torch", "trl", "sklearn"],
    "serve_and_gate": ["starlette", "datasets"],
    "ray_build": ["ray"],
}


def run_example(name: str, folder: Path) -> str:
    """What an example prints, run in a folder that it leaves as it was."""
    for library in NEEDS.get(name, []):
        importlib.util.find_spec(library) or pytest.skip(f"{library} is not installed")
    work = folder / "work"
    work.mkdir()
    environment = {**os.environ, "HF_HOME": str(folder / "home"), "HOME": str(folder)}
    for variable in ("HF_ENDPOINT", "HF_TOKEN", "RAY_ADDRESS"):
        environment.pop(variable, None)
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"],
        cwd=work, env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(work.iterdir())
    return done.stdout


def test_convert(tmp_path: Path) -> None:
    printed = run_example("convert", tmp_path)
    assert "harmless-base/train: 10 of 12 kept  prompt_mismatch 1, empty_reply 1\n" in printed
    assert "read 80 = kept 63 + 17\n" in printed
    assert "line 3 was refused: no_reply, rejected: the last turn" in printed
    assert "\nprompt: '[INST] how do i get out" in printed
    assert printed.endswith("problems: 0\n")


@pytest.mark.slow
def test_any_template(tmp_path: Path) -> None:
    printed = run_example("any_template", tmp_path)
    ours, flat = printed.split("flat.jinja: 65 rows\n")
    assert ours.startswith("ours.jinja: 65 rows\n<|user|>\n")  # compiled: nothing to remark
    assert flat.startswith("  The template flat.jinja is rendered row by row, which is slow: ")
    assert re.search(r"<\|assistant\|>\n\[chosen\].*<\|end\|>\[rejected\].*<\|end\|>\n", ours)
    assert "refused: The template tokenless.jinja writes eos_token" in flat


@pytest.mark.slow
def test_audit_and_mend(tmp_path: Path) -> None:
    raw, mended = run_example("audit_and_mend", tmp_path).split("\nmended: ")
    for found in (
        "duplicate: pairs/train/41, pairs/train/2",
        "flipped: pairs/train/3, pairs/train/42",
        "same_prompt: pairs/train/43, pairs/test/6",
    ):
        assert f"  {found}\n" in raw
    assert mended.startswith("kept 49 of 53, {'duplicate': 1, 'leak': 1, 'flipped': 2}\n")
    assert "Duplicates: 0 of 49 kept rows" in mended
    assert "\n  " not in mended


@pytest.mark.slow
def test_demo_source(tmp_path: Path) -> None:
    """Everything that is planted is found, and nothing else of its kind."""
    source, out = tmp_path / "pairs.jsonl", tmp_path / "out"
    source.write_text(run_example("demo_source", tmp_path), encoding="utf-8")
    built = pairsmith.build(source, out, template="llama2")
    assert built.totals.quarantined == {"empty_reply": 1, "identical": 1, "control_token": 1}
    audit = pairsmith.audit(out, questions=["duplicates", "near", "leaks", "text"])
    kinds = Counter(kind for a in audit.answers for kind in a.findings["kind"].to_pylist())
    assert 20 <= kinds.pop("cut_length") <= 40  # those of 40 that break off in a word
    assert kinds == {"flipped": 12, "same_prompt": 15, "encoding": 60}
    acts = [c.sentence for a in audit.answers for c in a.claims if c.level == Level.ACT]
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert sum(f"! Act on this: {sentence}" in readme for sentence in acts) == 2


@pytest.mark.slow
def test_train_reward(tmp_path: Path) -> None:
    printed = run_example("train_reward", tmp_path)
    losses = [float(loss) for loss in re.findall(r"step \d of 5: loss ([\d.]+)", printed)]
    assert len(losses) == 5
    assert losses[-1] < losses[0]
    assert "helpful-online/train {'read': 9, 'trained': 8, 'too_long': 1}\n" in printed
    assert "<|pad|> was added.\nAccuracy. " in printed
    assert re.search(r"\nharmless-base/test/1: -?[\d.]+ against -?[\d.]+\n$", printed)


@pytest.mark.slow
def test_export_and_train(tmp_path: Path) -> None:
    printed = run_example("export_and_train", tmp_path)
    assert printed.startswith("8 files, 45 pairs\n")
    losses = [float(loss) for loss in re.findall(r"\{'loss': '?([\d.]+)", printed)]
    assert len(losses) == 3
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)
    assert losses[0] != losses[-1]


@pytest.mark.slow
def test_serve_and_gate(tmp_path: Path) -> None:
    printed = run_example("serve_and_gate", tmp_path).splitlines()
    assert printed[1] == "published: manual"
    assert printed[2].startswith("refused: ")
    assert "gated" in printed[2]
    assert printed[3:] == ["loaded: {'train': 34, 'test': 11}"]


@pytest.mark.slow
def test_ray_build(tmp_path: Path) -> None:
    printed = run_example("ray_build", tmp_path)
    assert re.search(r"^local: 4950 of 5000 kept in ", printed, re.M)
    assert re.search(r"^ray: 4950 of 5000 kept in ", printed, re.M)
    assert printed.endswith("5 shards; the same bytes: yes\n")


def test_every_example_is_run_here_short_and_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    scripts = sorted(EXAMPLES.glob("*.py"))
    assert len(scripts) == 8
    for script in scripts:
        assert f"test_{script.stem}" in globals()
        assert f"(examples/{script.name})" in readme
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 75
        assert f"`python examples/{script.name}" in text
