"""A collection begun: its folder first, then its place in the hub's database."""

from __future__ import annotations

import shutil

from pairsmith.collecting.collection import create_collection
from pairsmith.collecting.project import Project
from pairsmith.hub.auth.users import User
from pairsmith.hub.collections import registry
from pairsmith.hub.collections.registry import Collection
from pairsmith.hub.context import Hub
from pairsmith.hub.repos import quotas


def begin(hub: Hub, owner: User, name: str, project: Project) -> Collection:
    """Begins a collection.

    A hub that is killed on the way leaves a folder that no row knows, which goes a day later.

    Raises:
        HubError: 400 for a name that cannot be one; 403 where the owner has all the room they may;
            409 where they have one of that name, or too many; 507 where the disk is full.
    """
    registry.check_name(name)
    with hub.database.read() as db:
        quotas.check_collected(db, hub, owner.id)
    hub.blobs.room.check()
    folder = registry.new_folder(hub)
    try:
        create_collection(folder, project).close()
        with hub.database.write() as db:
            return registry.add(db, owner, name, folder.name, project.title, project.mode.value)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
