"""Rows for the map of a report, and what a test does with a map in Chromium."""

from __future__ import annotations

import base64
import json
import re
import time
import zlib
from pathlib import Path

import numpy as np

import pairsmith
from support.planted_attempts import build_rows, plant

ROWS = 90
WORD = "periwinkle"
"""Stands in the second reply of every ninth row and nowhere else."""
MARKUP = '<img src="https://example.invalid/x" onerror="document.title=1"></script><script>alert(1)'
CONTROL = "one\x07two\x1b[31m\u202ethree\u2066 four"
RIGHT_TO_LEFT = "ورود إلى الحديقة 茶を飲む"


def strange_rows() -> list[dict]:
    """Planted rows, some with a word of their own and some with texts that could do harm."""
    rows = plant(ROWS, seed=5).rows
    for place, row in enumerate(rows):
        if place % 9 == 4:
            row["transcript"] += f"\n\nHuman: And then?\n\nAssistant: A {WORD} by the pond."
    for row, text in zip(rows, (MARKUP, CONTROL, RIGHT_TO_LEFT), strict=False):
        row["task_description"] = text
        row["transcript"] = f"\n\nHuman: {text}\n\nAssistant: So it says: {text}"
        row["tags"] = [f"tag {text}"]
    return rows


def explored(folder: Path, rows: list[dict], **options) -> Path:
    """The report on a build of these rows."""
    out = build_rows(folder, rows)
    return pairsmith.explore(out, **options).folder / "report.html"


def held_in(report: Path) -> dict:
    """What the page holds beside its markup: by the name of the element, decoded."""
    found = {}
    pattern = r'<script type="application/(json|octet-stream)" id="map-([^"]+)">([^<]*)</script>'
    for kind, name, text in re.findall(pattern, report.read_text(encoding="utf-8")):
        packed = text.encode() if kind == "json" else zlib.decompress(base64.b64decode(text))
        found[name] = packed if name == "columns" else json.loads(packed)
    return found


def places_of(report: Path) -> np.ndarray:
    """Where the dots lie, as parts of the map's width and height."""
    held = held_in(report)
    place, found = 0, {}
    for column in held["head"]["columns"]:
        kind = np.dtype("<" + column["type"])
        found[column["role"]] = np.frombuffer(held["columns"], kind, column["length"], place)
        place += kind.itemsize * column["length"]
    return np.stack([found["x"], found["y"]], 1) / 65_535


PICTURE = """(() => {
  const canvas = document.getElementById('map-dots');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Uint32Array(data.buffer).reduce((sum, pixel) => (Math.imul(sum, 31) + pixel) | 0, 7);
})()"""
"""A number for what is drawn: another one as soon as a pixel differs."""


def ready(page):
    """Waits until the map is drawn and can be used; gives the page back."""
    return wait(page, "performance.getEntriesByName('map-ready').length > 0")


def wait(page, said: str, seconds: float = 30.0):
    """Waits until something holds; the page's policy forbids what Playwright waits with."""
    end = time.monotonic() + seconds
    while not page.evaluate(said):
        if time.monotonic() > end:
            raise AssertionError(f"never: {said}")
        page.wait_for_timeout(20)
    return page


def status(page) -> str:
    """What the page says is shown, once it has drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.inner_text("#map-status")


def shown(page) -> int:
    """How many dots are shown."""
    return int(status(page).split()[0].replace(",", ""))


def open_first(page):
    """Opens a dot by keys."""
    page.focus("#map-over")
    page.keyboard.press("n")
    page.keyboard.press("Enter")


def drag(page, start, end, *, steps=6):
    """Drags on the map from one place to another, in parts of its size."""
    page.locator("#map-over").scroll_into_view_if_needed()
    box = page.locator("#map-over").bounding_box()
    (x, y), (to_x, to_y) = (
        (box["x"] + part[0] * box["width"], box["y"] + part[1] * box["height"])
        for part in (start, end)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=steps)
    page.mouse.up()


def found(page, text):
    """What a search says in the end."""
    page.fill("#map-words", text)
    wait(page, "/found\\.$/.test(document.getElementById('map-found').textContent)")
    return int(page.inner_text("#map-found").split()[0].replace(",", ""))
