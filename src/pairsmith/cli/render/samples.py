"""What came of generating, for the screen and as JSON."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from pairsmith.generating.generate import Generated
    from pairsmith.generating.manifest import SamplesManifest


def show(made: Generated, as_json: bool) -> None:
    """Prints the manifest, or what it says in sentences."""
    if as_json:
        import typer

        typer.echo(json.dumps(made.manifest.to_dict()))
        return
    lines = [_ledger(made.manifest), _samples(made.manifest), *_summary(made.manifest.summary)]
    if made.reused:
        lines.append("They had been made before, by the same options: nothing was drawn again.")
    lines.append(f"The samples: {made.folder}")
    if made.manifest.kept:
        place = shlex.quote(str(made.folder))
        lines.append(f"Next: pairsmith build {place} OUT --carry round,model --margin scores")
    for line in lines:
        console().print(sanitize(line), markup=False, highlight=False, soft_wrap=True)


def _ledger(made: SamplesManifest) -> str:
    reasons = Counter[str]()
    for account in made.ledger.values():
        reasons.update({why: n for why, n in account.items() if why not in ("read", "kept")})
    listed = "".join(f" + {why} {count:,}" for why, count in sorted(reasons.items()))
    return f"{made.read:,} prompts = {made.kept:,} pairs{listed}"


def _samples(made: SamplesManifest) -> str:
    counts = made.samples
    faults = ", ".join(f"{fault} {count:,}" for fault, count in made.faults.items())
    why = {"failed": f" ({faults})"}
    told = ", ".join(
        f"{counts[name]:,} {name}{why.get(name, '')}"
        for name in ("failed", "empty", "repeated")
        if counts[name]
    )
    return f"{counts['asked']:,} samples{f'; of these {told}' if told else ''}"


def _summary(summary: dict[str, Any]) -> list[str]:
    if not summary:
        return []
    kl = summary["kl"]
    lines = [
        f"mean score of the first sample: {summary['first']:.4f}, of the best: "
        f"{summary['best']:.4f}; more by {summary['gain']:.4f} "
        f"({summary['gain_low']:.4f} to {summary['gain_high']:.4f})",
        f"KL of best-of-{kl['samples']}: {kl['predicted']:.3f} nats predicted",
    ]
    if kl["measured"] is not None:
        lines[1] += f", {kl['measured']:.3f} measured ({kl['low']:.3f} to {kl['high']:.3f})"
    return lines
