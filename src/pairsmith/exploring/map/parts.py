"""The map of a study, as the report puts it into its page: data, script and style."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

from pairsmith.exploring.answer import Study
from pairsmith.exploring.map.payload import Payload, make_payload
from pairsmith.exploring.map.points import Points, lay_attacks, lay_pairs
from pairsmith.exploring.map.texts import read_texts

SCRIPTS = ("data.js", "filter.js", "draw.js", "panel.js", "controls.js", "act.js")
"""The files of the script, in the order in which they are joined."""


class Map(NamedTuple):
    """What the page needs.

    Attributes:
        points: The dots.
        payload: What of them is written into the page.
        script: The one script of the page.
        style: What is added to the style sheet.
    """

    points: Points
    payload: Payload
    script: str
    style: str


def make_map(study: Study) -> Map | None:
    """Makes the map of a build's dialogues, or of its pairs if it has none; else None.

    Raises:
        OutputError: A shard cannot be read.
    """
    if study.attempts is None and study.data is None:
        return None
    points = lay_pairs(study) if study.attempts is None else lay_attacks(study)
    texts = None if study.options.no_text else read_texts(study, points.rows)
    return Map(points, make_payload(points, texts), read_script(), _read("map.css"))


def read_script() -> str:
    """The script of the map, all of it in a scope of its own."""
    joined = "\n".join(_read(name) for name in SCRIPTS)
    return f"(() => {{\n'use strict';\n{joined}}})();\n"


def _read(name: str) -> str:
    return (resources.files("pairsmith.exploring.map") / name).read_text(encoding="utf-8")
