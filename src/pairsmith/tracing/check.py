"""What was made, held against its manifest: every file that it lists is there, and as it was."""

from __future__ import annotations

from pairsmith.io.listed import is_below
from pairsmith.tracing.find import tell_change
from pairsmith.tracing.made import File, Kind, Made
from pairsmith.tracing.places import Places

CHECKED = frozenset(Kind) - {Kind.FILES, Kind.MODEL, Kind.SERVER}
"""What has a manifest; the others were hashed where they were found."""


def check_made(made: Made, places: Places) -> list[str]:
    """What is wrong with the files that a manifest lists; nothing where all are as they were.

    Args:
        made: What was made.
        places: What was looked at, and hashed, already.
    """
    if made.folder is None or made.kind not in CHECKED:
        return []
    return [said for file in made.outputs if (said := _check(made, file, places))]


def _check(made: Made, file: File, places: Places) -> str:
    if made.folder is None or not is_below(file.path):
        return f"{file.path} lies outside of its folder"
    place = made.folder / file.path
    try:
        if not place.resolve().is_relative_to(made.folder.resolve()):
            return f"{file.path} is a link out of its folder"
        if not place.is_file():
            return f"{file.path} is gone"
    except (OSError, RuntimeError) as error:  # the latter for links that lead round in a circle
        return f"{file.path} cannot be read: {getattr(error, 'strerror', None) or error}"
    held = places.digest(place)
    if held == file.sha256:
        return ""
    return tell_change(file.path, held, file.sha256, "its manifest says")
