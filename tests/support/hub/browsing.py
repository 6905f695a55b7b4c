"""People at a served hub: each with a browser, and with programs that they run elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PASSWORD = "correct horse battery"
FULL_NAMES = {  # of those whom `furnished.furnish` knows
    "ann": "Ann Archer",
    "bob": "Bob Baker",
    "cleo": "Cleo Cook",
    "dan": "Dan Diver",
    "eve": "Eve Elm",
}
LOAD = "import sys; from datasets import load_dataset; print(load_dataset(*sys.argv[1:]).num_rows)"
FETCH = """import sys
from huggingface_hub import hf_hub_download
print(hf_hub_download(*sys.argv[1:], repo_type="dataset"))"""
SEND = """import sys
from huggingface_hub import HfApi
repo, path, text = sys.argv[1:]
api = HfApi()
api.upload_file(
    repo_id=repo, repo_type="dataset", path_in_repo=path, path_or_fileobj=text.encode())"""


@dataclass
class Watch:
    """What browsers complained of, and asked of other hosts, while they looked at a hub."""

    url: str
    said: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def over(self, context: Any) -> None:
        """Watches all pages of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda found: self.said.append(str(found.error)))
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: Any) -> None:
        if not message.text.startswith("Failed to load resource"):  # see _response
            self.said.append(message.text)

    def _request(self, request: Any) -> None:
        split = urlsplit(request.url)
        if split[:2] != urlsplit(self.url)[:2] and split.scheme in ("http", "https"):
            self.elsewhere.append(request.url)

    def _response(self, response: Any) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.said.append(f"{response.status} {response.url}")


class Person:
    """Somebody with a browser, which may run no scripts."""

    def __init__(self, browser: Any, watch: Watch, name: str, scripts: bool = True) -> None:
        self.name, self.url = name, watch.url
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900},
            java_script_enabled=scripts,
            reduced_motion="reduce",  # colours change at once
        )
        watch.over(self.context)
        self.page = self.context.new_page()

    def go(self, path: str) -> int:
        """Opens a page of the hub; its status."""
        return int(self.page.goto(self.url + path).status)

    def press(self, button: str) -> None:
        """Presses the button of these words."""
        self.page.get_by_role("button", name=button, exact=True).click()

    def follow(self, link: str) -> None:
        """Follows the first link of these words."""
        self.page.get_by_role("link", name=link, exact=True).first.click()

    def fill(self, answers: dict[str, str]) -> None:
        """Fills fields in, by their labels."""
        for label, answer in answers.items():
            self.page.get_by_label(label, exact=True).fill(answer)

    def choose(self, label: str, option: str) -> None:
        """Takes an option of the menu whose label begins so."""
        labels = self.page.locator("label").filter(has_text=re.compile(rf"^\s*{re.escape(label)}"))
        labels.locator("select").first.select_option(option)

    def said(self, text: str) -> str:
        """The words of the page, once this is among them."""
        self.page.locator("main").get_by_text(text).first.wait_for()
        return str(self.page.locator("main").inner_text())

    def row(self, text: str) -> Any:
        """The first row of a table with this text."""
        return self.page.locator("tbody tr").filter(has_text=text).first

    def answer(self, user: str, button: str, reason: str = "") -> None:
        """Answers a user's request, or ends their licence, in their row."""
        if reason:
            folded = self.row(user).get_by_text("Give a reason", exact=True)
            if folded.count():
                folded.click()
            self.row(user).get_by_label(f"Reason, told to {user}").fill(reason)
        self.row(user).get_by_role("button", name=button, exact=True).click()

    def join(self) -> None:
        """Makes an account."""
        self.go("/join")
        self.fill(
            {
                "Name": self.name,
                "Full name": FULL_NAMES.get(self.name, self.name.title()),
                "E-mail": f"{self.name}@example.org",
                "Password": PASSWORD,
                "Password, again": PASSWORD,
            }
        )
        self.press("Join")
        self.header(self.name).wait_for()

    def sign_in(self, password: str = PASSWORD) -> None:
        """Tries to sign in."""
        self.go("/login")
        self.fill({"Name": self.name, "Password": password})
        self.press("Sign in")

    def header(self, text: str) -> Any:
        """What stands so in the bar on top."""
        return self.page.locator("header.top").get_by_text(text, exact=True).first

    def token(self, role: str = "reading") -> str:
        """Makes a token, and copies it from the page."""
        self.go("/settings/tokens")
        self.fill({"Name": f"for {role}"})
        self.choose("For", role)
        self.press("Make a token")
        return str(self.page.locator(".made pre").first.inner_text()).strip()

    def download(self, link: str) -> bytes:
        """What the link of these words gives as a file."""
        with self.page.expect_download() as caught:
            self.follow(link)
        return Path(caught.value.path()).read_bytes()


class Programs:
    """What people run elsewhere, each run with a home and a cache of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder, self.runs = url, folder, 0

    def run(self, token: str, *command: str) -> tuple[int, str]:
        """Runs Python with a token; its status and all that it printed."""
        self.runs += 1
        home = self.folder / f"home-{self.runs}"
        home.mkdir()
        done = subprocess.run(
            [sys.executable, *command],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
                "HOME": str(home),
                "HF_HOME": str(home / "hf"),
                "HF_ENDPOINT": self.url,
                "HF_TOKEN": token,
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "NO_PROXY": "127.0.0.1",
                "LANG": "C.UTF-8",
            },
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def load(self, token: str, *names: str) -> tuple[int, str]:
        """`load_dataset(*names)`, printing how many rows each split has."""
        return self.run(token, "-c", LOAD, *names)

    def fetch(self, token: str, repo: str, path: str) -> tuple[int, str]:
        """`hf_hub_download` of one file."""
        return self.run(token, "-c", FETCH, repo, path)

    def send(self, token: str, repo: str, path: str, text: str) -> None:
        """`upload_file` of a text."""
        status, said = self.run(token, "-c", SEND, repo, path, text)
        assert status == 0, said

    def publish(self, token: str, out: Path, repo: str, *options: str) -> str:
        """`pairsmith publish`; what it printed."""
        status, said = self.run(token, "-m", "pairsmith", "publish", str(out), repo, *options)
        assert status == 0, said
        return said
