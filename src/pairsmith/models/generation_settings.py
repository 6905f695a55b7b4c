"""The settings for generation that lie in a model's folder, which servers follow."""

from __future__ import annotations

import json
from pathlib import Path

from pairsmith.errors import ModelError
from pairsmith.models.settings import read_json

FILE = "generation_config.json"


def recorded_ends(folder: Path, name: str) -> dict[str, str]:
    """What is recorded of a model that writes, beside its hash, of where its replies end.

    The hash is of what decides a score, and people are to edit this file. So of the file only the
    tokens count that end a reply, where they are others than those of the model's settings.

    Args:
        folder: Of a causal model.
        name: What to call it.

    Returns:
        `ends`, the numbers of the tokens in their order, or nothing.

    Raises:
        ModelError: The file cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        told, known = (_ends_of(read_json(one)) for one in (path, folder / "config.json"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"The {FILE} of {name} cannot be read: {error}.", "Is it whole? It may also be absent."
        ) from None
    return {} if told == known else {"ends": ",".join(told)}


def _ends_of(held: object) -> list[str]:
    """The tokens that settings name as ends of a text, as words."""
    named = held.get("eos_token_id") if isinstance(held, dict) else None
    listed = named if isinstance(named, list) else [] if named is None else [named]
    return sorted({str(one)[:20] for one in listed}, key=lambda one: (len(one), one))


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
