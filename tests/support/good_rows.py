"""Rows that are as they should be."""

import json

GOOD = {
    "chosen": "\n\nHuman: How far is it?\n\nAssistant: A mile.",
    "rejected": "\n\nHuman: How far is it?\n\nAssistant: Far.",
}

ROWS = [json.dumps({**GOOD, "n": n}).encode() for n in range(2000)]
