"""Options of publishing beyond where it goes and who may read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pairsmith.schema.options import Option


@dataclass(frozen=True)
class PublishOptions:
    """Who may know of it, and what goes into its card."""

    private: Annotated[bool, Option("The owner alone may know of it.")] = False
    card: Annotated[
        Path | None,
        Option(
            "A Markdown file whose prose and front matter go into the card, in place of the hub's;"
            " licence files beside it go along.",
            "FILE",
            given="file",
        ),
    ] = None
