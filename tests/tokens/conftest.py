"""A few rows of our own, built, and tokenizers in folders, with any template."""

import json

import pytest

import pairsmith
from support.tiny import TEMPLATE, llama_tokenizer

WORDS = "Is the bus late ? No , it is on time . Thanks ! You are welcome ; have a good day ."


@pytest.fixture
def build(tmp_path):
    """Builds rows of (prompt, chosen, rejected), each prompt one turn of the user."""

    def make(rows, **options):
        lines = [
            {side: f"\n\nHuman: {row[0]}\n\nAssistant: {row[at]}" for side, at in SIDES}
            for row in rows
        ]
        source = tmp_path / "rows.jsonl"
        source.write_text("\n".join(map(json.dumps, lines)) + "\n")
        out = tmp_path / "out"
        policies = {"identical": "keep", "empty_reply": "keep"}
        pairsmith.build(source, out, force=True, **{"policies": policies, **options})
        return out

    return make


SIDES = (("chosen", 1), ("rejected", 2))


@pytest.fixture
def tokenizer(tmp_path):
    """Saves a tokenizer and returns its folder."""
    pytest.importorskip("transformers")

    def make(added="bos", chat=TEMPLATE, special=(), **attributes):
        made = llama_tokenizer([WORDS], added)
        if special:
            made.add_special_tokens({"additional_special_tokens": list(special)})
        made.chat_template = chat
        for name, value in attributes.items():
            setattr(made, name, value)
        folder = tmp_path / "tokenizer"
        made.save_pretrained(folder)
        return folder

    return make
