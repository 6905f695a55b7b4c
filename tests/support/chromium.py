"""The system's Chromium, as the tests look at pages with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-component-update", "--disable-background-networking", "--disable-sync",
)  # fmt: skip
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = rgb(getComputedStyle(e).backgroundColor);
      if (found[3] === 255) return found;
    }
    throw new Error('nothing behind');
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || element.closest('svg')) continue;
    const pair = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    found.push((Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05));
  }
  return [found.length, Math.min(...found)];
}"""
"""How many elements of a page have text, and the least contrast of one with what is behind it."""

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
"""What is wrong with a page: wider than its window, fields without labels, ids twice, …"""


@contextmanager
def launched(*flags: str) -> Iterator:
    """Chromium, for as long as the block lasts; without one the test is skipped."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not os.access(CHROMIUM, os.X_OK):
        pytest.skip(f"pages are looked at in Chromium, and there is no {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *flags])
        yield opened
        opened.close()


STICKS_OUT = """[...document.querySelectorAll('main *')].filter(e => !e.closest('.wide, svg') &&
    e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
"""What reaches beyond the window, but for wide tables, which scroll by themselves, and pictures."""


@contextmanager
def looking(browser, file):
    """Yields what opens a page on disk; afterwards nothing may be fetched or complained of."""
    pages, said, asked = [], [], []

    def open_file(width=1280, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        return page

    yield open_file
    assert said == []
    assert asked == [page.url.partition("#")[0] for page in pages]
    for page in pages:
        page.close()
