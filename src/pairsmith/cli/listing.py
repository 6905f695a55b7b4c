"""Help that names what there is to choose from, plugins included, as the registries have it."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from typer.core import TyperCommand

REGISTRIES = {
    "engines": ("pairsmith.engines", "ENGINES"),
    "questions": ("pairsmith.auditing.questions", "QUESTIONS"),
    "trainers": ("pairsmith.exporting", "TRAINERS"),
}
"""What may stand in braces in an option's help: the module and the registry whose names it is."""


class ListingCommand(TyperCommand):
    """A command whose options may list a registry's names: `{trainers}` in their help.

    They are listed when help is asked for, and not before: it takes an import, and a look at
    every installed package.
    """

    def get_help(self, ctx: Any) -> str:
        """The help, with the names filled in."""
        params: list[Any] = self.params
        for param in params:
            if param.help:
                param.help = re.sub(r"\{(\w+)\}", _names, param.help)
        return super().get_help(ctx)


def _names(match: re.Match[str]) -> str:
    module, name = REGISTRIES[match[1]]
    *names, last = getattr(import_module(module), name)
    return f"{', '.join(names)} or {last}"
