"""Sending what waits in the outbox: one thread of the hub's process, for which nobody waits."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pairsmith.hub.mail import choices, outbox
from pairsmith.hub.mail.letters import AddressError, Letter, message_of
from pairsmith.hub.mail.outbox import LETTER, NOTICE, Waiting
from pairsmith.hub.mail.smtp import Line, RefusedError, UnreachableError

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

log = logging.getLogger("pairsmith.hub")

SOON = 1.0  # seconds from one look into the outbox to the next
BATCH = 50  # letters by one connection
MAX_A_MINUTE = 60  # letters
HOUR = 3600
RESTS = (10, 30, 60, 300, 600)  # seconds in which a server that could not be had is left alone
FAREWELL = 2.0  # seconds that a letter under way is given when the hub is stopped

Writer = Callable[["Hub", sqlite3.Connection, Waiting], Letter | None]
"""Makes a letter of what waits, in a write transaction; None where there is nothing to send."""


class Postman:
    """Sends what waits, for as long as the hub is served.

    Args:
        hub: The hub, which has a mail server.
        writers: What makes letters of other kinds than those of `outbox.send_later`.
        soon: Seconds from one look into the outbox to the next; by default `SOON`.
    """

    def __init__(
        self, hub: Hub, writers: Mapping[str, Writer] | None = None, soon: float | None = None
    ) -> None:
        self.hub = hub
        self._writers = {LETTER: _written, NOTICE: _written, **(writers or {})}
        self._soon = SOON if soon is None else soon
        self._over = threading.Event()
        self._line: Line | None = None
        self._sent: deque[float] = deque(maxlen=MAX_A_MINUTE)
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, soon: a letter under way is tried again when the hub is next served."""
        self._over.set()
        self._thread.join(FAREWELL)
        if self._line is not None:
            self._line.cut()
            self._thread.join(FAREWELL)

    def _run(self) -> None:
        tidied = 0.0
        pause = self._soon
        while not self._over.wait(pause):
            try:
                if time.monotonic() - tidied > HOUR or not tidied:
                    tidied = time.monotonic()
                    with self.hub.database.write() as db:
                        outbox.tidy(db)
                pause = max(self._soon, self.deliver())
            except Exception:  # a full disk, say: it is tried again, and the hub goes on
                log.exception("Mail was not sent.")
                pause = HOUR / 60

    def deliver(self) -> float:
        """Sends what is due; the seconds in which nothing should be tried."""
        with self.hub.database.read() as db:
            waiting = outbox.due(db, BATCH)
        try:
            for at, letter in enumerate(waiting):
                if self._over.is_set() or self._too_many():
                    return 0
                if self._deliver_one(letter):
                    continue
                self._failures += 1
                rest = RESTS[min(self._failures, len(RESTS)) - 1]
                log.warning("%d letters wait for the mail server, %d s.", len(waiting) - at, rest)
                return rest
        finally:
            if self._line is not None:
                self._line.close()
                self._line = None
        return 0

    def _too_many(self) -> bool:
        """Whether as many letters went within a minute as may go."""
        return len(self._sent) == MAX_A_MINUTE and time.monotonic() - self._sent[0] < 60

    def _deliver_one(self, waiting: Waiting) -> bool:
        """Tries a letter; False where there is no server that takes any."""
        with self.hub.database.write() as db:
            if not outbox.begin(db, waiting):
                return True
            letter = self._write(db, waiting)
            if letter is None:
                outbox.take_out(db, waiting)
                return True
        try:
            self._hand_over(waiting, letter)
        except UnreachableError as error:
            log.warning("The mail server cannot be had: %s", _short(error))
            with self.hub.database.write() as db:
                outbox.put_back(db, waiting, 1)
            return False
        except (RefusedError, AddressError) as error:
            self._note(waiting, error)
            return True
        self._failures = 0
        self._sent.append(time.monotonic())
        with self.hub.database.write() as db:
            outbox.take_out(db, waiting)
        return True

    def _write(self, db: sqlite3.Connection, waiting: Waiting) -> Letter | None:
        writer = self._writers.get(waiting.kind)
        return writer(self.hub, db, waiting) if writer else None

    def _hand_over(self, waiting: Waiting, letter: Letter) -> None:
        server = self.hub.settings.mail
        if server is None:
            raise UnreachableError("none is set")
        host = urlsplit(self.hub.settings.public_url).hostname or "localhost"
        name = f"{waiting.id}.{waiting.made}.pairsmith@{host}"
        message = message_of(letter, server.sender, name)
        if self._line is None:
            self._line = Line(server, host)
        try:
            self._line.send(message, letter.address)
        except (RefusedError, UnreachableError):
            with suppress(OSError):  # it may be of no use any more: the next one has a new one
                self._line.close()
            self._line = None
            raise

    def _note(self, waiting: Waiting, error: RefusedError | AddressError) -> None:
        for_good = not isinstance(error, RefusedError) or error.for_good
        with self.hub.database.write() as db:
            given_up = outbox.fail(db, waiting, str(error), for_good)
        what = "was given up" if given_up else "is tried again"
        log.warning(
            "Letter %d (%s, account %s) %s: %s",
            *(waiting.id, waiting.kind, waiting.user, what, _short(error)),
        )


def _written(hub: Hub, db: sqlite3.Connection, waiting: Waiting) -> Letter | None:
    """A letter that came with its text; a notice goes to who confirmed their address and wants it.

    Letters about an account's safety go to its address as it is.
    """
    row = db.execute(
        "SELECT email FROM users"
        " WHERE id = ? AND suspended IS NULL AND removed IS NULL AND email != ''",
        (waiting.user,),
    ).fetchone()
    if row is None or waiting.user is None:
        return None
    content = waiting.content
    subject, lines = str(content["subject"]), content["lines"]
    if not isinstance(lines, list):
        return None
    lines = [str(line) for line in lines]
    if waiting.kind != NOTICE:
        return Letter(str(content.get("to") or row["email"]), subject, lines)
    if not choices.address_of(db, waiting.user) or choices.stopped(db, waiting.user):
        return None
    link = choices.link(hub, db, waiting.user)
    return Letter(row["email"], subject, [*lines, "", f"No more of these: {link}"], link)


def _short(error: Exception) -> str:
    """What a server said, without addresses, which stand in what it says as a rule."""
    words = " ".join(str(error).split())[:200]
    return "".join(c for c in " ".join(w for w in words.split() if "@" not in w) if c.isprintable())
