"""The map as the page holds it: a head of JSON, columns in bytes, texts in blocks."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.exploring.map.points import Category, Points
from pairsmith.exploring.map.texts import Blocks, Texts
from pairsmith.text.sanitize import sanitize, shorten

LONGEST_NAME = 80
"""The most characters of a name."""


class Payload(NamedTuple):
    """What is written into the page.

    Attributes:
        head: JSON that tells what there is, without text of the dataset; safe in a script element.
        columns: The columns one behind the other, in zlib's bytes, in base64.
        names: The names of categories and members, and the ids: JSON, likewise.
        words, transcripts: Blocks of text; none without texts.
    """

    head: str
    columns: str
    names: str
    words: tuple[str, ...]
    transcripts: tuple[str, ...]


def make_payload(points: Points, texts: Texts | None) -> Payload:
    """Encodes a map.

    Args:
        points: Its dots.
        texts: What was said in them; None for a report that holds no text.
    """
    nothing = Blocks((0,), ())
    words, transcripts = (texts.words, texts.transcripts) if texts else (nothing, nothing)
    columns, described = _columns(points)
    head = {
        "what": points.what,
        "rows": len(points.rows),
        "total": points.total,
        "laid": sanitize(points.laid_by),
        "columns": described,
        "texts": texts is not None,
        "words": words.starts,
        "transcripts": transcripts.starts,
    }
    names = {
        "names": [_clean(category) for category in points.categories],
        "members": [_name(name) for name in points.members],
        "ids": points.ids,
    }
    return Payload(
        to_script_json(head), _pack(columns), _pack(_json(names).encode()), words.data,
        transcripts.data,
    )  # fmt: skip


def to_script_json(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it can end the element."""
    return _json(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _columns(points: Points) -> tuple[bytes, list[dict[str, Any]]]:
    """The columns, and for each its name, role, type and length in numbers."""
    held: list[tuple[NDArray[Any], dict[str, Any]]] = [
        (values.astype("<f4"), {"role": "number", "name": name})
        for name, values in points.numbers.items()
    ]
    held += [
        (points.places[:, 0].astype("<u2"), {"role": "x", "name": "x"}),
        (points.places[:, 1].astype("<u2"), {"role": "y", "name": "y"}),
        (_codes(points.member), {"role": "member", "name": "member"}),
        (_codes(points.success), {"role": "success", "name": "success"}),
    ]
    for category in points.categories:
        told = {"name": category.name, "hidden": category.harmful}
        if category.counts is not None:
            counts = category.counts.astype("<u2")
            held.append((counts, {"role": "counts", "name": category.name}))
        held.append((_codes(category.codes), {"role": "category", **told}))
    return b"".join(values.tobytes() for values, _ in held), [
        {**told, "type": "f4" if values.dtype.kind == "f" else "u2", "length": len(values)}
        for values, told in held
    ]


def _codes(codes: NDArray[np.int64]) -> NDArray[Any]:
    """Codes in two bytes; 65,535 for none."""
    return np.where(codes < 0, 65_535, codes).astype("<u2")


def _clean(category: Category) -> list[str]:
    return [_name(name) for name in category.names]


def _name(name: str) -> str:
    return sanitize(shorten(name, LONGEST_NAME))


def _pack(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()
