"""pairsmith hub collection: collections of a hub, begun, listed and taken out by its host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pairsmith.cli.commands.accounts import MADE, AsJson, Root
from pairsmith.cli.common import with_common, with_printing
from pairsmith.cli.hub_command import HubCommand

Owner = Annotated[str, typer.Argument(metavar="OWNER", help="The name of the account.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The collection's name.")]

collection = typer.Typer(
    name="collection", help="Begin collections, list them, take out what people said.", **MADE
)


@collection.command("add", cls=HubCommand, short_help="Begin a collection.")
@with_common
def add_collection(
    root: Root,
    owner: Owner,
    name: Name,
    project: Annotated[Path, typer.Option(metavar="FILE", help="Its project, in YAML.")],
) -> None:
    """Begin a collection of an account's, who invites people on its pages."""
    from pairsmith.cli.commands.hosting import serving
    from pairsmith.collecting.project_file import read_project
    from pairsmith.errors import PairsmithError
    from pairsmith.hub.auth import users
    from pairsmith.hub.membership import organizations
    from pairsmith.hub.web.collecting.beginning import begin

    read = read_project(project)
    with serving(root) as hub:
        with hub.database.read() as db:
            found = users.named(db, owner) or organizations.find(db, owner)
        if found is None:
            raise PairsmithError(
                f"There is no account {owner!r}.", "`pairsmith hub user add` makes one."
            )
        made = begin(hub, found, name, read)
    typer.echo(f"{made.full_name} is a collection, at {made.page} of the hub.")


@collection.command("list", cls=HubCommand, short_help="List the collections.")
@with_printing
def list_collections(root: Root, as_json: AsJson = False) -> None:
    """List the collections: name, mode, title, and the folder where what people said lies.

    `pairsmith collect FOLDER --quality` and the like read that folder.
    """
    from pairsmith.cli.commands.hosting import serving
    from pairsmith.hub.collections import registry
    from pairsmith.text.sanitize import sanitize

    with serving(root) as hub:
        with hub.database.read() as db:
            found = registry.listed(db)
        folders = [str(registry.folder_of(hub, one)) for one in found]
    if as_json:
        held = zip(found, folders, strict=True)
        typer.echo(json.dumps([{**one._asdict(), "folder": folder} for one, folder in held]))
        return
    for one, folder in zip(found, folders, strict=True):
        closed = "  (closed)" if one.closed else ""
        typer.echo(sanitize(f"{one.full_name}  {one.mode}  {one.title}{closed}  {folder}"))


@collection.command("export", cls=HubCommand, short_help="Write what people said as a source.")
@with_common
def export_collection(
    root: Root,
    owner: Owner,
    name: Name,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or an empty folder.")],
) -> None:
    """Write all that people said in a collection as a source, which `pairsmith build` reads."""
    from pairsmith.cli.commands.hosting import serving
    from pairsmith.collecting.collection import open_collection
    from pairsmith.collecting.export import export
    from pairsmith.errors import PairsmithError
    from pairsmith.hub.collections import registry

    with serving(root) as hub:
        with hub.database.read() as db:
            found = registry.find(db, owner, name)
        if found is None:
            raise PairsmithError(
                f"There is no collection {owner}/{name}.",
                "`pairsmith hub collection list` lists them.",
            )
        with open_collection(registry.folder_of(hub, found)) as held:
            made = export(held, out)
    typer.echo(f"{out} holds {made.kept:,} rows of {owner}/{name}.")
