"""Fields and parts that hold pictures, sounds and the like, of which text can make nothing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_KINDS = {
    "an image": ("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos"),
    "an audio": ("audio", "audios"),
    "a video": ("video", "videos"),
}
_OF_PARTS = {"a file": ("file", "files", "document", "pdf"), "an audio": ("speech", "sound")}
_WORDS = {word: kind for kind, words in _KINDS.items() for word in words}
_WORDS_OF_PARTS = _WORDS | {word: kind for kind, words in _OF_PARTS.items() for word in words}
"""Of the types of parts; a field `document` or `speech` may well hold a text."""
_BESIDE = {
    *("path", "paths", "url", "urls", "uri", "file", "files", "bytes", "data", "base64", "b64"),
    *("list", "raw", "values", "inline", "input", "prompt", "chosen", "rejected", "source"),
}
"""Words beside: a field `image_path` holds an image, `image_caption` a text."""
_WORD = re.compile(r"b64|base64|[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NAME = re.compile(r"[A-Za-z0-9_. -]{1,60}", re.ASCII)
_PIXELS = "pixel_values"


def find_media(row: dict[str, Any]) -> str | None:
    """The name of a filled field that holds media; None where there is none.

    Args:
        row: A row, a message or a part; only its own fields are looked at. Media are named as
            `images`, `image`, `video_path`, `audio_url`; numbers and truth values fill no such
            field, nor does a text that is blank.
    """
    for name, value in row.items():
        if isinstance(name, str) and _is_media(name) and is_filled(value):
            return name
    return None


def name_media(kind: str) -> str | None:
    """What a part of this type holds, as `an image`; None where it is no media."""
    found = (_WORDS_OF_PARTS.get(word.lower()) for word in _WORD.findall(kind))
    return next((words for words in found if words), None)


@lru_cache(maxsize=1024)
def _is_media(name: str) -> bool:
    if not _NAME.fullmatch(name):
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    held = any(word in _WORDS for word in words)
    return name == _PIXELS or (held and all(word in _WORDS or word in _BESIDE for word in words))


def is_filled(value: Any) -> bool:
    """Whether a value holds any text or bytes, or a list or an object with anything in it.

    A lone number or truth value holds nothing: it tells how many there are, or whether.
    """
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
