"""Where an exploration lies beside a build; it is no part of it, and goes when it goes."""

from __future__ import annotations

from pathlib import Path

FOLDER, NAME, REPORT = "explore", "explore.json", "report.html"
"""`OUT/explore/` holds the other two; the JSON is written last."""


def remove_exploration(out: Path) -> None:
    """Removes the exploration of a build, and its folder unless that holds something else."""
    place = out / FOLDER
    if place.is_symlink() or not (place / NAME).is_file():
        return
    for name in (NAME, REPORT):
        (place / name).unlink(missing_ok=True)
    if not any(place.iterdir()):
        place.rmdir()
