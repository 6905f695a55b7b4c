"""The hub in a real browser, from a build that is published to a licence that is printed."""

from __future__ import annotations

import dataclasses
import os

import pytest
from hub.support.browsing import Person, Watch
from hub.support.furnished import FOLDER, LONG, furnish

from chromium import CONTRAST, launched
from pairsmith.hub.accounts import sessions

SECRET = "whsec_of_the_tests"
PAGE = "/datasets/ann/pairs"
PROBLEMS = """() => {
  const found = [], wide = document.documentElement.scrollWidth;
  const starts = (element) => element.outerHTML.slice(0, 90);
  if (wide > innerWidth) {
    found.push(`${wide} wide`);
    for (const e of document.querySelectorAll('body *'))
      if (e.getBoundingClientRect().right > innerWidth + 1) found.push(starts(e));
  }
  const heads = document.querySelectorAll('h1').length;
  if (heads !== 1) found.push(`${heads} h1`);
  if (!document.title.replace('· pairsmith hub', '').trim()) found.push('no title');
  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    const labels = [...e.labels].map((label) => label.textContent.trim()).join('');
    if (!labels && !e.ariaLabel) found.push(`no label: ${starts(e)}`);
  }
  for (const e of document.querySelectorAll('button, a[href], summary, th'))
    if (!e.textContent.trim() && !e.ariaLabel) found.push(`no words: ${starts(e)}`);
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size < ids.length) found.push(`ids twice: ${ids}`);
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    # no other host has an address, whatever a page asks for
    with launched("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1") as opened:
        yield opened


@pytest.fixture
def watch(hub, served):
    """The hub is served; afterwards nothing may have been complained of, or asked of others."""
    hub.settings = dataclasses.replace(hub.settings, stripe_secret=SECRET)
    made = Watch(served)
    yield made
    assert made.said == []
    assert made.elsewhere == []


@pytest.fixture
def person(browser, watch):
    """Gives somebody a browser."""
    opened = []

    def come(name: str, scripts: bool = True) -> Person:
        opened.append(Person(browser, watch, name, scripts))
        return opened[-1]

    yield come
    for one in opened:
        one.context.close()


SHOWN = {
    "/": ["/"],
    "/datasets": ["/datasets", "/datasets?search=none"],
    "/join": ["/join"],
    "/login": ["/login?next=/datasets/ann/pairs"],
    "/settings/profile": ["ann /settings/profile"],
    "/settings/password": ["ann /settings/password"],
    "/settings/tokens": ["ann /settings/tokens"],
    "/settings/licences": ["bob /settings/licences", "ann /settings/licences"],
    "/settings/access": ["dan /settings/access", "ann /settings/access"],
    "/licences/{number:part}": ["bob /licences/{licence}"],
    "DATASET": [
        PAGE, f"ann {PAGE}", f"bob {PAGE}", f"cleo {PAGE}", f"dan {PAGE}", f"eve {PAGE}",
        f"/datasets/ann/{LONG}", "ann /datasets/ann/empty",
    ],
    "DATASET/settings": [f"ann {PAGE}/settings"],
    "DATASET/settings/requests": [
        f"ann {PAGE}/settings/requests", f"ann {PAGE}/settings/requests?status=accepted",
        f"ann {PAGE}/settings/requests?status=rejected",
    ],
    "DATASET/settings/licences": [f"ann {PAGE}/settings/licences"],
    "DATASET/settings/licences/offers/{offer:part}": [
        f"ann {PAGE}/settings/licences/offers/{{offer}}"
    ],
    "DATASET/viewer": [
        f"ann {PAGE}/viewer", f"ann {PAGE}/viewer?config=red-team-attempts&row=2",
        f"ann {PAGE}/viewer?config=red-team-attempts", f"/datasets/ann/{LONG}/viewer",
    ],
    "DATASET/commits/{revision:part}": [f"{PAGE}/commits/main"],
    "DATASET/commit/{revision:part}": [f"{PAGE}/commit/{{last}}", f"{PAGE}/commit/{{first}}"],
    "DATASET/tree/{revision:part}": [f"{PAGE}/tree/main", f"/datasets/ann/{LONG}/tree/main"],
    "DATASET/tree/{revision:part}/{path:inner}": [
        f"{PAGE}/tree/v1/harmless-base", f"/datasets/ann/{LONG}/tree/main/{FOLDER}"
    ],
    "DATASET/blob/{revision:part}/{path:inner}": [
        f"ann {PAGE}/blob/main/README.md", f"ann {PAGE}/blob/main/manifest.json",
        f"/datasets/ann/{LONG}/blob/main/{FOLDER}/{FOLDER}.txt",
    ],
    "/{owner:part}": ["/ann", "bob /bob"],
    "": [f"{PAGE}/viewer", f"cleo {PAGE}/viewer", "/nowhere"],  # refused
}  # fmt: skip
"""Every page of the hub: by its route, who looks at it, and where."""


def test_every_page(hub, person, watch, sample_messages):
    made = furnish(hub, sample_messages)
    browsers = {}
    found = {}
    for line in [line for lines in SHOWN.values() for line in lines]:
        name, _, path = line.rpartition(" ")
        if name not in browsers:
            browsers[name] = person(name)
            if name in made.sessions:
                browsers[name].context.add_cookies(
                    [{"name": sessions.COOKIE, "value": made.sessions[name], "url": watch.url}]
                )
        page = browsers[name].page
        status = browsers[name].go(
            path.format(**{**made._asdict(), "last": made.last.id, "first": made.first.id})
        )
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                wrong = page.evaluate(PROBLEMS)
                if wrong:
                    found[line, width] = wrong
                if os.environ.get("LOOK") and (scheme == "light" or width == 1280):
                    page.screenshot(
                        path=f"{os.environ['LOOK']}/{line.strip('/').replace('/', '_').replace(' ', '-')[:70]}-{scheme}-{width}.png",
                        full_page=True,
                    )
            n, least = page.evaluate(CONTRAST)
            if least < 4.5:
                found[line, scheme] = least
    for k, v in found.items():
        print(k, v)
    assert not found
