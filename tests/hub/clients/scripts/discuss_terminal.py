"""`hf discussions`: a discussion and a pull request from their beginning to their end."""

import json
import os
import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from urllib.request import urlopen

from case import TOKENS
from huggingface_hub.cli.hf import main

DATA = ("--repo-type", "dataset")


def hf(user, *arguments, status=0):
    """What a command prints. All run in this one process, for it takes long to start."""
    os.environ["HF_TOKEN"] = TOKENS[user]
    os.environ["HF_HUB_DISABLE_UPDATE_CHECK"] = "1"
    sys.argv = ["hf", *arguments]
    ended = 0
    with redirect_stdout(StringIO()) as told:
        try:
            main()
        except SystemExit as end:
            ended = end.code or 0
    assert (ended == 0) == (status == 0), (arguments, ended, told.getvalue())
    return told.getvalue()


def talk(user, command, *arguments, **more):
    return hf(user, "discussions", command, "ann/pairs", *arguments, *DATA, **more)


talk("bob", "create", "--title", "A row is odd", "--body", "Look at **row 3**.")
talk("ann", "comment", "1", "--body", "Thank you")
told = json.loads(talk("bob", "info", "1", "--format", "json"))
assert (told["title"], told["author"], told["status"]) == ("A row is odd", "bob", "open")
key = told["events"][1]["id"]
talk("ann", "edit", "1", key, "--body", "Thank you!")
talk("bob", "edit", "1", key, "--body", "mine", status=1)
talk("bob", "rename", "1", "Row 3 is odd")
talk("ann", "close", "1", "--yes", "--comment", "Mended.")
assert "Row 3 is odd" not in talk("bob", "list")
assert "Row 3 is odd" in talk("bob", "list", "--status", "closed")
talk("bob", "reopen", "1", "--yes")
assert "Row 3 is odd" in talk("bob", "list", "--author", "bob", "--kind", "discussion")

folder = Path(mkdtemp())
(folder / "README.md").write_text("# Pairs, mended\n")
hf("bob", "upload", "ann/pairs", str(folder / "README.md"), "README.md", *DATA, "--create-pr")
assert "+# Pairs, mended" in talk("ann", "diff", "2")
assert "Upload README.md" in talk("ann", "list", "--kind", "pull_request")
talk("bob", "merge", "2", "--yes", status=1)
talk("ann", "merge", "2", "--yes", "--comment", "Thank you")
assert json.loads(talk("bob", "info", "2", "--format", "json"))["status"] == "merged"
talk("ann", "info", "3", status=1)

image = folder / "leaf.png"
image.write_bytes(b"\x89PNG\r\n\x1a\n of a leaf")
talk("bob", "comment", "1", "--body", "Look:", "--attach", f"{image}#a leaf")
shown = json.loads(talk("ann", "info", "1", "--format", "json"))["events"][-1]["content"]
address = re.fullmatch(r"Look:\n\n!\[a leaf\]\((.*)\)", shown)[1]
assert urlopen(address).read() == image.read_bytes()
(folder / "leaf.gif").write_text("no image")
talk("bob", "comment", "1", "--attach", str(folder / "leaf.gif"), status=1)
