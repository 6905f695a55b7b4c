"""What publishing would do, and the question before a build goes to the public hub."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest

import pairsmith
from pairsmith.publishing.plan import public_hub
from support.slow import slow


def test_a_plan_is_what_is_sent_then_and_changes_nothing(publish, held, sample_messages):
    code, printed, said = publish(
        sample_messages, "ann/pairs", "--gated", "manual", "--dry-run", "--json"
    )
    assert (code, said) == (0, "")
    planned = json.loads(printed)
    assert (planned["is_new"], planned["private"], planned["gated"]) == (True, False, "manual")
    assert held()[0] is None
    code, printed, _ = publish(sample_messages, "ann/pairs", "--gated", "manual", "--json")
    done = json.loads(printed)
    assert sorted(map(str, done["sent"])) == sorted(map(str, planned["sent"]))
    head = held()[1].id

    code, printed, _ = publish(sample_messages, "ann/pairs", "--private", "--dry-run", "-q")
    assert code == 0
    assert "/datasets/ann/pairs is there: private, its gate manual." in printed
    assert f"would be sent: 0 of {done['files']} files, 0 bytes." in printed
    repo, now, _ = held()
    assert (now.id, repo.private) == (head, False)


@slow
def test_a_plan_names_what_would_go(publish, held, sample_messages, tmp_path):
    publish(sample_messages, "ann/pairs")
    other = tmp_path / "other"
    pairsmith.build("sample", other, shard_rows=10)
    before = held()[1].id
    code, printed, _ = publish(other, "ann/pairs", "--dry-run")
    assert code == 0
    assert "removed  harmless-base/train-00000-of-00001.parquet" in printed
    assert "harmless-base/train-00000-of-00002.parquet" in printed
    assert held()[1].id == before


@slow
def test_a_plan_fails_where_publishing_would(publish, sample_messages):
    assert publish(sample_messages, "ann/pairs", "--dry-run", token=None)[0] == 2
    assert publish(sample_messages, "ann", "--dry-run")[0] == 2


@pytest.mark.parametrize(
    ("to", "public"),
    [
        ("https://huggingface.co", True),
        ("https://huggingface.co/", True),
        ("https://HuggingFace.co", True),
        ("https://hf.co", True),
        ("https://hub-ci.huggingface.co", True),
        ("http://127.0.0.1:8000", False),
        ("https://huggingface.co.example.org", False),
        ("https://nothuggingface.co", False),
    ],
    ids=lambda given: str(given),
)
def test_which_hub_is_the_public_one(sample_messages, to, public):
    assert (public_hub(sample_messages, "ann/pairs", to, None) is not None) == public


def to_public(out, *options, answer=None):
    """Publishes to the public hub, without a network; what is typed, where there is a terminal.

    Who gets as far as sending is told that there is no network.
    """
    line = [sys.executable, "-m", "pairsmith", "publish", str(out), "ann/pairs", *options]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_TOKEN": "hf_none"}
    environment.pop("HF_ENDPOINT", None)
    if answer is None:
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env=environment,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr
    ours, theirs = pty.openpty()
    with subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as run:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        printed = b""
        with suppress(OSError):  # at its end
            while piece := os.read(ours, 10_000):
                printed += piece
    os.close(ours)
    return run.returncode, printed.decode()


def test_nothing_goes_to_the_public_hub_unasked(sample_messages):
    code, said = to_public(sample_messages)
    assert code == 2
    assert "https://huggingface.co is the public hub, and nobody can be asked" in said
    assert "--yes" in said
    assert "HF_HUB_OFFLINE" not in said


@slow
@pytest.mark.parametrize("answer", ["n", ""], ids=["no", "nothing"])
def test_a_no_sends_nothing(sample_messages, answer):
    code, said = to_public(sample_messages, "--gated", "manual", answer=answer)
    assert code == 2
    assert "behind the gate manual?" in " ".join(said.split())
    assert "Nothing was sent." in said
    assert "HF_HUB_OFFLINE" not in said


@pytest.mark.parametrize(
    ("options", "answer"), [((), "y"), (("--yes",), None)], ids=["asked", "not-asked"]
)
def test_a_yes_sends_it(sample_messages, options, answer):
    code, said = to_public(sample_messages, *options, answer=answer)
    assert code == 2
    assert "HF_HUB_OFFLINE, and publishing needs a network" in said
