from __future__ import annotations

import httpx


def test_the_hub_answers_where_it_says_that_it_is(hub, served):
    assert hub.settings.public_url == served
    answer = httpx.get(f"{served}/nowhere", trust_env=False)
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
