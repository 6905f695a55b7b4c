"""Anthropic's HH-RLHF as released: its folders. Its rows are two transcripts.

Layout: `<subset>/{train,test}.jsonl.gz`, each line `{"chosen": transcript, "rejected":
transcript}`, and `red-team-attempts/red_team_attempts.jsonl.gz` (see `redteam`).
Source: https://github.com/anthropics/hh-rlhf and arXiv 2204.05862.
"""

from __future__ import annotations

SUBSETS = ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")
SPLITS = ("train", "test")
