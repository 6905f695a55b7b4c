"""pairsmith serve: run a self-hosted hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    root: Annotated[
        Path,
        typer.Argument(metavar="ROOT", help="The folder of the hub; made where there is none."),
    ],
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="The port.")] = 8000,
    public_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where others reach it; by default where it listens."),
    ] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A server on this machine is in front.")
    ] = False,
    accel: Annotated[
        bool, typer.Option("--accel", help="That is nginx, and hands the files over.")
    ] = False,
    no_registration: Annotated[
        bool, typer.Option("--no-registration", help="Accounts are made by `hub user add` alone.")
    ] = False,
    room: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHO=SIZE,…",
            help="Room on the disk: user=20GB and repo=5GB hold at most so much, free=5GB stays.",
        ),
    ] = None,
) -> None:
    """Serve datasets to the stock clients, with gates and licences, from a folder.

    Stops on Ctrl-C. Needs the extra `hub`.
    """
    from pairsmith.cli.sizes import allotment
    from pairsmith.cli.startup import leave_within
    from pairsmith.cli.values import names_of
    from pairsmith.hub.server import PATIENCE
    from pairsmith.hub.server import serve as serve_hub

    registration = not no_registration
    serve_hub(
        root, host, port, public_url, behind_proxy, accel, registration, allotment(names_of(room))
    )
    leave_within(PATIENCE)  # a query of the viewer may still be running
