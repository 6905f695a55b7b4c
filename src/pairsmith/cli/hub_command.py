"""Commands on the folder of a hub."""

from __future__ import annotations

from typing import Any

from pairsmith.cli.listing import ListingCommand
from pairsmith.extras import require


class HubCommand(ListingCommand):
    """A command that takes the extra `hub`, but for its help."""

    def invoke(self, ctx: Any) -> Any:
        """Runs it.

        Raises:
            RecipeError: The extra is not installed.
        """
        require("hub", "A hub needs")
        return super().invoke(ctx)
