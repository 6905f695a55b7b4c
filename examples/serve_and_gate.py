"""A gated dataset on a hub of this machine: `python examples/serve_and_gate.py`.

Needs the extra `hub`, and datasets. Bob is refused, asks on the dataset's page, is let in, loads.
"""

import os
import re
import sys
from contextlib import ExitStack
from subprocess import PIPE, Popen, check_output
from tempfile import TemporaryDirectory
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pairsmith

PASSWORD = os.environ["PAIRSMITH_HUB_PASSWORD"] = "correct horse battery staple"
COMMAND = [sys.executable, "-m", "pairsmith"]


def run(*words: str) -> str:
    """Runs a command of `pairsmith hub`; what it prints."""
    return check_output([*COMMAND, "hub", *words], text=True).strip()


def send(browser: OpenerDirector, page: str, to: str, **answers: str) -> None:
    """Sends the form of a page, with what is hidden in it, as a browser does."""
    hidden = re.findall(r'name="(csrf|form)" value="([^"]*)"', browser.open(page).read().decode())
    browser.open(to, urlencode([*hidden, *answers.items()]).encode())


def share(url: str, folder: str, ann: str, bob: str) -> None:
    """Ann publishes, Bob asks, Ann lets him in, Bob loads."""
    os.environ.update(HF_ENDPOINT=url, HF_TOKEN=ann, HF_HOME=f"{folder}/cache")
    from datasets import exceptions, load_dataset  # which read the environment once
    from huggingface_hub import HfApi

    pairsmith.build("sample", f"{folder}/hh", template="llama2")
    print("published:", pairsmith.publish(f"{folder}/hh", "ann/hh", gated="manual").gated)
    try:
        load_dataset("ann/hh", token=bob)
    except exceptions.DatasetNotFoundError as error:
        print("refused:", str(error).splitlines()[0])
    page, browser = f"{url}/datasets/ann/hh", build_opener(HTTPCookieProcessor())
    send(browser, f"{url}/login", f"{url}/login", name="bob", password=PASSWORD)
    send(browser, page, f"{page}/ask-access")
    HfApi().accept_access_request("ann/hh", "bob", repo_type="dataset")
    print("loaded:", load_dataset("ann/hh", token=bob).num_rows)


if __name__ == "__main__":
    with TemporaryDirectory() as folder, ExitStack() as stack:
        hub = f"{folder}/hub"
        print(run("user", "add", hub, "ann"), run("user", "add", hub, "bob"))
        ann, bob = run("token", "add", hub, "ann", "--write"), run("token", "add", hub, "bob")
        server = stack.enter_context(Popen([*COMMAND, "serve", hub, "--port=0"], stderr=PIPE))
        stack.callback(server.terminate)
        url = next(word for line in server.stderr for word in line.split() if b"http:" in word)
        share(url.decode(), folder, ann, bob)
