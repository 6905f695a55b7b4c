"""A hub's place: the folder with its database and blobs, and how it is set up.

ROOT/
  hub.sqlite        users, tokens, repositories, commits, requests, licences, counts
  blobs/ab/abcd…    contents, by SHA-256
  incoming/         what is on its way in; of no value once no process writes it
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pairsmith.hub.blobs import Blobs
from pairsmith.hub.database import Database

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

STRIPE_SECRET = "PAIRSMITH_STRIPE_WEBHOOK_SECRET"  # noqa: S105 - a variable's name
SIGNING_KEY = "PAIRSMITH_HUB_KEY"


@dataclass(frozen=True)
class Settings:
    """How a hub is served.

    Attributes:
        public_url: Where others reach it, without a slash at the end.
        accel: Whether nginx in front hands the files over (`X-Accel-Redirect`).
        registration: Whether anybody may make an account.
        stripe_secret: What Stripe signs its events with; '' where licences are granted by hand.
        key: What signs addresses and forms. A new one at every start, unless it is set.
    """

    public_url: str
    accel: bool = False
    registration: bool = True
    stripe_secret: str = field(default="", repr=False)
    key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @classmethod
    def from_environment(
        cls, public_url: str, accel: bool = False, registration: bool = True
    ) -> Settings:
        """The same, with its secrets from the environment, which alone they come from."""
        key = os.environ.get(SIGNING_KEY) or secrets.token_hex(32)
        stripe_secret = os.environ.get(STRIPE_SECRET, "")
        return cls(public_url.rstrip("/"), accel, registration, stripe_secret, key)


class Hub:
    """A hub that is open: what every request works with."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        root.mkdir(parents=True, exist_ok=True)
        self.database = Database(root / "hub.sqlite")
        self.blobs = Blobs(root)

    def close(self) -> None:
        """Closes the database."""
        self.database.close()

    def url(self, path: str) -> str:
        """The public address of a path that begins with a slash."""
        return self.settings.public_url + path


def hub_of(request: HTTPConnection) -> Hub:
    """The hub that a request was made to."""
    hub: Hub = request.app.state.hub
    return hub
