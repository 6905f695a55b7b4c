"""A browser as far as the hub's pages need one: it keeps cookies and sends the forms it loaded."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

PASSWORD = "correct horse battery"
HIDDEN = re.compile(r'name="csrf" value="([^"]+)"')


class Browser:
    """One person's browser."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.get = client.get
        self.cookies = client.cookies

    def proof(self, path: str) -> str:
        """The hidden field of the forms of a page."""
        found = HIDDEN.search(self.get(path).text)
        assert found, f"{path} has no form"
        return found[1]

    def send(self, path: str, page: str | None = None, **fields: str) -> Any:
        """Loads a page and sends a form of it, to `path`."""
        proved = {"csrf": self.proof(page or path), **fields}
        return self.client.post(path, data=proved)

    def sign_in(self, name: str = "ann", password: str = PASSWORD, **fields: str) -> Any:
        return self.send("/login", name=name, password=password, **fields)

    def signed_in(self) -> bool:
        return self.get("/settings/profile").status_code == 200
