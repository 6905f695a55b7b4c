"""The settings of a model, checked before anything is made after them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pairsmith.errors import ModelError

MOST_BYTES = 16 << 20
"""Of a model's settings."""

MOST_LAYERS, MOST_PARTS = 4_096, 65_536
"""More than models have: of layers, and of what else settings count (`num_…`)."""


def read_settings(folder: Path, name: str) -> Any:
    """The settings of a model.

    Raises:
        ModelError: They cannot be read, are of a wrong type, or tell more parts than models have.
    """
    from transformers import AutoConfig

    try:
        _check_told(read_json(folder / "config.json"))
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        _check_types(config)
    except Exception as error:  # a field of a wrong type is of no kind that is common to all
        raise ModelError(
            f"The settings of {name} cannot be read: {first_line(error)}.",
            "Is its config.json whole?",
        ) from error
    return config


def read_json(path: Path) -> Any:
    """A small file of JSON.

    Raises:
        ValueError: It is too long, or no JSON.
    """
    with path.open("rb") as file:
        held = file.read(MOST_BYTES + 1)
    if len(held) > MOST_BYTES:
        raise ValueError(f"{path.name} is longer than {MOST_BYTES >> 20} MiB")
    return json.loads(held)


def _check_told(held: Any) -> None:
    """Checks that settings tell no more parts than models have, each of which is made at once.

    Nor a kind of attention or of another part that would be fetched from the hub: it is code.

    Raises:
        ValueError: They do.
    """
    for key, value in held.items() if isinstance(held, dict) else ():
        _check_told(value)
        if key.endswith("_implementation") and "/" in json.dumps(value):
            raise ValueError(f"{key} names code on a hub, which is not run")
        most = MOST_LAYERS if "layer" in key else MOST_PARTS if key.startswith("num_") else None
        if most is not None and isinstance(value, int) and value > most:
            raise ValueError(f"{key} is more than {most:,}")


def _check_types(config: Any) -> None:
    """Checks what is read of settings here and where texts are measured.

    Raises:
        TypeError: It is of a wrong type.
    """
    kinds = config.architectures
    if kinds is not None and not (
        isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)
    ):
        raise TypeError("architectures is no list of names")
    for one in (config, config.get_text_config()):
        most = getattr(one, "max_position_embeddings", None)
        if most is not None and (type(most) is not int or most < 1):
            raise TypeError("max_position_embeddings is no number of tokens")


def first_line(error: Exception) -> str:
    """What a fault says, in its first line."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .:")
