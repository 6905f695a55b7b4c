"""What came of scoring, for the screen and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from pairsmith.scoring.score import Outcomes

FAST = {"pairs": "prompts read once", "dialogues": "dialogues in one pass"}
"""What is saved of each kind of row, where the model allows it."""


def to_dict(made: Outcomes, seconds: float) -> dict[str, Any]:
    """The numbers by name.

    Args:
        made: What came of it.
        seconds: How long it took.
    """
    share = _agreement(made)
    return {
        "annotation": str(made.annotation.folder),
        "rows": made.rows,
        "scored": made.annotation.said,
        "not_scored": made.not_said,
        "agreement": share.to_dict() if share else None,
        "mean": made.mean,
        "tokens": made.tokens,
        "padding": round(made.padding, 6),
        "seconds": round(seconds, 3),
        "tokens_per_second": round(made.read_now / seconds, 1) if seconds else None,
        "fast": made.fast,
        "difference": made.difference,
        "recipe": dict(made.annotation.annotator.recipe),
        "remarks": list(made.remarks),
    }


def draw(made: Outcomes, seconds: float) -> None:
    """Prints them, a line each."""
    left_out = ", ".join(f"{why} {count:,}" for why, count in made.not_said.items())
    lines = [f"{made.annotation.said:,} of {made.rows:,} rows scored"]
    lines[0] += f"; not: {left_out}" if left_out else ""
    share = _agreement(made)
    if share:
        lines.append(f"agreement with the labels: {share}, ties counted as wrong")
    lines.append(f"mean score: {made.mean:.4f}")
    speed = f", {made.read_now / seconds:,.0f} a second" if made.read_now and seconds else ""
    if made.tokens:
        lines.append(f"{made.tokens:,} tokens, {100 * made.padding:.1f} % padding{speed}")
    lines += [_told(kind, counts, made.difference) for kind, counts in made.fast.items()]
    lines += [*made.remarks, f"The annotation: {made.annotation.folder}"]
    for line in lines:
        console().print(sanitize(line), markup=False, highlight=False, soft_wrap=True)


def _told(kind: str, counts: dict[str, int], difference: float | None) -> str:
    said = f"{FAST[kind]}: {'yes' if 'no' not in counts else 'no'}"
    if len(counts) == 2:
        said = f"{FAST[kind]}: in {counts['yes']} of {sum(counts.values())} pieces"
    if difference is not None:
        said += f" (largest difference to the plain way, where tried: {difference:.1e})"
    return said


def _agreement(made: Outcomes) -> Any:
    """How many labels of pairs the model agrees with; None where there are no pairs."""
    from pairsmith.statistics.intervals import wilson

    labels = made.annotation.labels
    pairs = sum(labels.get(label, 0) for label in ("agrees", "tied", "contradicts"))
    return wilson(labels.get("agrees", 0), pairs) if pairs else None
