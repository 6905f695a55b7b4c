"""Reports as pages: who is shown them, where, and with what around them."""

from __future__ import annotations

import re

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.repos import events, repos
from pairsmith.hub.web import reports

PETS = "/datasets/ann/pets"
EXPLORE = f"{PETS}/reports/explore"
HTML = b"<!doctype html><title>x</title><h1>What was tried</h1><script>1</script>"
FRAMED = {"sec-fetch-dest": "iframe", "sec-fetch-site": "same-origin"}
FILES = {"README.md": b"# Pets\n", "explore/report.html": HTML, "notes.txt": b"x"}


@pytest.fixture
def ask(client, people):
    """Asks for an address as a browser does that shows a frame; the answer."""

    def call(path, who="nobody", method="GET", told=FRAMED, **headers):
        sent = {"Accept": "text/html", **told, **people[who], **headers}
        return client.request(method, path, headers=sent, follow_redirects=False)

    return call


@pytest.fixture
def recorded(hub):
    def look():
        with hub.database.read() as db:
            return events.recent(db, repos.find(db, "dataset", "ann", "pets"))

    return look


def frame_of(html: str) -> str:
    """The address of the frame of a page."""
    (tag,) = re.findall(r"<iframe[^>]*>", html)
    assert 'sandbox="allow-scripts"' in tag
    return re.search(r'src="([^"]+)"', tag)[1]


def let_in(hub, name: str) -> None:
    with hub.database.write() as db:
        repo, user = repos.find(db, "dataset", "ann", "pets"), users.named(db, name)
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked)"
            " VALUES (?, ?, 'accepted', '{}', 0)",
            (repo.id, user.id),
        )


def directives(policy: str) -> dict[str, str]:
    return {name: rest for name, _, rest in (one.partition(" ") for one in policy.split("; "))}


def test_a_report_is_shown_in_a_frame_that_may_go_nowhere_else(get, ask, dataset):
    dataset("pets", [FILES])
    shown = get(EXPLORE)
    address = frame_of(shown.text)
    around = directives(shown.headers["content-security-policy"])
    assert around["frame-src"] == f"testserver{address}"
    assert around["default-src"] == "'none'"
    assert "script-src" not in around
    report = ask(address)
    assert (report.status_code, report.content) == (200, HTML)
    assert report.headers["content-type"] == "text/html; charset=utf-8"
    assert report.headers["x-content-type-options"] == "nosniff"
    assert "content-disposition" not in report.headers
    assert report.headers["connection-allowlist"] == "()"
    own = directives(report.headers["content-security-policy"])
    assert own["sandbox"] == "allow-scripts"
    assert own["default-src"] == own["connect-src"] == own["form-action"] == "'none'"
    assert "frame-src" not in get(PETS).headers["content-security-policy"]


def test_the_tab_is_there_where_there_is_a_report(hub, get, dataset):
    dataset("pets", [{"README.md": b"# Pets\n"}])
    dataset("fish", [{"audit/report.html": HTML}])
    dataset("both", [{"audit/report.html": HTML, **FILES}])
    dataset("gone", [])
    assert ">Reports</a>" not in get(PETS).text
    assert ">Reports</a>" not in get("/datasets/ann/gone").text
    for path in ("", "/viewer", "/tree/main", "/commits/main", "/reports/audit"):
        assert 'href="/datasets/ann/fish/reports/audit"' in get("/datasets/ann/fish" + path).text
    html = get("/datasets/ann/both/reports/explore").text
    assert re.search(r'reports/explore" aria-current="page">Exploration', html)
    assert 'reports/audit">Audit' in html


@pytest.mark.parametrize("name", ["audit", "evaluation", "..%2f..%2fnotes.txt", "explore%2Fx"])
def test_what_is_not_there_is_told_in_a_sentence(get, ask, dataset, name):
    dataset("pets", [FILES])
    answer = get(f"{PETS}/reports/{name}", status=404)
    assert "This dataset has no such report at this revision." in answer.text
    assert ask(f"{PETS}/reports/{name}/frame/main").status_code == 404
    get(f"{EXPLORE}?revision=none", status=404)


def test_a_gated_report_waits_as_the_rows_do_and_its_readers_are_on_record(
    hub, get, ask, dataset, recorded
):
    dataset("pets", [FILES], gate="manual")
    address = frame_of(get(EXPLORE, "ann").text)
    assert recorded() == []  # the page around shows nothing of it
    for who, status in (("nobody", 401), ("bob", 403)):
        refused = get(EXPLORE, who, status)
        assert "asked for" in refused.text
        assert f'href="http://testserver{PETS}"' in refused.text
        for path in (address, f"{EXPLORE}/frame/main"):
            answer = ask(path, who)
            assert answer.status_code == status
            assert b"tried" not in answer.content
    assert recorded() == []
    let_in(hub, "bob")
    get(EXPLORE, "bob")
    assert ask(address, "bob", "HEAD").status_code == 200
    assert recorded() == []
    assert ask(address, "bob").content == HTML
    (event,) = recorded()
    assert (event.actor, event.action) == ("bob", "viewed")
    assert event.detail == {"path": "explore/report.html", "revision": address.split("/")[-1]}


def test_a_private_report_is_as_one_that_is_not_there(get, ask, dataset):
    dataset("pets", [FILES], private=True)
    address = frame_of(get(EXPLORE, "ann").text)
    for who, status in (("nobody", 401), ("bob", 404)):
        hidden = get(EXPLORE, who, status).text
        absent = get(EXPLORE.replace("pets", "fish"), who, status).text
        assert hidden == absent.replace("ann%2Ffish", "ann%2Fpets")
        assert ask(address, who).status_code == status
    assert ask(address, "ann").content == HTML


ELSEWHERE = {
    "opened": {"sec-fetch-dest": "document", "sec-fetch-site": "none"},
    "followed": {"sec-fetch-dest": "document", "sec-fetch-site": "same-origin"},
    "by another site": {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"},
    "by a neighbour": {"sec-fetch-dest": "iframe", "sec-fetch-site": "same-site"},
    "as an image": {"sec-fetch-dest": "image", "sec-fetch-site": "same-origin"},
    "untold": {},
    "untold, by a card": {"referer": "http://testserver/datasets/ann/pets"},
    "untold, by another": {"referer": "http://testserver/datasets/eve/pets/reports/explore"},
    "untold, by a site": {"referer": f"http://evil.example{EXPLORE}"},
    "untold, by no address": {"referer": "http://[::1"},
}


@pytest.mark.parametrize("told", ELSEWHERE.values(), ids=ELSEWHERE)
def test_elsewhere_than_in_its_page_it_leads_there(get, ask, dataset, recorded, told):
    dataset("pets", [FILES], gate="manual")
    address = frame_of(get(EXPLORE, "ann").text)
    answer = ask(address, "ann", told=told)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{EXPLORE}?revision={address.split('/')[-1]}"
    assert answer.content == b""
    assert recorded() == []
    framed = ask(address, "ann", told={"referer": f"http://testserver{EXPLORE}?revision=main"})
    assert framed.content == HTML  # of browsers that do not tell what for


def test_an_older_report_is_shown_by_its_revision(get, ask, dataset):
    dataset("pets", [FILES, {"explore/report.html": b"<h1>Newer</h1>"}])
    old = re.findall(rf"{PETS}/commit/([0-9a-f]{{40}})", get(PETS + "/commits/main").text)[1]
    html = get(f"{EXPLORE}?revision={old[:9]}").text
    assert frame_of(html).endswith(f"/frame/{old}")
    assert f"{PETS}/resolve/{old[:9]}/explore/report.html" in html
    assert ask(frame_of(html)).content == HTML
    assert ask(frame_of(get(EXPLORE).text)).content == b"<h1>Newer</h1>"


def test_one_that_is_too_large_is_not_shown(get, ask, dataset, monkeypatch):
    dataset("pets", [FILES])
    address = frame_of(get(EXPLORE).text)
    monkeypatch.setattr(reports, "MAX_BYTES", len(HTML))
    assert ask(address).status_code == 200
    monkeypatch.setattr(reports, "MAX_BYTES", len(HTML) - 1)
    shown = get(EXPLORE)
    assert "<iframe" not in shown.text
    assert "This report is larger than" in shown.text
    assert f'href="{PETS}/resolve/main/explore/report.html"' in shown.text
    assert ask(address).status_code == 413


def test_ranges_and_tags_are_honoured_and_a_lost_one_is_told(hub, get, ask, dataset):
    repo = dataset("pets", [FILES])
    address = frame_of(get(EXPLORE).text)
    part = ask(address, Range="bytes=2-8")
    assert (part.status_code, part.content) == (206, HTML[2:9])
    assert "sandbox" in part.headers["content-security-policy"]
    assert ask(address, Range="bytes=999-").status_code == 416
    same = ask(address, **{"If-None-Match": part.headers["etag"]})
    assert same.status_code == 304
    assert "sandbox" in same.headers["content-security-policy"]
    with hub.database.read() as db:
        (blob,) = db.execute(
            "SELECT blob FROM files JOIN lines ON lines.id = line WHERE repo = ? AND path = ?",
            (repo.id, "explore/report.html"),
        ).fetchone()
    hub.blobs.path(blob).unlink()
    get(EXPLORE, status=410)
    assert ask(address).status_code == 410


def test_its_file_leads_to_the_page_and_is_no_source_text(get, dataset):
    dataset("pets", [FILES], gate="manual")
    html = get(PETS + "/blob/main/explore/report.html", "ann").text
    assert f'href="{EXPLORE}?revision=main"' in html
    assert "What was tried" not in html
    hidden = get(PETS + "/blob/main/explore/report.html").text
    assert "reports/explore?" not in hidden
    assert "What was tried" not in hidden


@pytest.mark.parametrize(
    ("host", "sources"),
    [
        ("testserver", ["testserver"]),
        ("127.0.0.1:8000", ["127.0.0.1:8000", "testserver"]),
        ("[::1]:8000", ["testserver"]),
        ("a.example; script-src *", ["testserver"]),
        ("*", ["testserver"]),
    ],
)  # fmt: skip
def test_the_frame_is_named_by_every_host_that_a_policy_can_name(client, dataset, host, sources):
    dataset("pets", [FILES])
    shown = client.get(EXPLORE, headers={"accept": "text/html", "host": host})
    told = directives(shown.headers["content-security-policy"])
    assert told["frame-src"] == " ".join(one + frame_of(shown.text) for one in sources)
    assert "script-src" not in told
