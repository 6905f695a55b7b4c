"""An evaluation as a whole, and its files: the report and the numbers, put last."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairsmith.dataset.evaluations import FOLDER, NAME, REPORT
from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.report_files import may_replace, replacing
from pairsmith.errors import OutputError
from pairsmith.evaluating.markdown import to_markdown
from pairsmith.io.durable import is_below, path_exists, write_text_durably

FORMAT = 1
MARKS = {NAME: b'"verdict": [', REPORT: b'<p class="eyebrow">pairsmith evaluate</p>'}
"""What tells the files of an evaluation from others of their names."""


@dataclass(frozen=True)
class Evaluation:
    """How good the scores of one model are.

    Attributes:
        numbers: As `evaluation.json` holds them: `verdict`, `rows`, `accuracy`, `calibration`,
            `length`, `contradicted` and so on; see docs/reference/evaluation.md.
        folder: Where the files of the evaluation lie. Not written.
    """

    numbers: dict[str, Any]
    folder: Path = field(default=Path(), compare=False)

    @property
    def verdict(self) -> list[str]:
        """Five lines, in words."""
        return list(self.numbers["verdict"])

    def to_dict(self) -> dict[str, Any]:
        """As `evaluation.json` holds it: equal builds, scores and seeds give equal numbers."""
        return self.numbers

    def to_json(self) -> str:
        """The text of `evaluation.json`."""
        return json.dumps(self.numbers, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_markdown(self) -> str:
        """A short section for the card of a model: the verdict and a table."""
        return to_markdown(self.numbers)


def place_of(out: Path, built: Manifest, scores: str, to: Path | None) -> Path:
    """Where the files of an evaluation go.

    Args:
        out: The folder of the build.
        built: Its manifest.
        scores: The name of the annotation.
        to: Another folder; None for the one beside the build.

    Raises:
        OutputError: Something else is there, or the build has a subset of the folder's name.
    """
    if to is None and FOLDER in {entry.subset for entry in built.ledger}:
        raise OutputError(f"{out} has a subset called {FOLDER}.", "Name another folder by --out.")
    places = [to] if to is not None else [out / FOLDER, out / FOLDER / scores]
    for place in places:
        if place.is_symlink() or (path_exists(place) and not place.is_dir()):
            raise OutputError(
                f"{place} is not a folder.", "Move it away, or name another by --out."
            )
    target = places[-1]
    hint = "Name another folder by --out."
    if (target / "manifest.json").exists():
        raise OutputError(f"{target} holds a build, a run or an annotation.", hint)
    if to is not None and is_below(str(to), out) and not is_below(str(to), out / FOLDER):
        raise OutputError(f"{to} is a folder of the build itself.", hint)
    if not may_replace(target, MARKS):
        raise OutputError(f"{target} holds a {REPORT} or {NAME} of something else.", hint)
    return target


def write(evaluation: Evaluation, report: str) -> None:
    """Writes the files of an evaluation in place of an earlier one's; the numbers come last.

    Raises:
        OutputError: The folder cannot be written.
    """
    folder = evaluation.folder
    with replacing(folder, (REPORT, NAME)):
        write_text_durably(folder / REPORT, report)
        write_text_durably(folder / NAME, evaluation.to_json())
