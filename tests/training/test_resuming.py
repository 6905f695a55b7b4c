"""A training that was broken off goes on from its last whole checkpoint, as if unbroken."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from pairsmith.errors import ModelError, OutputError
from pairsmith.training.checkpoints import SEAL
from support.slow import slow
from support.training import SETTINGS, stop_after, train_quietly, weights_of

pytest.importorskip("trl")

STEPS = {"num_train_epochs": 2.0}
EVERY = "save_steps: 3\nlogging_steps: 2\n"
"""Twelve steps in two epochs, a checkpoint after each third."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A file of settings."""
    path = tmp_path_factory.mktemp("settings") / "every.yaml"
    path.write_text(EVERY)
    return path


@pytest.fixture(scope="module")
def unbroken(small, settings, tmp_path_factory):
    """The run as it is when nothing comes between. Not to be changed."""
    place = tmp_path_factory.mktemp("unbroken") / "run"
    train_quietly(small.text, place, small.model, config=settings, **STEPS)
    return place


def losses(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [(held["step"], held["loss"], held["num_tokens"]) for held in map(json.loads, lines)]


def go_on(small, place, settings, stops=(), **options):
    for step in stops:
        with pytest.raises(KeyboardInterrupt):
            train_quietly(
                small.text, place, small.model, config=settings, progress=stop_after(step),
                **STEPS, **options,
            )  # fmt: skip
    return train_quietly(small.text, place, small.model, config=settings, **STEPS, **options)


def test_weights_and_losses_are_those_of_an_unbroken_run(small, settings, unbroken, tmp_path):
    go_on(small, tmp_path / "run", settings, stops=(1, 5, 11))
    assert weights_of(tmp_path / "run") == weights_of(unbroken)
    assert losses(tmp_path / "run") == losses(unbroken)
    assert [step for step, _, _ in losses(unbroken)] == [2, 3, 4, 6, 8, 9, 10, 12]


@slow
def test_a_checkpoint_that_is_not_whole_is_left_aside(small, settings, unbroken, tmp_path):
    growing = tmp_path / "run" / "checkpoints"
    with pytest.raises(KeyboardInterrupt):
        train_quietly(
            small.text, tmp_path / "run", small.model, config=settings, progress=stop_after(8),
            **STEPS,
        )  # fmt: skip
    (whole,) = growing.glob("checkpoint-*")
    assert whole.name == "checkpoint-6"
    later = growing / "checkpoint-9"  # as if the process had ended while it was written
    later.mkdir()
    (later / "model.safetensors").write_bytes(b"half")
    (later / "trainer_state.json").write_text("{}")
    go_on(small, tmp_path / "run", settings)
    assert weights_of(tmp_path / "run") == weights_of(unbroken)


@slow
def test_a_checkpoint_that_lost_its_end_is_left_aside(small, settings, unbroken, tmp_path):
    growing = tmp_path / "run" / "checkpoints"
    with pytest.raises(KeyboardInterrupt):
        train_quietly(
            small.text, tmp_path / "run", small.model, config=settings, progress=stop_after(4),
            **STEPS,
        )  # fmt: skip
    (whole,) = growing.glob("checkpoint-*")
    assert (whole / SEAL).is_file()
    os.truncate(whole / "optimizer.pt", 100)
    go_on(small, tmp_path / "run", settings)
    assert weights_of(tmp_path / "run") == weights_of(unbroken)


@slow
@pytest.mark.parametrize("at", ["move_in", "leave"])
def test_broken_off_while_it_takes_its_place(small, settings, unbroken, tmp_path, monkeypatch, at):
    from pathlib import Path

    from pairsmith.training.folder import RunFolder

    place = tmp_path / "run"

    def die(*_given):
        raise KeyboardInterrupt

    if at == "leave":  # the manifest is written
        monkeypatch.setattr(RunFolder, "leave", die)
    else:
        real = Path.replace

        def replace(path, target):  # half of the files have moved
            if path.name == "manifest.json" or path.name == "model.safetensors":
                raise KeyboardInterrupt
            return real(path, target)

        monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        train_quietly(small.text, place, small.model, config=settings, **STEPS)
    monkeypatch.undo()
    assert (place / "manifest.json").exists() is (at == "leave")
    made = go_on(small, place, settings)
    assert made.reused is (at == "leave")
    assert weights_of(place) == weights_of(unbroken)


@slow
def test_other_settings_do_not_go_on_with_it(small, settings, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train_quietly(
            small.text, tmp_path / "run", small.model, config=settings, progress=stop_after(4),
            **STEPS,
        )  # fmt: skip
    with pytest.raises(OutputError, match="beginning of a run by other settings: learning_rate"):
        train_quietly(
            small.text, tmp_path / "run", small.model, config=settings,
            **STEPS | {"learning_rate": 1e-4},
        )  # fmt: skip


@slow
def test_adapters_go_on_too(small, settings, tmp_path):
    for name, stops in (("whole", ()), ("broken", (4, 10))):
        go_on(small, tmp_path / name, settings, stops=stops, use_peft=True)
    assert weights_of(tmp_path / "whole") == weights_of(tmp_path / "broken")


KILLED = """
import os, signal, sys, torch
import pairsmith
torch.set_num_threads(1)
build, run, model, config, at = sys.argv[1:]
def watch(progress):
    if progress.phase == "training" and progress.done == int(at):
        os.kill(os.getpid(), signal.SIGKILL)
pairsmith.train_reward(build, run, model_name_or_path=model, config=config, progress=watch,
                      evaluate=False)
"""


@slow
def test_killed_and_gone_on_with(small, unbroken, settings, tmp_path):
    import yaml

    path = tmp_path / "all.yaml"
    path.write_text(EVERY + yaml.safe_dump({**SETTINGS, **STEPS}))
    for at, ended in ((7, -signal.SIGKILL), (-1, 0)):
        given = [small.text, tmp_path / "run", small.model, path, at]
        done = subprocess.run(
            [sys.executable, "-c", KILLED, *map(str, given)], check=False,
            env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == ended, done.stderr
    assert losses(tmp_path / "run") == losses(unbroken)
    assert weights_of(tmp_path / "run") == weights_of(unbroken)


@slow
def test_no_room_for_a_checkpoint(small, settings, tmp_path):
    """A limit on the size of files stands for a full disk."""
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
        "from pairsmith.cli import main; main()"
    )
    line = [
        small.text,
        tmp_path / "run",
        "--model",
        small.model,
        "--config",
        settings,
        "--no-evaluate",
    ]
    done = subprocess.run(
        [sys.executable, "-c", limited, "train", "reward", *map(str, line)],
        env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "The checkpoint of step 1 cannot be written" in done.stderr
    assert "there is no room left" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "run" / "checkpoints").glob("checkpoint-*"))
    made = train_quietly(
        small.text, tmp_path / "run", small.model, config=settings,
        **dict.fromkeys(SETTINGS),
    )  # fmt: skip
    assert made.manifest.metrics["steps"] > 0


def test_a_model_that_was_exchanged_is_no_finished_run(small, settings, unbroken, tmp_path):
    place = tmp_path / "run"
    shutil.copytree(unbroken, place)
    assert go_on(small, place, settings).reused
    (place / "model.safetensors").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"not what its run wrote: model\.safetensors"):
        go_on(small, place, settings)
    assert not go_on(small, place, settings, force=True).reused
    assert weights_of(place) == weights_of(unbroken)


@slow
@pytest.mark.parametrize(
    "name", ["optimizer.pt", "rng_state.pth", "model.safetensors", "trainer_state.json"]
)
def test_a_checkpoint_that_cannot_be_read_is_told(small, settings, tmp_path, name):
    place = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_quietly(
            small.text, place, small.model, config=settings, progress=stop_after(4), **STEPS
        )
    path = place / "checkpoints" / "checkpoint-3" / name
    path.write_bytes(b"{" * path.stat().st_size)
    with pytest.raises(OutputError, match="checkpoint-3 cannot be read"):
        go_on(small, place, settings)
    shutil.rmtree(path.parent)
    go_on(small, place, settings)
    assert (place / "manifest.json").is_file()
