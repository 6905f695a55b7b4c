"""The `hf` command: download, upload, and what it says where it may not."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

from case import TOKENS, VERSION

MAIN = "from huggingface_hub.cli.hf import main; main()"


def hf(*arguments, token=None, status=0):
    environment = {**os.environ, "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    environment.pop("HF_TOKEN", None)
    if token:
        environment["HF_TOKEN"] = token
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env=environment, capture_output=True, text=True, check=False, cwd=mkdtemp(),
    )  # fmt: skip
    assert (done.returncode == 0) == (status == 0), done.stdout + done.stderr
    return done.stdout + done.stderr


data = ("--repo-type", "dataset")
folder = Path(mkdtemp())
(folder / "in").mkdir()
(folder / "in" / "one.txt").write_text("one\n")
(folder / "two.txt").write_text("two\n")

hf("upload", "ann/shell", str(folder), *data, token=TOKENS["ann"])
hf("upload", "ann/shell", str(folder / "two.txt"), "three.txt", *data, token=TOKENS["ann"])
there = Path(mkdtemp())
hf("download", "ann/shell", *data, "--local-dir", str(there))
assert (there / "in" / "one.txt").read_text() == "one\n"
assert (there / "three.txt").read_text() == "two\n"
hf("download", "ann/shell", "two.txt", *data, "--local-dir", str(there / "again"))
assert (there / "again" / "two.txt").read_text() == "two\n"
said = hf("auth", "whoami", token=TOKENS["ann"])
assert "ann" in said
said = hf("upload", "ann/shell", str(folder), *data, token=TOKENS["bob"], status=1)
assert "403" in said or "Forbidden" in said, said
said = hf("download", "ann/gated", *data, token=TOKENS["bob"], status=1)
assert f"{os.environ['HF_ENDPOINT']}/datasets/ann/gated" in said, said
REPO = "repos" if VERSION >= (2, 0) else "repo"
hf(REPO, "create", "ann/made", *data, token=TOKENS["ann"])
hf(REPO, "tag", "create", "ann/shell", "v1", *data, token=TOKENS["ann"])
assert "v1" in hf(REPO, "tag", "list", "ann/shell", *data, token=TOKENS["ann"])
if VERSION >= (1, 0):
    yes = ["--yes"] if VERSION >= (2, 0) else []
    hf(REPO, "delete", "ann/made", *data, *yes, token=TOKENS["ann"])
