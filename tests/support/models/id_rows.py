"""Rows whose ids are easily got wrong, as builds; and what previews make of them."""

import json

import pairsmith

ROWS = [
    (["Which tea is best?"], "Mint tea.", "Sage tea, I think."),
    (["Which tea is best?", "Mint.", "And of the others?"], "Sage.", "None"),
    (["Wie heißt die Blüte? 花"], "Gänseblümchen 🌼", "Tulpe"),
    (["  Some space before"], "and\n\ntwo lines\n- of a list", "x"),
    (["Does </s> end a text?"], "It may", "No: it is a word here"),
    (["Short"], "a", "b"),
]
"""Conversations, the user first, and two replies."""
WORDS = [" ".join([*turns, chosen, rejected]) for turns, chosen, rejected in ROWS]
ALL = 1_000_000


def build_rows(folder, form, rows=ROWS, **options):
    """Builds rows as text by Llama 2's template, or as messages; returns the build."""
    lines = [
        {
            "prompt": [
                {"role": ("user", "assistant")[place % 2], "content": text}
                for place, text in enumerate(turns)
            ],
            **{
                name: [{"role": "assistant", "content": text}]
                for name, text in (("chosen", chosen), ("rejected", rejected))
            },
        }
        for turns, chosen, rejected in rows
    ]
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "train.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    template = {"as_": "text", "template": "llama2"} if form == "text" else {}
    pairsmith.build(source, folder / "build", **template, **options)
    return folder / "build"


def previewed(build, tokenizer):
    """By id of a row, the ids of both sides that a preview shows."""
    seen = pairsmith.preview(build, tokenizer, trainer="trl-reward", rows=ALL)
    return {
        row.id: tuple(
            [token.id for token in (*row.prompt, *side)] for side in (row.chosen, row.rejected)
        )
        for row in seen.rows
    }
