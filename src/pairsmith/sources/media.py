"""Fields and parts that hold pictures, sounds and the like, of which text can make nothing."""

from __future__ import annotations

import re
from typing import Any

_KINDS = {
    "an image": ("image", "images", "img", "imgs", "picture", "pictures", "photo", "pixel"),
    "an audio": ("audio", "audios", "sound", "speech", "wav"),
    "a video": ("video", "videos", "frames"),
    "a file": ("file", "files", "document", "pdf"),
}
_WORDS = {word: kind for kind, words in _KINDS.items() for word in words}
_BESIDE = {
    *("path", "paths", "url", "urls", "uri", "file", "files", "bytes", "data", "base64", "b64"),
    *("list", "raw", "values", "inline", "input", "prompt", "chosen", "rejected", "source"),
}
"""Words beside: a field `image_path` holds an image, `image_caption` a text."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|b64")


def find_media(row: dict[str, Any]) -> str | None:
    """The name of a filled field that holds media; None where there is none.

    Args:
        row: A row, a message or a part; only its own fields are looked at. Media are named as
            `images`, `image`, `video_path`, `audio_url`; numbers and truth values fill no such
            field, nor does a text that is blank.
    """
    for name, value in row.items():
        if isinstance(name, str) and _is_media(name) and _is_filled(value):
            return name
    return None


def name_media(kind: str) -> str | None:
    """What a part of this type holds, as `an image`; None where it is no media."""
    found = (_WORDS.get(word.lower()) for word in _WORD.findall(kind))
    return next((words for words in found if words), None)


def _is_media(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    held = [word for word in words if word in _WORDS and _WORDS[word] != "a file"]
    return bool(held) and all(word in _WORDS or word in _BESIDE for word in words)


def _is_filled(value: Any) -> bool:
    """Whether there is anything in it; a lone number or truth value only tells of media."""
    if isinstance(value, bool | int | float):
        return False
    left = [value]
    while left:
        held = left.pop()
        if isinstance(held, dict):
            left += held.values()
        elif isinstance(held, list | tuple):
            left += held
        elif held is not None and not (isinstance(held, str | bytes) and not held.strip()):
            return True
    return False
