"""The settings for generation that lie in a model's folder, which servers follow."""

from __future__ import annotations

import json
from pathlib import Path

FILE = "generation_config.json"


def sample_by_default(folder: Path) -> None:
    """Has whoever generates with a model's own settings sample, as temperatures and seeds assume.

    Without it `transformers serve` and `generate` take the likeliest token at each place, whatever
    the temperature and the seed of a request.

    Args:
        folder: Of a causal model, as `save_pretrained` wrote it. Its other settings stay.
    """
    path = folder / FILE
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    text = json.dumps({**told, "do_sample": True}, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
