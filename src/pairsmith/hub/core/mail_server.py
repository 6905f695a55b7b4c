"""The mail server that a hub sends by: where it is, and how to sign in to it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pairsmith.errors import PairsmithError

URL = "PAIRSMITH_SMTP_URL"
PASSWORD = "PAIRSMITH_SMTP_PASSWORD"  # noqa: S105 - a variable's name
SENDER = "PAIRSMITH_MAIL_FROM"
ADDRESS = re.compile(r"[A-Za-z0-9._%+=-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
PORTS = {"smtp": 587, "smtps": 465}
EXAMPLE = "It is written smtp://user@host:port, or smtps://… for TLS from the first byte on."


class MailError(PairsmithError):
    """Settings of a mail server that cannot be."""


@dataclass(frozen=True)
class MailServer:
    """A mail server.

    Attributes:
        host: Its name or address.
        port: Its port.
        tls: Whether TLS begins with the connection. Otherwise it begins before anything is said
            (STARTTLS), and a server of another machine that offers none is sent nothing.
        sender: The address that mail comes from.
        user: Who signs in; '' for nobody.
        password: With which password.
    """

    host: str
    port: int
    tls: bool
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


def from_environment() -> MailServer | None:
    """The mail server that the environment names; None where it names none.

    Raises:
        MailError: What it names cannot be one, or lacks the address that mail comes from.
    """
    text = os.environ.get(URL, "")
    if not text:
        return None
    sender = os.environ.get(SENDER, "")
    if not ADDRESS.fullmatch(sender):
        raise MailError(
            f"{SENDER} is no address that mail can come from: {sender!r}.",
            f"Where {URL} is set, it has to be one, such as hub@example.org.",
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise MailError(f"{URL} is no address of a mail server: {error}.", EXAMPLE) from error
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query:
        raise MailError(f"{URL} is no address of a mail server.", EXAMPLE)
    if parts.password:
        raise MailError(f"{URL} has a password in it.", f"It belongs into {PASSWORD}.")
    user = unquote(parts.username or "")
    password = os.environ.get(PASSWORD, "")
    if user and not password:
        raise MailError(f"{URL} names a user, and {PASSWORD} is not set.", f"Set {PASSWORD}.")
    return MailServer(
        host, port or PORTS[parts.scheme], parts.scheme == "smtps", sender, user, password
    )
