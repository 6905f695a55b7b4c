"""OpenAI's preference fine-tuning, whose files other services take too.

Follows OpenAI's guide "Direct preference optimization" and the API's `preference-input` object:
the input's messages, and one assistant message a side. What else a line may hold is not said, so
there is no id. What the service makes of a blank reply or of an input that does not end in a
user's message, or in what a tool answered, is not said either; such pairs are left out. Calls of
tools need ids there, by which results name them.
"""

from __future__ import annotations

from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format, test_files, training_files
from pairsmith.exporting.pair import (
    Pair,
    Row,
    Unfit,
    has_bad_roles,
    has_empty_reply,
    write_arguments,
)

SCRIPT = '''\
"""Uploads the files beside it and starts a job: python tune.py MODEL"""

import sys
from pathlib import Path

from openai import OpenAI

HERE = Path(__file__).parent
TRAIN = {train}
TEST = {test}

client = OpenAI()


def upload(paths, name):
    """Uploads files as one; returns its id, None for no files."""
    lines = b"".join((HERE / path).read_bytes() for path in paths)
    return client.files.create(file=(name, lines), purpose="fine-tune").id if paths else None


job = client.fine_tuning.jobs.create(
    model=sys.argv[1],
    training_file=upload(TRAIN, "train.jsonl"),
    validation_file=upload(TEST, "test.jsonl"),
    method={{"type": "dpo"}},
)
print(job.id)
'''


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The prompt as input, each reply as a list of one message."""
    return [
        {
            "input": {"messages": write_arguments(pair.prompt), **_tools(pair)},
            "preferred_output": write_arguments(pair.chosen),
            "non_preferred_output": write_arguments(pair.rejected),
        }
        for pair in pairs
    ]


def _tools(pair: Pair) -> Row:
    return {"tools": pair.tools} if pair.tools else {}


def has_unnamed_calls(pair: Pair) -> bool:
    """Whether a call of a tool has no id, or a result does not say whose it is."""
    return any(
        (message["role"] == "tool" and "tool_call_id" not in message)
        or any("id" not in call for call in message.get("tool_calls", ()))
        for message in pair.messages
    )


def config(files: Sequence[ExportedFile]) -> Config:
    """A script that uploads the files and starts a job."""
    paths = [_listed(training_files(files)), _listed(test_files(files))]
    return Config("tune.py", SCRIPT.format(train=paths[0], test=paths[1]))


def _listed(paths: Sequence[str]) -> str:
    return "[\n" + "".join(f'    "{path}",\n' for path in paths) + "]" if paths else "[]"


FORMAT = Format(
    rows,
    config,
    {
        Unfit.BAD_ROLES: has_bad_roles,
        Unfit.EMPTY_REPLY: has_empty_reply,
        Unfit.TOOL_TURNS: has_unnamed_calls,
    },
    holds=frozenset({Unfit.TOOLS, Unfit.TOOL_TURNS, Unfit.SPEAKER_NAMES}),
)
