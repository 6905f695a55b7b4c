"""Anthropic's HH-RLHF as released: its folders, and its rows of two transcripts.

Layout: `<subset>/{train,test}.jsonl.gz`, each line `{"chosen": transcript, "rejected":
transcript}`, and `red-team-attempts/red_team_attempts.jsonl.gz` (see `redteam`).
Source: https://github.com/anthropics/hh-rlhf and arXiv 2204.05862.
"""

from __future__ import annotations

import pyarrow as pa

from pairsmith.schema import PAIR_TRANSCRIPTS
from pairsmith.sources.parse import parse_rows
from pairsmith.sources.records import Records

SUBSETS = ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")
SPLITS = ("train", "test")


def read_pairs(records: Records) -> pa.Table:
    """Rows of `chosen`, `rejected` and `fault`; see `parse_rows`."""
    return parse_rows(records, PAIR_TRANSCRIPTS, tuple(PAIR_TRANSCRIPTS.names))
