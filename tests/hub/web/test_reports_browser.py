"""Reports in a real browser: they are seen, and hostile ones get nowhere."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import pairsmith
from pairsmith.hub.auth import sessions
from pairsmith.hub.http.addresses import RawPath
from pairsmith.hub.repos import events, repos
from support.chromium import launched
from support.hub.reports import ATTACKS, LOOKING_AROUND
from support.slow import slow

PETS = "/datasets/ann/pets"
EXPLORE = f"{PETS}/reports/explore"
KIND = b"""<!doctype html><html lang="en"><head><title>A map</title>
<style>h1 { color: rgb(1, 2, 3) }</style></head><body><h1>What was tried</h1>
<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">
<button onclick="this.textContent = 'shown'">hidden</button>
<script>document.querySelector('h1').dataset.ran = 'yes'</script></body></html>"""
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
PAUSE = 1200  # milliseconds in which what an attack does would be heard


@pytest.fixture(scope="module")
def browser():
    with launched("--host-resolver-rules=MAP outside.example 127.0.0.1") as opened:
        yield opened


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The addresses that the hub is asked for, with their queries, as they come in."""
    made: list[str] = []
    inner = RawPath.__call__

    async def noted(self, scope, receive, send):
        if scope["type"] == "http":
            query = scope["query_string"].decode()
            made.append(scope["raw_path"].decode().partition("?")[0] + ("?" + query) * bool(query))
        await inner(self, scope, receive, send)

    monkeypatch.setattr(RawPath, "__call__", noted)
    return made


@pytest.fixture
def bob(hub, served, browser, dataset, account):
    """Makes ann's gated dataset with these reports, and opens a browser of bob, who may read it."""
    opened = []
    reader, _ = account("bert")

    def come(files: dict[str, bytes], width: int = 1280):
        dataset("pets", [{"README.md": b"# Pets\n", **files}], gate="manual")
        with hub.database.write() as db:
            repo = repos.find(db, "dataset", "ann", "pets")
            db.execute(
                "INSERT INTO requests (repo, user, status, fields, asked)"
                " VALUES (?, ?, 'accepted', '{}', 0)",
                (repo.id, reader.id),
            )
            cookie = sessions.begin(db, reader)
        context = browser.new_context(viewport={"width": width, "height": 900})
        context.add_cookies([{"name": sessions.COOKIE, "value": cookie, "url": served}])
        opened.append(context)
        return context.new_page()

    yield come
    for context in opened:
        context.close()


def recorded(hub) -> list[tuple[str, str]]:
    with hub.database.read() as db:
        found = events.recent(db, repos.find(db, "dataset", "ann", "pets"))
    return [(event.actor, event.action) for event in found]


def too_wide(page) -> int:
    return page.evaluate(TOO_WIDE)


def test_who_may_read_it_sees_a_report_that_works(hub, bob, served):
    page, said = bob({"explore/report.html": KIND}), []
    page.on("console", lambda message: said.append(message.text))
    page.goto(served + PETS)
    page.get_by_role("link", name="Reports", exact=True).click()
    inside = page.frame_locator("iframe")
    inside.get_by_role("heading", name="What was tried").wait_for()
    assert recorded(hub) == [("bert", "viewed")]
    heading = inside.locator("h1[data-ran=yes]")
    assert heading.evaluate("e => getComputedStyle(e).color") == "rgb(1, 2, 3)"
    assert inside.locator("img").evaluate("e => e.naturalWidth") == 1
    inside.get_by_role("button", name="hidden").click()
    inside.get_by_role("button", name="shown").wait_for()
    page.reload()
    inside.get_by_role("heading", name="What was tried").wait_for()
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert too_wide(page) <= 0
        assert page.locator("iframe").bounding_box()["height"] > 400
    assert said == []


@slow
@pytest.mark.parametrize("width", [390, 1280])
def test_the_reports_of_a_build_are_shown(bob, served, sample_messages, tmp_path, width):
    pytest.importorskip("duckdb")
    pytest.importorskip("sklearn")
    out = Path(shutil.copytree(sample_messages, tmp_path / "out"))
    pairsmith.audit(out, questions=["length"])
    pairsmith.explore(out)
    names = ("audit/report.html", "explore/report.html")
    page, said = bob({name: (out / name).read_bytes() for name in names}, width), []
    page.on("console", lambda message: said.append(message.text))
    for name, heading in (("audit", "All answers"), ("explore", "Verdict")):
        page.goto(f"{served}{PETS}/reports/{name}")
        inside = page.frame_locator("iframe")
        inside.get_by_role("heading", name=heading, exact=True).wait_for()
        assert too_wide(page) <= 0
        assert inside.locator("body").evaluate(TOO_WIDE) <= 0
    assert said == []


class Outside:
    """Somewhere else: what came in there, by TCP and by UDP."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._tcp_door = socket.create_server(("127.0.0.1", 0))
        self._udp_door = socket.socket(type=socket.SOCK_DGRAM)
        self._udp_door.bind(("127.0.0.1", 0))
        self.port, self.udp = (door.getsockname()[1] for door in (self._tcp_door, self._udp_door))
        self._threads = [threading.Thread(target=act) for act in (self._tcp, self._udp)]
        for thread in self._threads:
            thread.start()

    def _tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp_door.accept()
            except OSError:
                return
            self.heard.append("tcp")
            connection.close()

    def _udp(self) -> None:
        while self._udp_door.recv(2000):  # an empty one ends it
            self.heard.append("udp")

    def named(self, html: str) -> str:
        """A report that tries to reach these doors."""
        elsewhere = f"http://outside.example:{self.port}"
        return html.replace("OUTSIDE", elsewhere).replace("UDP", str(self.udp))

    def close(self) -> None:
        self._udp_door.sendto(b"", ("127.0.0.1", self.udp))
        self._tcp_door.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._tcp_door.close()
        self._udp_door.close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    yield made
    made.close()


@pytest.fixture
def careless() -> Iterator[tuple[str, list[str], dict[str, bytes]]]:
    """A server that shows a page in a frame and takes no care: its address, what it was asked."""
    made: list[str] = []
    shown = {"/": b'<iframe src="/report"></iframe>'}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.append(self.path)
            body = shown.get(self.path, b"")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}", made, shown
    server.shutdown()
    server.server_close()


def look(page, address: str, html: str) -> None:
    """Opens a page with a report in a frame, and presses what there is to press."""
    page.goto(address)
    if 'id="press"' in html:
        page.frame_locator("iframe").first.locator("#press").click(no_wait_after=True)


def wait_until(page, holds, most: int = 8_000) -> bool:
    """Waits until something holds; whether it does. The page goes on meanwhile."""
    for _ in range(most // 100):
        if holds():
            return True
        page.wait_for_timeout(100)
    return False


def pause(page) -> None:
    """Waits; where Chromium has ended a page that asked for what is closed to it, all the same."""
    from playwright.sync_api import Error

    try:
        page.wait_for_timeout(PAUSE)
    except Error:
        time.sleep(PAUSE / 1000)


@slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_report_gets_nowhere(bob, served, asked, outside, careless, browser, attack):
    url, made, shown = careless
    with closing(Outside()) as reached:  # doors of its own: what comes late is not held against us
        html = reached.named(ATTACKS[attack])
        shown["/report"] = html.encode()
        free = browser.new_page()
        look(free, url, html)
        own = {"/", "/report", "/favicon.ico"}
        assert wait_until(free, lambda: reached.heard or set(made) - own), "it is no attack"
        free.context.close()

    html = outside.named(ATTACKS[attack])
    page = bob({"explore/report.html": html.encode()})
    look(page, served + EXPLORE, html)
    assert wait_until(page, lambda: any("/frame/" in address for address in asked))
    pause(page)
    (frame,) = {address for address in asked if "/frame/" in address}
    assert "?" not in frame
    rest = [address for address in asked if not address.startswith("/static/")]
    assert sorted(rest) == [EXPLORE, frame]
    assert outside.heard == []
    assert page.url == served + EXPLORE
    assert page.context.pages == [page]


@slow
def test_a_report_sees_nothing_of_the_page_around_it_and_of_the_visitor(bob, served):
    page = bob({"explore/report.html": LOOKING_AROUND.encode()})
    page.goto(served + EXPLORE)
    page.frame_locator("iframe").get_by_text("A report").wait_for()
    told = page.frames[1].evaluate("outcomes")
    assert told.pop("origin") == "null"
    assert {told.pop("worker"), told.pop("frame")} <= {"SecurityError", "TypeError"}  # are none
    assert set(told.values()) == {"SecurityError"}, told


@slow
def test_opened_by_itself_a_report_is_back_in_its_page(hub, bob, served, asked, outside):
    leads = f"<script>location = 'http://outside.example:{outside.port}/'</script>"
    page = bob({"explore/report.html": leads.encode()})
    page.goto(f"{served}{EXPLORE}/frame/main")
    page.wait_for_timeout(PAUSE)
    assert page.url.startswith(f"{served}{EXPLORE}?revision=")
    assert outside.heard == []
