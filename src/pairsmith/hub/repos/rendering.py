"""Texts of others on the hub's pages: rendered once, apart, and kept.

Cards, what a gate asks, the terms of licences: all that somebody stored as Markdown is shown by
`Rendering`. Each text is rendered once, by a worker that is killed when it makes too much of it;
the page then says so, and shows the text as it was written. What came out is kept in
`ROOT/rendered` by a hash of the text: nothing is lost with that folder but time.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.processes import PAGES, BusyError, TooMuchWorkError, Workers
from pairsmith.hub.repos import card, markdown

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

WORKERS = Workers(1, wait=0.4, queue=4)  # for what comes in
MEMORY = 192 << 20  # bytes of a worker; the longest honest texts take 140 MB
SECONDS = 1.5  # that a page waits for one text to be rendered
PATIENCE = 2.0  # seconds after which a page has no further text rendered
COMMIT_SECONDS = 4.0  # that a text may take when it comes in, and nobody waits to read it
RETRY = 3600  # seconds after which a text that was given up is tried again
KEPT = 30 * 24 * 3600  # seconds for which what was rendered is kept
MAX_PLAIN_CHARS = 1 << 16  # characters that are shown of a text that cannot be rendered
GIVEN_UP = "This text takes too much work to be rendered; here it is as it was written."
LATER = "This text is not rendered yet: load the page again in a moment."
PLAIN = Markup('<p class="box">{}</p>\n<pre class="source"><code>{}</code></pre>')


class Rendering:
    """Renders the texts of one page, which takes no longer than `PATIENCE` and one text more."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._end = time.monotonic() + PATIENCE

    def __call__(self, text: str, base: str = "", revision: str = "main") -> Markup:
        """A text of others as HTML that may stand on a page; never an error for what is in it.

        Args:
            text: Markdown. A long one is cut, and says so.
            base: The path of the repository's page, such as `/datasets/ann/pets`: relative links
                lead to its files, relative images are read from there. '' leaves them as they are.
            revision: The revision whose files are meant.
        """
        return self._shown(_of_text(text), base, revision)

    def card(self, blob: str, base: str, revision: str = "main") -> Markup:
        """The same of the text of a card, by its content: it is not read where it was rendered."""
        return self._shown(_of_card(self._hub, blob), base, revision)

    def _shown(self, source: _Source, base: str, revision: str) -> Markup:
        seconds = SECONDS if time.monotonic() < self._end else 0
        try:
            html = _rendered(self._hub, source, bool(base), PAGES, seconds)
        except BusyError:
            return _plain(source, LATER)
        except TooMuchWorkError:
            return _plain(source, GIVEN_UP)
        # the one place where text of others becomes markup
        return Markup(markdown.place(html, base, revision) if base else html)  # noqa: S704


class _Source(NamedTuple):
    """A text to render: what it is known by, and how to have it."""

    name: str
    read: Callable[[], str]


def prepare(hub: Hub, blob: str) -> None:
    """Renders a card that came in, so that nobody waits for it who opens its page."""
    with suppress(TooMuchWorkError):
        _rendered(hub, _of_card(hub, blob), True, WORKERS, COMMIT_SECONDS)


def sweep(hub: Hub) -> None:
    """Takes away what was rendered long ago; a page that wants it again has it made."""
    for path in hub.rendered.glob("*"):
        with suppress(FileNotFoundError):  # replaced meanwhile
            if path.stat().st_mtime < time.time() - KEPT:
                path.unlink()


def _of_text(text: str) -> _Source:
    return _Source(text, lambda: text)


def _of_card(hub: Hub, blob: str) -> _Source:
    return _Source(f"card {blob}", lambda: card.split(card.load(hub.blobs.path(blob), blob))[1])


def _rendered(hub: Hub, source: _Source, placed: bool, workers: Workers, seconds: float) -> str:
    """What was made of a text, now or earlier.

    Raises:
        BusyError: It was not made before, and is not now.
        TooMuchWorkError: It was given up, now or not long ago.
    """
    told = f"{markdown.VERSION} {placed} {source.name}"
    place = hub.rendered / hashlib.sha256(told.encode()).hexdigest()
    with suppress(FileNotFoundError):
        return place.read_text("utf-8")
    failed = place.with_suffix(".failed")
    if _age(failed) < RETRY:
        raise TooMuchWorkError("It was given up before.")
    if not seconds:
        raise BusyError("There is no time left.")
    text = markdown.cut(source.read())
    if not text.strip():
        return ""
    try:
        html = workers.run(markdown.render, text, placed, seconds=seconds, memory=MEMORY)
    except BusyError:
        raise
    except TooMuchWorkError:
        _keep(hub, failed, "")
        raise
    _keep(hub, place, html)
    return html


def _age(path: Path) -> float:
    """Seconds since a file was written; for ever, where there is none."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _keep(hub: Hub, place: Path, html: str) -> None:
    """Keeps what was rendered, whole or not at all; a disk without room keeps none."""
    data = html.encode()
    beside = hub.rendered / f"{secrets.token_hex(8)}.new"
    try:
        hub.blobs.room.check(len(data))
        hub.rendered.mkdir(exist_ok=True)
        beside.write_bytes(data)
        beside.replace(place)
    except (HubError, OSError):
        beside.unlink(missing_ok=True)


def _plain(source: _Source, why: str) -> Markup:
    return PLAIN.format(why, source.read()[:MAX_PLAIN_CHARS])
