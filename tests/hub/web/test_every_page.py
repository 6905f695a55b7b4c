"""Every page of the hub in a real browser: narrow and wide, light and dark, whole and readable."""

from __future__ import annotations

import dataclasses

import pytest
from starlette.routing import Route

from pairsmith.hub.app import routes
from pairsmith.hub.auth import sessions
from support.chromium import CONTRAST, PROBLEMS, launched
from support.hub.browsing import FULL_NAMES, Person, Watch
from support.hub.furnished import FOLDER, LONG, Furnished, furnish
from support.hub.teams import furnish_collection
from support.slow import slow

PAGE = "/datasets/ann/pairs"
DATASET = "/datasets/{owner:part}/{name:part}"
MODEL = "/{owner:account}/{name:part}"  # their pages are made by the same templates
COLLECTION, TEAS = "/collections/{owner:part}/{name:part}", "/collections/ann/teas"
NO_PAGES = (
    "/collections/static/",
    *("/api/", "/cas/", "/lfs/", "/static/", "/datasets-server/"),
    *("/favicon.ico", "/robots.txt", "/uploads/"),
)
SHOWN = {
    "/": ["/"],
    "/datasets": ["/datasets", "/datasets?search=none"],
    "/models": ["/models"],
    "/join": ["/join"],
    "/login": ["/login?next=/datasets/ann/pairs"],
    "/mail/stop/{secret:part}": ["/mail/stop/x"],
    "/notifications": ["ann /notifications", "eve /notifications"],
    "/settings/profile": ["ann /settings/profile"],
    "/settings/password": ["ann /settings/password"],
    "/login/code": ["/login/code?next=/"],
    "/login/help": ["/login/help"],
    "/login/link": [],
    "/login/link/{secret:part}": [],
    "/settings/two-factors": ["ann /settings/two-factors"],
    "/settings/security": ["ann /settings/security"],
    "/settings/organizations": ["ann /settings/organizations", "dan /settings/organizations"],
    "/settings/organizations/{organization:part}": ["ann /settings/organizations/guild"],
    "/settings/invitations": ["eve /settings/invitations", "ann /settings/invitations"],
    "/settings/tokens": ["ann /settings/tokens"],
    "/settings/licences": ["bob /settings/licences", "ann /settings/licences"],
    "/settings/access": ["dan /settings/access", "ann /settings/access"],
    "/licences/{number:part}": ["bob /licences/{licence}"],
    "DATASET": [
        PAGE, f"ann {PAGE}", f"bob {PAGE}", f"cleo {PAGE}", f"dan {PAGE}", f"eve {PAGE}",
        f"/datasets/ann/{LONG}", "ann /datasets/ann/empty", "/ann/judge", "bob /ann/judge",
    ],
    "DATASET/settings": [f"ann {PAGE}/settings", "ann /ann/judge/settings"],
    "DATASET/settings/people": [f"ann {PAGE}/settings/people", "ann /ann/judge/settings/people"],
    "DATASET/settings/requests": [
        f"ann {PAGE}/settings/requests", f"ann {PAGE}/settings/requests?status=accepted",
        f"ann {PAGE}/settings/requests?status=rejected",
    ],
    "DATASET/settings/usage": [f"ann {PAGE}/settings/usage?days=90"],
    "DATASET/settings/licences": [f"ann {PAGE}/settings/licences"],
    "DATASET/settings/licences/offers/{at:part}": [
        f"ann {PAGE}/settings/licences/offers/{{offer}}"
    ],
    "DATASET/buy/{offer:part}": [f"eve {PAGE}/buy/{{offer}}"],
    "DATASET/viewer": [
        f"ann {PAGE}/viewer", f"ann {PAGE}/viewer?config=red-team-attempts&row=2",
        f"ann {PAGE}/viewer?config=red-team-attempts", f"/datasets/ann/{LONG}/viewer",
        f"/datasets/ann/{LONG}/viewer?annotation={FOLDER}&order=lowest",
    ],
    "DATASET/viewer/columns": [
        f"ann {PAGE}/viewer/columns", f"/datasets/ann/{LONG}/viewer/columns"
    ],
    "DATASET/discussions": [
        f"{PAGE}/discussions", f"ann {PAGE}/discussions?status=all",
        f"/datasets/ann/{LONG}/discussions?status=all", "ann /datasets/ann/empty/discussions",
    ],
    "DATASET/discussions/new": [
        f"bob {PAGE}/discussions/new",
        f"bob {PAGE}/discussions/new?config=a&split=train&row=2&id={LONG}&revision={{first}}",
    ],
    "DATASET/discussions/{num:part}": [
        f"{PAGE}/discussions/1", f"bob {PAGE}/discussions/1", f"ann {PAGE}/discussions/1",
        f"ann {PAGE}/discussions/2", f"/datasets/ann/{LONG}/discussions/1",
        f"ann /datasets/ann/{LONG}/discussions/2",
    ],
    "DATASET/discussions/{num:part}/files": [
        f"{PAGE}/discussions/2/files", f"bob {PAGE}/discussions/2/files",
        f"/datasets/ann/{LONG}/discussions/2/files",
    ],
    "DATASET/discussions/{num:part}/comment/{comment:part}/versions": [
        f"ann {PAGE}/discussions/1/comment/{{edited}}/versions"
    ],
    "DATASET/reports/{report:part}": [
        f"/datasets/ann/{LONG}/reports/explore", f"/datasets/ann/{LONG}/reports/audit"
    ],
    "DATASET/commits/{revision:part}": [f"{PAGE}/commits/main"],
    "DATASET/commit/{revision:part}": [f"{PAGE}/commit/{{last}}", f"{PAGE}/commit/{{first}}"],
    "DATASET/tree/{revision:part}": [
        f"{PAGE}/tree/main", f"/datasets/ann/{LONG}/tree/main", "/ann/judge/tree/main"
    ],
    "DATASET/tree/{revision:part}/{path:inner}": [
        f"{PAGE}/tree/v1/harmless-base", f"/datasets/ann/{LONG}/tree/main/{FOLDER}"
    ],
    "DATASET/blob/{revision:part}/{path:inner}": [
        f"ann {PAGE}/blob/main/README.md", f"ann {PAGE}/blob/main/manifest.json",
        f"/datasets/ann/{LONG}/blob/main/{FOLDER}/{FOLDER}.txt",
    ],
    "DATASET/edit/{revision:part}/{path:inner}": [
        f"ann {PAGE}/edit/main/README.md", f"bob {PAGE}/edit/main/README.md",
        f"bob /datasets/ann/{LONG}/edit/main/{FOLDER}/{FOLDER}.txt",
    ],
    "DATASET/new/{revision:part}": [f"ann {PAGE}/new/main?path={FOLDER}/"],
    "DATASET/upload/{revision:part}": [f"ann {PAGE}/upload/main", f"bob {PAGE}/upload/main"],
    "DATASET/change/{revision:part}/{path:inner}": [
        f"ann {PAGE}/change/main/README.md",
        f"bob /datasets/ann/{LONG}/change/main/{FOLDER}/{FOLDER}.txt",
    ],
    "/collections": ["ann /collections", "eve /collections", "dan /collections"],
    "/new": ["ann /new", "bob /new?kind=model&owner=guild"],
    "/collections/new": ["ann /collections/new"],
    "/collections/join": [],
    "/collections/join/{secret:part}": [],
    COLLECTION: [f"ann {TEAS}"],
    f"{COLLECTION}/work": [f"bob {TEAS}/work", f"ann {TEAS}/work"],
    f"{COLLECTION}/work/": [f"bob {TEAS}/work/"],
    f"{COLLECTION}/work/{{place:inner}}": [
        *(f"bob {TEAS}/work/{place}" for place in ("task", "mine", "instructions")),
        *(f"ann {TEAS}/work/{place}" for place in ("quality", "disagreements")),
        f"ann {TEAS}/work/disagreements/{{case}}",
    ],
    f"{COLLECTION}/work/talk/{{conversation:part}}/progress": [],
    f"{COLLECTION}/source.zip": [],
    f"{COLLECTION}/annotation.zip": [],
    f"{COLLECTION}/people": [f"ann {TEAS}/people"],
    f"{COLLECTION}/settings": [f"ann {TEAS}/settings"],
    "/{owner:part}": ["/ann", "bob /bob", "/guild", "ann /guild"],
    "": [f"{PAGE}/viewer", f"cleo {PAGE}/viewer", "/nowhere"],  # refused
}  # fmt: skip
"""Every page of the hub: by its route, who looks at it, and where."""


@pytest.fixture(scope="module")
def browser():
    # no other host has an address, whatever a page asks for
    with launched("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1") as opened:
        yield opened


def test_every_route_of_a_page_is_looked_at():
    paths = {r.path for r in routes() if isinstance(r, Route) and "GET" in (r.methods or ())}
    pages = {
        path.replace(MODEL, DATASET) for path in paths
        if not path.startswith(NO_PAGES) and not path.endswith(".csv")
        and "/resolve/" not in path and "/frame/" not in path
    }  # fmt: skip
    assert {route.replace("DATASET", DATASET) for route in SHOWN if route} == pages


@slow
def test_every_page(hub, served, browser, sample_messages):
    hub.settings = dataclasses.replace(hub.settings, stripe_secret="whsec_x")
    made, watch = furnish(hub, sample_messages), Watch(served)
    case = furnish_collection(hub)
    people = {name: come(browser, watch, made, name) for name in ("", *FULL_NAMES)}
    places = {"licence": made.licence, "offer": made.offer}
    places |= {"case": case, "first": made.first.id, "last": made.last.id, "edited": made.edited}
    wrong = {}
    for route, lines in SHOWN.items():
        for line in lines:
            name, _, path = line.rpartition(" ")
            status = people[name].go(path.format(**places))
            if found := problems(
                people[name].page, [status] if (status < 400) != (route != "") else []
            ):
                wrong[line] = found
    for person in people.values():
        person.context.close()
    assert (wrong, watch.said, watch.elsewhere) == ({}, [], [])


def come(browser, watch: Watch, made: Furnished, name: str) -> Person:
    """Somebody whose browser is signed in, or nobody."""
    person = Person(browser, watch, name)
    if name:
        cookie = {"name": sessions.COOKIE, "value": made.sessions[name], "url": watch.url}
        person.context.add_cookies([cookie])
    return person


def problems(page, found: list) -> list:
    """What is wrong with a page, at two widths and in two schemes."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        texts, least = page.evaluate(CONTRAST)
        if texts < 5 or least < 4.5:  # WCAG 2.2, 1.4.3, level AA
            found.append(f"{scheme}: a contrast of {least:.2f}")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width}: {problem}" for problem in page.evaluate(PROBLEMS)]
    return found
