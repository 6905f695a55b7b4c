"""Where evaluations of models lie beside a build; they are no part of it, and go when it goes."""

from __future__ import annotations

from pathlib import Path

FOLDER, NAME, REPORT = "evaluations", "evaluation.json", "report.html"
"""`OUT/evaluations/SCORES/` holds the other two; the JSON is written last."""


def remove_evaluations(out: Path) -> None:
    """Removes the evaluations of a build, and folders that hold nothing else."""
    place = out / FOLDER
    if place.is_symlink() or not place.is_dir():
        return
    for held in sorted(place.glob(f"*/{NAME}")):
        folder = held.parent
        if folder.is_symlink():
            continue
        for name in (NAME, REPORT):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    if not any(place.iterdir()):
        place.rmdir()
