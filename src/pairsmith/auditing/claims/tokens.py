"""Claims about what a trainer makes of rows by its limit on tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairsmith.auditing.claims.levels import level_of, of_rows
from pairsmith.auditing.verdict import Claim, Level
from pairsmith.statistics.intervals import wilson

MANY_LOST = 0.01
"""Of rows that teach nothing, dropped or the same once they are cut: from one in a hundred on. It
is not said while training, and mended by one setting."""


def claim_tokens(overall: Mapping[str, Any], limit: int) -> tuple[Claim, ...]:
    """Rows that are lost or cut by a limit, and pairs whose replies are the same tokens.

    Args:
        overall: The counts of all rows, as the answer to `tokens` holds them.
        limit: The limit that the sentences are about.
    """
    rows, counts = overall["rows"], overall["by_limit"][str(limit)]
    lost = wilson(min(counts["dropped"] + counts["identical_once_cut"], rows), rows)
    cut = wilson(max(counts["chosen"], counts["rejected"]), rows)
    same = wilson(overall["identical"], rows)
    longest = overall["lengths"]["whole"]["max"]
    command = f"pairsmith preview OUT --tokenizer T --max-length {longest}"
    claims = []
    if lost.hits:
        sentence = (
            f"{of_rows(lost)} are lost at a max_length of {limit:,} tokens, dropped or the same "
            f"once cut; {longest:,} keeps all."
        )
        kinds = tuple(kind for kind in ("dropped", "identical_once_cut") if counts[kind])
        claims.append(Claim(level_of(lost, MANY_LOST), sentence, lost.share, command, kinds))
    if cut.hits:
        sentence = f"{of_rows(cut)} lose the end of a reply at a max_length of {limit:,} tokens."
        claims.append(Claim(Level.LOOK, sentence, cut.share, command))
    if same.hits:
        sentence = f"{of_rows(same)} have two replies of the same tokens, which teach nothing."
        show = "pairsmith show OUT --finding tokens:identical"
        level = level_of(same, MANY_LOST)
        claims.append(Claim(level, sentence, same.share, show, ("identical",)))
    none = f"No row is dropped or cut at {limit:,} tokens: {of_rows(lost)}."
    return tuple(claims) or (Claim(Level.FINE, none, 0.0),)
