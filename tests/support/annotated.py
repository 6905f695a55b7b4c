"""What is said of rows of the sample, for tests of what is done with it."""

from typing import Any

from pairsmith import Annotator

ME = Annotator("a reader", "1", recipe={"seed": 7}, actions={"bad": "drop"})
FIRST, SECOND = "harmless-base/train/1", "harmless-base/train/2"
SAID: list[dict[str, Any]] = [
    {"id": FIRST, "label": "bad", "score": 0.5, "detail": "It is odd."},
    {"id": SECOND, "label": "good", "score": None, "detail": None},
    {"id": FIRST, "label": "bad", "score": -1.0, "detail": "It is odd again."},
]


def said_by(annotation, **asked):
    return [row for batch in annotation.batches(**asked) for row in batch.to_pylist()]


def tree(folder):
    """Every file below a folder, with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
