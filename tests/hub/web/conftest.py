"""Datasets of ann's to look at: open, gated and private; and how a browser asks."""

from __future__ import annotations

import pytest

from pairsmith.hub.repos import repos
from support.hub.stock import commit_files

CARD = b"""---
pretty_name: Pets and their people
license: other
license_name: Pets Licence
license_link: LICENSE
tags: [dpo]
configs:
- {config_name: harmless-base, data_files: "harmless-base/*.parquet"}
---
# Pets

See the [terms](LICENSE) and ![a picture](img/pet.png).
"""
SECRET = b"the words of the data"


@pytest.fixture
def people(account):
    """The headers of ann, who owns everything, and of bob, who owns nothing; and of nobody."""
    ann, anns = account("ann")
    _, bobs = account("bob")
    return {"ann": anns, "bob": bobs, "nobody": {}, "account": ann}


@pytest.fixture
def get(client, people):
    """Asks for a page as a browser does."""

    def ask(path: str, who: str = "nobody", status: int = 200):
        headers = {"Accept": "text/html", **people[who]}
        answer = client.get(path, headers=headers, follow_redirects=False)
        assert answer.status_code == status, answer.text
        return answer

    return ask


@pytest.fixture
def dataset(hub, people):
    """Makes a dataset of ann's with these files."""

    def make(name, files=None, private=False, gate="off"):
        ann = people["account"]
        with hub.database.write() as db:
            repo = repos.create(db, ann, "dataset", name, private)
            repos.set_gate(db, repo, gate)
        default = {
            "README.md": CARD,
            "notes.txt": SECRET,
            "harmless-base/train.parquet": b"PAR1" + SECRET,
        }
        for contents in [default] if files is None else files:
            commit_files(hub, repo, ann, contents)
        with hub.database.read() as db:
            return repos.find(db, "dataset", "ann", name)

    return make
