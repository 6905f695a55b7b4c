"""The page of a dataset or a model: its card, what there is to know of it, and how to have it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth.authentication import Caller, authenticate
from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.addresses import repo_of, repo_pages
from pairsmith.hub.licensing import licences, offers, orders
from pairsmith.hub.repos import card, downloads, files, history
from pairsmith.hub.repos.card import Card
from pairsmith.hub.repos.files import Totals
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.readme import read_card
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.viewer.first import NONE
from pairsmith.hub.web import leading
from pairsmith.hub.web.gate import gate_view
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.requests import Request

TAGS = 60  # that are shown
MAX_TAG_CHARS = 100  # characters of a tag that are shown
SUBSETS = 200  # that are looked for
LOADERS = {  # how classes end that load models of a task
    "text-classification": "SequenceClassification",
    "text-generation": "CausalLM",
    "token-classification": "TokenClassification",
    "fill-mask": "MaskedLM",
}


def dataset(request: Request) -> HTMLResponse:
    """`GET /datasets/{owner}/{name}`, `GET /{owner}/{name}`: to all who may know of it."""
    hub, who = hub_of(request), authenticate(request)
    with hub.database.read() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        head = history.head(db, repo, history.MAIN)
        totals = files.totals(db, head) if head else Totals(0, 0, True)
        read = read_card(hub, db, head) if head else Card()
        readme = files.named(db, head, card.NAME) if head else None
        load = _how_to_load(db, repo, head, read)
        access_options = _access_options(db, hub, repo, who)
        loads = downloads.last_month(db, repo)
    reads = access_options["standing"].reads
    lead = leading.lead_of(hub, who, repo, head, read) if reads else NONE
    example = leading.example_of(readme, read) if repo.gate != "off" and not lead.rows else NONE
    return page(
        request,
        "dataset.html.jinja",
        who,
        repo=repo,
        card=read,
        readme=readme,
        licence=card.licence(read, repo.page),
        tags=_tags(read),
        totals=totals,
        downloads=loads,
        load=load,
        lead=lead,
        example=example,
        **access_options,
    )


def _access_options(db: sqlite3.Connection, hub: Hub, repo: Repo, who: Caller) -> dict[str, Any]:
    """What `_gate.html.jinja` and `_offers.html.jinja` want: the ways to be let in."""
    return {
        **gate_view(db, hub, repo, who)._asdict(),
        "offers": offers.active(db, repo),
        "active_licences": licences.active(db, repo, who.user),
        "refused": orders.refused(db, repo, who.user),
    }


def _how_to_load(db: sqlite3.Connection, repo: Repo, head: Commit | None, read: Card) -> str:
    if repo.kind == "model":
        return how_to_load_model(repo, read)
    return how_to_load(repo, _subset(db, head, read) if head else "")


def how_to_load_model(repo: Repo, read: Card) -> str:
    """The lines with which someone else loads a model, by what its card says of it."""
    library, task = read.data.get("library_name"), read.data.get("pipeline_tag")
    name = _quoted(repo.full_name)
    if library not in ("transformers", "peft"):
        return f"from huggingface_hub import snapshot_download\n\nsnapshot_download({name})"
    known = LOADERS.get(task) if isinstance(task, str) else None
    loader = ("AutoPeftModelFor" if library == "peft" else "AutoModelFor") + known if known else ""
    loader = loader or ("AutoPeftModel" if library == "peft" else "AutoModel")
    return f"from {library} import {loader}\n\n{loader}.from_pretrained({name})"


def how_to_load(repo: Repo, subset: str) -> str:
    """The lines with which someone else loads the dataset, and one subset where it has some."""
    lines = ["from datasets import load_dataset", "", f'load_dataset("{repo.full_name}")']
    if subset:
        lines.append(f'load_dataset("{repo.full_name}", data_dir={_quoted(subset)})')
    return "\n".join(lines)


def _subset(db: sqlite3.Connection, head: Commit, read: Card) -> str:
    """The first subset of the card that is a folder; '' where none is."""
    names = [config.name for config in card.configs(read)[:SUBSETS] if "/" not in config.name]
    there = files.are_folders(db, head, names)
    return next((name for name in names if name in there), "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tags(read: Card) -> list[str]:
    """The tags in short: `en`, not `language:en`; the licence stands elsewhere."""
    told = [tag.partition(":") for tag in card.tags(read) if not tag.startswith("license:")]
    short = [value if key in card.FACETS else key + colon + value for key, colon, value in told]
    return [tag[:MAX_TAG_CHARS] for tag in short[:TAGS]]


routes: list[BaseRoute] = [*repo_pages("", dataset)]
