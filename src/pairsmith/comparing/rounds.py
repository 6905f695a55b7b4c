"""The public `rounds`: a build's rounds beside each other."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pairsmith.comparing.accuracy import measure, names_of_scores
from pairsmith.comparing.attacks import measure_attacks
from pairsmith.comparing.ratings import rate
from pairsmith.comparing.samples import read_snapshots
from pairsmith.comparing.tags import Row, Tags, order_of
from pairsmith.dataset import manifest
from pairsmith.dataset.annotations import local_build
from pairsmith.dataset.folder import local_folder
from pairsmith.dataset.manifest import read_manifest
from pairsmith.schema.splits import is_held_out
from pairsmith.tracing.places import Places
from pairsmith.tracing.read import read_made

FORMAT = 1
MOST_LEAKS = 20
"""The most rows that stand on both sides which are named."""


@dataclass(frozen=True)
class Rounds:
    """The rounds of a build.

    Attributes:
        numbers: As JSON holds them: `rounds` with the ledger of each, `leaks`, `accuracy` of
            models, `elo`, `attacks`; see docs/reference/cli.md.
    """

    numbers: dict[str, Any]

    @property
    def is_clean(self) -> bool:
        """Whether no conversation that is held out in any round stands in train of any."""
        return not self.numbers["leaks"]["rows"]

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return self.numbers

    def to_json(self) -> str:
        """The text that `--json` prints."""
        return json.dumps(self.numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def rounds(
    out: str | os.PathLike[str],
    *,
    scores: Iterable[str] | None = None,
    samples: Iterable[str | os.PathLike[str]] = (),
    best: bool = False,
) -> Rounds:
    """Holds the rounds of a build beside each other.

    The round of a row is what its column `round` says (`build --carry round`); without it, what
    the manifest of the samples or the collection says that its file is of.

    Args:
        out: The folder of a build.
        scores: Annotations of it that hold models' scores; None for all that `pairsmith score`
            wrote.
        samples: Folders of samples of several snapshots of a model, for their Elo; they are scored
            by one model, and the first is what the others are held against.
        best: Whether of a prompt's samples the best counts for Elo; else the first.

    Raises:
        OutputError: There is no finished build, a folder holds no samples, or samples cannot be
            compared.
        AnnotationError: There is no such annotation, or it holds no scores of pairs.
    """
    place = local_build(out)
    read_manifest(place)  # or a folder of something else would be told by what it lacks
    tags = Tags(place, read_made(place.resolve() / manifest.NAME), Places())
    rows = [*tags.pairs()]
    ledger = _ledger(tags, rows)
    names = names_of_scores(place) if scores is None else list(scores)
    models = [measure(name, tags, rows, [*ledger], tags.places) for name in names] if rows else []
    folders = [local_folder(os.fspath(one)) for one in samples]
    return Rounds(
        {
            "format": FORMAT,
            "build": place.resolve().name,
            "rounds": [{"round": tag, **held} for tag, held in ledger.items()],
            "leaks": _leaks(rows),
            "accuracy": [model.to_dict() for model in models],
            "elo": rate(read_snapshots(folders), best) if folders else None,
            "attacks": measure_attacks(tags),
        }
    )


def _ledger(tags: Tags, rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """By round, in order, the rows kept and quarantined by subset and split."""
    kept: dict[str, Counter[str]] = defaultdict(Counter)
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    held_out = Counter[str]()
    for row in rows:
        kept[row.round][f"{row.subset}/{row.split}"] += 1
        held_out[row.round] += is_held_out(row.split)
    for tag, bad in tags.refused():
        refused[tag]["/".join(bad.id.split("/")[:2])] += 1
    return {
        tag: {
            "kept": dict(sorted(kept[tag].items())),
            "quarantined": dict(sorted(refused[tag].items())),
            "train": kept[tag].total() - held_out[tag],
            "held_out": held_out[tag],
        }
        for tag in sorted({*kept, *refused}, key=order_of)
    }


def _leaks(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows in train of any round whose first question is held out in any round."""
    held: dict[bytes, Row] = {}
    for row in rows:
        if row.key is not None and is_held_out(row.split):
            held.setdefault(row.key, row)
    found = [row for row in rows if row.key in held and not is_held_out(row.split)]
    named = [(row, held[row.key or b""]) for row in found[:MOST_LEAKS]]
    return {
        "rows": len(found),
        "questions": len({row.key for row in found}),
        "not_known": sum(row.key is None for row in rows),
        "first": [
            {"train": a.id, "round": a.round, "held_out": b.id, "held_out_round": b.round}
            for a, b in named
        ],
    }
