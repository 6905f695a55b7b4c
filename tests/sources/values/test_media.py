"""Which fields hold media, told by their names and by whether they hold anything."""

from __future__ import annotations

import pytest

from pairsmith.sources.values.dialogues import find_media


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"image": {"bytes": None, "path": "basil.png"}}, "image"),
        ({"image_path": "basil.png"}, "image_path"),
        ({"chosen_image": "basil.png"}, "chosen_image"),
        ({"videoUrl": "https://a.org/b.mp4"}, "videoUrl"),
        ({"pixel_values": [[0.1]]}, "pixel_values"),
        ({"audio": {"array": [0.0, 0.1]}}, "audio"),
        ({"image": {"bytes": None, "path": None}}, None),
        ({"images": [None, ""], "videos": {}, "audio": False, "image": 0}, None),
        ({"image_caption": "Basil.", "video_title": "How to", "imagery": "Green."}, None),
    ],
)
def test_which_fields_are_media(row: dict, name: str | None) -> None:
    assert find_media({"prompt": "What is it?", **row}) == name
