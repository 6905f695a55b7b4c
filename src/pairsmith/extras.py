"""What the extras bring, and what to say where one is missing: a sentence, not an `ImportError`."""

from __future__ import annotations

from importlib.util import find_spec

from pairsmith.errors import RecipeError

EXTRAS: dict[str, tuple[str, ...]] = {
    "s3": ("s3fs",),
    "http": ("aiohttp",),
    "ray": ("ray",),
    "audit": ("duckdb", "sklearn", "matplotlib", "rensa", "scipy"),
    "explore": ("duckdb", "sklearn", "matplotlib", "rensa", "scipy", "threadpoolctl"),
    "tokens": ("tokenizers", "transformers"),
    "train": ("torch", "transformers", "trl", "peft", "accelerate", "datasets"),
    "demo": ("gguf",),
    "collect": ("starlette", "uvicorn", "markdown_it"),
    "hub": (
        "starlette", "uvicorn", "httptools", "python_multipart", "argon2", "stripe", "markdown_it",
        "nh3", "itsdangerous", "limits", "lz4", "duckdb",
    ),
}  # fmt: skip
"""The libraries of each extra that nothing goes without, as Python imports them."""


def require(extra: str, needing: str) -> None:
    """Checks that an extra is installed, without importing it.

    Args:
        extra: One of `EXTRAS`.
        needing: Who needs it, as the sentence begins: `An audit needs`.

    Raises:
        RecipeError: Libraries of it are missing.
    """
    missing = [name for name in EXTRAS[extra] if find_spec(name) is None]
    if missing:
        raise RecipeError(f"{needing} libraries: {', '.join(missing)} not found.", hint(extra))


def hint(extra: str) -> str:
    """How to install an extra; pairsmith is on no package index, so not by its name."""
    return f"Install the extra from a checkout of pairsmith: pip install '.[{extra}]'."
