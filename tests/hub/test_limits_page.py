"""The page of the hub's limits says what the code does, and of every limit."""

from __future__ import annotations

from support import limits_page


def test_the_numbers_are_those_of_the_code():
    text = limits_page.PAGE.read_text(encoding="utf-8")
    assert limits_page.render_page(text) == text, "run python tests/support/limits_page.py"


def test_every_limit_is_on_the_page():
    named = limits_page.named(limits_page.PAGE.read_text(encoding="utf-8"))
    missing = sorted(set(limits_page.limits()) - named)
    assert not missing, f"docs/reference/hub-limits.md lacks a row for each of {missing}"
