"""What a script is told by the test that runs it, and how it demands a refusal."""

import json
import os
from contextlib import contextmanager

import huggingface_hub

TOLD = json.loads(os.environ["CASE"])
ENDPOINT = os.environ["HF_ENDPOINT"]
TOKENS = TOLD["tokens"]
VERSION = tuple(int(part) for part in huggingface_hub.__version__.split(".")[:2])


@contextmanager
def refused(kind, status=None, saying=""):
    """Demands that the block raises this kind of error, with that status and text."""
    try:
        yield
    except kind as error:
        raised = error
    else:
        raise AssertionError(f"no {kind.__name__}")
    response = getattr(raised, "response", None)
    assert status in (None, getattr(response, "status_code", None)), repr(raised)
    assert saying in str(raised), str(raised)


def rows(loaded):
    """How many rows each split has."""
    return {split: len(loaded[split]) for split in loaded}
