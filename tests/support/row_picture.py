"""docs/row.svg: one row as it is usually cut and as pairsmith cuts it.

Run as `python tests/support/row_picture.py` to draw it anew. What stands in the picture is
computed: one part by TRL's rule, another by a build.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows

PAGE = Path(__file__).parents[2] / "docs" / "row.svg"
QUESTION = "Can I water a cactus daily?"
REPLIES = {"chosen": "It depends on the pot.", "rejected": "It does no harm."}
ROW = {side: f"\n\nHuman: {QUESTION}\n\nAssistant: {reply}" for side, reply in REPLIES.items()}
WIDTH, LEFT, TEXT, LINE = 440, 16, 102, 22
STYLE = """
text { font: 15px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
.title { font: 600 15px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
.label { fill: #59636e }
.page { fill: #ffffff; stroke: #d1d9e0 }
.bad { fill: #c4001d } .good { fill: #116329 }
tspan.bad { font-weight: 700; text-decoration: underline }
line { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .label { fill: #9198a1 } .page { fill: #0d1117; stroke: #3d444d }
.bad { fill: #ff8a80 } .good { fill: #56d364 } line { stroke: #3d444d }
}
"""
Line = tuple[str, list[tuple[str, str]]]
"""A label, and pieces of text with their classes."""


def cut_by_characters(row: dict[str, str]) -> dict[str, str]:
    """A row cut as TRL's `extract_prompt` does it: where the two texts begin to differ.

    Args:
        row: The texts `chosen` and `rejected`.

    Returns:
        `prompt`, `chosen` and `rejected`; joined, prompt and reply are the text that there was.
    """
    chosen, rejected = row["chosen"], row["rejected"]
    cut = min(len(chosen), len(rejected)) - 1
    for place in range(cut + 1):
        if chosen[place] != rejected[place]:
            cut = place - (chosen[place - 1] == " ")  # the space before a word goes with it
            break
    return {"prompt": chosen[:cut], "chosen": chosen[cut:], "rejected": rejected[cut:]}


def cut_by_turns(row: dict[str, str]) -> dict[str, str]:
    """The same by a build: texts of the last turn of prompt and replies."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        pairsmith.build([row], out)
        (kept,) = kept_rows(out, read_manifest(out))
        return {side: kept[side][-1]["content"] for side in ("prompt", "chosen", "rejected")}


def told() -> Iterator[tuple[str, str, list[Line]]]:
    """The three parts of the picture: a class, a title, and lines."""
    sides = [("better", "chosen"), ("worse", "rejected")]
    texts = [(label, ROW[side].strip().split("\n\n")) for label, side in sides]
    yield (
        "",
        "Somebody said which answer is better",
        [
            (label if not number else "", [(turn, "")])
            for label, turns in texts
            for number, turn in enumerate(turns)
        ],
    )
    wrong, right = cut_by_characters(ROW), cut_by_turns(ROW)
    last = wrong["prompt"].rpartition("\n\n")[2]
    marker, colon, swallowed = last.partition(": ")
    yield (
        "bad",
        "✗ Cut where the letters differ, as TRL does",
        [
            ("prompt", [(f"… daily? {marker}{colon}", ""), (swallowed, "bad")]),
            ("chosen", [(wrong["chosen"], "bad")]),
            ("rejected", [(wrong["rejected"], "bad")]),
        ],
    )
    yield (
        "good",
        "✓ Cut where the answer begins: pairsmith",
        [(side, [(text, "")]) for side, text in right.items()],
    )


def draw_lines() -> Iterator[tuple[int, str]]:
    """Each line of the picture as SVG, with where it stands from the top."""
    top = 0
    for number, (kind, title, lines) in enumerate(told()):
        if number:
            top += 14
            yield top, f'<line x1="0" x2="{WIDTH}" y1="{top}" y2="{top}"/>'
        top += 28
        yield top, f'<text class="title {kind}" x="{LEFT}" y="{top}">{escape(title)}</text>'
        top += 4
        for label, pieces in lines:
            top += LINE
            spans = "".join(
                f'<tspan class="{name}">{escape(text)}</tspan>' if name else escape(text)
                for text, name in pieces
            )
            yield top, f'<text class="label" x="{LEFT}" y="{top}">{label}</text>' if label else ""
            yield top, f'<text xml:space="preserve" x="{TEXT}" y="{top}">{spans}</text>'


def draw_picture() -> str:
    """The whole picture."""
    lines = list(draw_lines())
    height = lines[-1][0] + 18
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>One row, cut inside an answer, and cut where the answer begins</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        *(line for _, line in lines if line),
        "</svg>\n",
    ])  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(draw_picture(), encoding="utf-8")
