"""The real file by brute force: plain Python over strings, nothing of pairsmith.

Run as a program it prints what it finds: `python tests/brute.py FILE.jsonl.gz`.
"""

import gzip
import json
import re
import sys
from collections import Counter

MARK = re.compile(r"\n\n(Human|Assistant):")


def turns(text):
    """A transcript's speakers and stripped contents."""
    _, *rest = MARK.split(text)
    return tuple(zip(rest[::2], (said.strip() for said in rest[1::2]), strict=True))


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield turns(row["chosen"]), turns(row["rejected"])


def count(rows):
    """What the audit counts, over all rows."""
    rows = list(rows)
    whole = {"chosen": {c for c, _ in rows}, "rejected": {r for _, r in rows}}
    found = {"rows": len(rows)}
    for side, transcripts in whole.items():
        found[f"last_turn_from_{side}"] = sum(c[:-2] in transcripts for c, _ in rows if c[:-2])
        found[f"any_depth_from_{side}"] = sum(
            any(c[:depth] in transcripts for depth in range(1, len(c) - 1)) for c, _ in rows
        )
    found["chosen_longer"] = sum(len(c[-1][1]) > len(r[-1][1]) for c, r in rows)
    found["duplicates"] = len(rows) - len(set(rows))
    found["repeated_prompts"] = sum(n > 1 for n in Counter(c[:-1] for c, _ in rows).values())
    return found


if __name__ == "__main__":
    print(json.dumps(count(read(sys.argv[1])), indent=1))
