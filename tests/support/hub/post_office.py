"""A mail server on a free port of this machine, which takes, bounces or keeps silent."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from pairsmith.hub.context import Hub
from pairsmith.hub.core.mail_server import MailServer
from support.hub.running import free_port

SENDER = "hub@example.org"
PATIENCE = 10.0  # seconds


class PostOffice:
    """Takes mail and keeps it.

    Attributes:
        server: How it is reached.
        answers: What it says to the next letters, one each, instead of taking them; `hang` for
            silence.
        received: To whom each letter went, and the letter.
    """

    server: MailServer

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.received: list[tuple[str, EmailMessage]] = []
        self.asked = 0

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else ""
        if answer == "hang":
            await asyncio.sleep(60)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.received.append((envelope.rcpt_tos[0], letter))
        return "250 OK"

    def wait(self, count: int = 1) -> EmailMessage:
        """The last letter, once a number of them have come."""
        until(lambda: len(self.received) >= count)
        return self.received[-1][1]


@contextmanager
def post_office(user: str = "", password: str = "", **options: Any) -> Iterator[PostOffice]:
    """A mail server while the block lasts; with a user, it takes mail of theirs alone."""

    def check(_server, _session, _envelope, _mechanism, data) -> AuthResult:
        right = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=isinstance(data, LoginPassword) and data == right)

    office = PostOffice()
    if user:
        options |= {
            "authenticator": check,
            "auth_required": True,
            "auth_exclude_mechanism": ["LOGIN"],  # in which it keeps silent after a wrong password
            "auth_require_tls": "tls_context" in options,
        }
    controller = Controller(office, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        office.server = MailServer("127.0.0.1", controller.port, False, SENDER, user, password)
        yield office
    finally:
        controller.stop()


def mailing(hub: Hub, office: PostOffice, **changed: Any) -> None:
    """Has a hub send by a mail server; `changed` is what it is told wrongly of it."""
    server = dataclasses.replace(office.server, **changed)
    hub.settings = dataclasses.replace(hub.settings, mail=server)


def until(held: Callable[[], object]) -> None:
    """Waits until something holds."""
    end = time.monotonic() + PATIENCE
    while not held():
        assert time.monotonic() < end, "it does not come to hold"
        threading.Event().wait(0.01)
