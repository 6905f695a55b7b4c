"""The held-out prompts of a build that a policy replies to at the end of a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairsmith.dataset.manifest import Manifest
from pairsmith.io.remote import StoragePath
from pairsmith.models.generation.local import context_of
from pairsmith.models.generation.prompts import (
    encode_prompts,
    read_prompt,
    read_tools,
    write_prompts,
)
from pairsmith.models.generation.replies import reply_reader
from pairsmith.models.generation.sample import Sampling
from pairsmith.schema.rows import Form
from pairsmith.tokens.preview import open_writer
from pairsmith.training.dpo.log_ratios import Compared, held_out_batches
from pairsmith.training.judges import Asked
from pairsmith.training.progress import Tell
from pairsmith.training.samples import How, Replies, write_replies

PROMPTS = 32
"""At most this many prompts are replied to."""

TOKENS = 256
"""At most this many tokens has a reply."""

NAMES = ("id", "prompt", "tools")
"""The columns of a row that are asked with."""


def reply_to_held_out(
    out: StoragePath,
    built: Manifest,
    models: Compared,
    settings: Mapping[str, Any],
    conversations: Mapping[str, bytes],
    tell: Tell | None = None,
) -> Replies | None:
    """Has both models reply to prompts that are held out, spread over these.

    Args:
        out: The folder of the build.
        built: Its manifest.
        models: The models.
        settings: Of the run: `subset` and `seed` are read.
        conversations: By id of a row, what tells its conversation: one prompt of each is asked, so
            that replies are independent.
        tell: Called with how far it is.

    Returns:
        The replies; None where no prompt leaves room for one.
    """
    rows = _choose(out, built, frozenset(settings["subset"]), conversations)
    tokenizer = models.after.tokenizer
    said = [read_prompt(row) for row in rows]
    tools = [read_tools(row) for row in rows]
    with open_writer(built, tokenizer, models.after.name) as chat:
        texts = write_prompts(said, chat, tools)
        reader = reply_reader(models.after, said, chat)
    kept = [number for number, text in enumerate(texts) if isinstance(text, str)]
    special = built.recipe.form == Form.TEXT
    ids = encode_prompts([str(texts[number]) for number in kept], tokenizer, special)
    most = context_of(models.after)
    room = TOKENS if most is None else min(TOKENS, most // 2)
    asked = [
        Asked(rows[number]["id"], said[number], tools[number], held)
        for number, held in zip(kept, ids, strict=True)
        if held and (most is None or len(held) + room <= most)
    ]
    if not asked:
        return None
    how = How(Sampling(max_tokens=room), settings["seed"], reader, tell)
    return write_replies(models.before, models.after, asked, how)


def _choose(
    out: StoragePath, built: Manifest, subsets: frozenset[str], conversations: Mapping[str, bytes]
) -> list[dict[str, Any]]:
    """At most `PROMPTS` rows of different conversations, evenly spread."""
    found = dict[bytes | str, dict[str, Any]]()
    for _, batch in held_out_batches(out, built, subsets):
        asked = batch.select([name for name in batch.schema.names if name in NAMES])
        for row in _spread(len(asked)):
            [told] = asked.slice(row, 1).to_pylist()
            found.setdefault(conversations.get(told["id"], told["id"]), told)
    rows = list(found.values())
    return [rows[place] for place in _spread(len(rows))]


def _spread(count: int) -> list[int]:
    """At most `PROMPTS` numbers below a count, evenly spread."""
    return sorted({number * count // PROMPTS for number in range(PROMPTS)}) if count else []
