"""Every route of the hub, whom it is for, and what is tried at it.

`tests/hub/test_routes.py` makes the calls. A new route fails there until it is listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from urllib.parse import urlencode

from pairsmith.hub.http.addresses import KINDS, Kind
from support.hub.collection_doors import COLLECTIONS
from support.hub.stage import ABSENT, FIELD, HIDDEN, Stage, held_as
from support.hub.tricks import INNER, REVISIONS, TRICKS

PULL = "refs%2Fpr%2F2"  # a pull request that changes data
QUERIES = {  # what is asked besides
    "{num:part}": ("?diff=1",),
    "viewer": (
        "?revision=refs/pr/2",
        "?q=MARK",
        "?page=1",
        "?revision={old}&q=of",
        "?config=default&split=train",
        "?sort=chosen&way=down",
        "?id=MARK&note=MARK",
    ),
    "columns": ("?revision={old}", "?config=default&split=train"),
    "tree": ("?recursive=true&expand=true",),
    "datasets": (
        "?search={name}", "?author=ann", "?q={name}", "?filter=mit&full=true&sort=downloads",
    ),
    "parquet": ("?dataset=ann/{name}", "?dataset=ann%2F{name}&config=default"),
    "splits": ("?dataset=ann/{name}",),
    "is-valid": ("?dataset=ann/{name}",),
    "rows": ("?dataset=ann/{name}&config=default&split=train", "?dataset=ann%2F{name}&length=9"),
    "first-rows": ("?dataset=ann/{name}&config=default&split=train",),
    "size": ("?dataset=ann/{name}",),
    "info": ("?dataset=ann/{name}", "?dataset=ann/{name}&config=default"),
    "models": ("?search={name}", "?license=mit&expand=cardData"),
}  # fmt: skip
VALUES = {  # what stands in the place of each part of an address
    "organization": ("ann", "guild"),
    "config": ("default",),
    "split": ("train",),
    "file": ("0.parquet",),
    "path": INNER + TRICKS,
    "revision": REVISIONS,
    "branch": ("main", "old%2Fstate"),
    "status": ("pending", "accepted", "rejected"),
    "offer": ("{offer}",),
    "number": ("{licence}",),
    "at": ("{offer}", "{licence}"),
    "signed": ("{link}", "{upload}"),
    "part": ("1",),
    "upload": ("{cas}",),
    "prefix": ("default",),
    "secret": ("{link}",),
    "hash": ("{blob}",),
    "report": ("explore", "audit"),
    "num": ("1", "2", "3", "x"),
    "conversation": ("x",),
    "place": ("task", "talk/x", "quality", "disagreements/x", "../people"),
    "comment": ("{comment}",),
    "attachment": ("{attachment}",),
    "rest": ("x", "../api/datasets/ann/" + HIDDEN),
}
FEWER_VALUES = {  # the same for models, whose endpoints are the same
    **VALUES,
    "path": ("data/train.txt", "README.md", "data/../data/train.txt", "%2e%2e/{other}/x"),
    "revision": ("main", "{old}", "v1"),
}
FORM = {
    "user": "stranger", "confirm": "{name}", "owner": "ann", "whom": "stranger", "role": "admin",
    "invitation": "1", "notice": "1", "mute": "yes", "reply": "accept", "name": "{name}",
    "q": "MARK", "title": "A title", "text": "A comment", "row": "1", "config": "default",
    "split": "train", "status": "accepted", "visibility": "public", "gate": "off",
    "file": "data/train.txt", "side": "own", "shown": "{new}",
}  # fmt: skip
BODIES: dict[str, bytes] = {  # what is sent there; a form where nothing is said
    "/api/repos/create": b'{"name": "{name}", "organization": "ann", "type": "{kind}"}',
    "/api/repos/move": b'{"fromRepo": "ann/{name}", "toRepo": "ann/{name}", "type": "{kind}"}',
    "/api/repos/delete": b'{"name": "{name}", "organization": "ann", "type": "{kind}"}',
    "settings": b'{"gated": false, "visibility": "public"}',
    "preupload": b'{"files": [{"path": "data/train.txt", "size": 1, "sample": ""}]}',
    "commit": b'{"key": "header", "value": {"summary": "x"}}\n'
    b'{"key": "lfsFile", "value": {"path": "x", "algo": "sha256", "oid": "{blob}"}}',
    "paths-info": b"paths=data&paths=data/train.txt&expand=true",
    "branch": b'{"startingPoint": "{old}"}',
    "tag": b'{"tag": "v2"}',
    "batch": b'{"operation": "download", "transfers": ["basic"],'
    b' "objects": [{"oid": "{blob}", "size": 1}]}',
    "handle": b'{"user": "stranger", "status": "accepted"}',
    "grant": b'{"user": "stranger"}',
    "discussions": b'{"title": "A title", "description": "x", "comment": "x", "content": "x",'
    b' "status": "closed"}',
    "validate-yaml": b'{"content": "", "repoType": "dataset"}',
    "complete": b'{"oid": "{blob}", "parts": []}',
    "verify": b"{}",
}
# whom a route is for: "data" for those who may read; "card" for all who may see the repository;
# "write" and "admin" for those with that role in it; "owner" for whose it is, whatever their role,
# such as an upload; "self" for what is not about one repository
ROUTES: dict[str, str] = {}
# those that are there for datasets alone; each other one about a dataset has its like for models
DATASETS_ALONE = ("viewer", "reports", "parquet", "croissant")
MODELS = set()
for line in (
    """
data GET /datasets/{owner:part}/{name:part}/resolve/{revision:part}/{path:inner}
self GET /api/whoami-v2
self GET /api/settings/repositories
self GET /api/organizations/{organization:part}/settings/repositories
self GET /api/agent-harnesses
self GET /api/telemetry/{rest:inner}
self GET /api/datasets
self GET /api/models
data GET /api/datasets/{owner:part}/{name:part}/parquet
data GET /api/datasets/{owner:part}/{name:part}/croissant
data GET /api/datasets/{owner:part}/{name:part}/parquet/{config:part}
data GET /api/datasets/{owner:part}/{name:part}/parquet/{config:part}/{split:part}
data GET /api/datasets/{owner:part}/{name:part}/parquet/{config:part}/{split:part}/{file:part}
data GET /datasets-server/parquet
data GET /datasets-server/splits
data GET /datasets-server/is-valid
data GET /datasets-server/rows
data GET /datasets-server/first-rows
data GET /datasets-server/size
data GET /datasets-server/info
self POST /api/repos/create
admin DELETE /api/repos/delete
admin POST /api/repos/move
card GET /api/datasets/{owner:part}/{name:part}
card GET /api/datasets/{owner:part}/{name:part}/revision/{revision:part}
data GET /api/datasets/{owner:part}/{name:part}/auth-check
write GET /api/datasets/{owner:part}/{name:part}/auth-check/write
admin PUT /api/datasets/{owner:part}/{name:part}/settings
card GET /api/datasets/{owner:part}/{name:part}/tree/{revision:part}
card GET /api/datasets/{owner:part}/{name:part}/tree/{revision:part}/{path:inner}
card POST /api/datasets/{owner:part}/{name:part}/paths-info/{revision:part}
card GET /api/datasets/{owner:part}/{name:part}/commits/{revision:part}
card GET /api/datasets/{owner:part}/{name:part}/refs
write POST /api/datasets/{owner:part}/{name:part}/branch/{branch:part}
write DELETE /api/datasets/{owner:part}/{name:part}/branch/{branch:part}
write POST /api/datasets/{owner:part}/{name:part}/tag/{revision:part}
write DELETE /api/datasets/{owner:part}/{name:part}/tag/{revision:part}
write POST /api/datasets/{owner:part}/{name:part}/preupload/{revision:part}
write POST /api/datasets/{owner:part}/{name:part}/commit/{revision:part}
self POST /api/validate-yaml
card GET /api/datasets/{owner:part}/{name:part}/discussions
card POST /api/datasets/{owner:part}/{name:part}/discussions
card GET /api/datasets/{owner:part}/{name:part}/discussions/{num:part}
card POST /api/datasets/{owner:part}/{name:part}/discussions/{num:part}/comment
card POST /api/datasets/{owner:part}/{name:part}/discussions/{num:part}/comment/{comment:part}/edit
card POST /api/datasets/{owner:part}/{name:part}/discussions/{num:part}/comment/{comment:part}/hide
card POST /api/datasets/{owner:part}/{name:part}/discussions/{num:part}/title
card POST /api/datasets/{owner:part}/{name:part}/discussions/{num:part}/status
write POST /api/datasets/{owner:part}/{name:part}/discussions/{num:part}/merge
data POST /datasets/{owner:part}/{name:part}.git/info/lfs/objects/batch
data GET /lfs/object/{signed:part}
self PUT /lfs/upload/{signed:part}
self PUT /lfs/upload/{signed:part}/{part:part}
self POST /lfs/complete/{signed:part}
self POST /lfs/verify/{signed:part}
admin POST /api/datasets/{owner:part}/{name:part}/user-access-request/handle
admin POST /api/datasets/{owner:part}/{name:part}/user-access-request/grant
admin GET /api/datasets/{owner:part}/{name:part}/user-access-request/{status:part}
write GET /api/datasets/{owner:part}/{name:part}/xet-write-token/{revision:part}
data GET /api/datasets/{owner:part}/{name:part}/xet-read-token/{revision:part}
owner GET /cas/{upload:part}/v1/chunks/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/v1/xorb-grants/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/v1/xorbs/default/{hash:part}
owner GET /cas/{upload:part}/chunk/{prefix:part}/{hash:part}
owner GET /cas/{upload:part}/chunks/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/xorb/default/{hash:part}
owner POST /cas/{upload:part}/xorbs/default/{hash:part}
owner POST /cas/{upload:part}/shard/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/shards
owner POST /cas/{upload:part}/v1/shards
owner POST /cas/{upload:part}/v2/shards
self GET /
self GET /datasets
self GET /models
self GET /{owner:part}
self GET /favicon.ico
self POST /uploads
card GET /uploads/{attachment:part}
self GET /robots.txt
self GET /static/{name:part}
self GET /mail/stop/{secret:part}
self POST /mail/stop/{secret:part}
self GET /notifications
self POST /notifications
self GET /settings/access
self GET /settings/password
card GET /datasets/{owner:part}/{name:part}
card GET /datasets/{owner:part}/{name:part}/tree/{revision:part}
card GET /datasets/{owner:part}/{name:part}/tree/{revision:part}/{path:inner}
card GET /datasets/{owner:part}/{name:part}/blob/{revision:part}/{path:inner}
data GET /datasets/{owner:part}/{name:part}/edit/{revision:part}/{path:inner}
data POST /datasets/{owner:part}/{name:part}/edit/{revision:part}/{path:inner}
data GET /datasets/{owner:part}/{name:part}/new/{revision:part}
data POST /datasets/{owner:part}/{name:part}/new/{revision:part}
data GET /datasets/{owner:part}/{name:part}/upload/{revision:part}
data POST /datasets/{owner:part}/{name:part}/upload/{revision:part}
data GET /datasets/{owner:part}/{name:part}/change/{revision:part}/{path:inner}
data POST /datasets/{owner:part}/{name:part}/rename/{revision:part}/{path:inner}
data POST /datasets/{owner:part}/{name:part}/delete/{revision:part}/{path:inner}
card GET /datasets/{owner:part}/{name:part}/commits/{revision:part}
card GET /datasets/{owner:part}/{name:part}/commit/{revision:part}
card POST /datasets/{owner:part}/{name:part}/ask-access
card GET /datasets/{owner:part}/{name:part}/discussions
card POST /datasets/{owner:part}/{name:part}/discussions
card GET /datasets/{owner:part}/{name:part}/discussions/new
card GET /datasets/{owner:part}/{name:part}/discussions/{num:part}
card GET /datasets/{owner:part}/{name:part}/discussions/{num:part}/files
card POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/comment
card POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/mute
write GET /datasets/{owner:part}/{name:part}/discussions/{num:part}/comment/{comment:part}/versions
card POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/comment/{comment:part}/edit
card POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/comment/{comment:part}/hide
card POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/title
card POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/status
data POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/reconcile
write POST /datasets/{owner:part}/{name:part}/discussions/{num:part}/merge
data GET /datasets/{owner:part}/{name:part}/viewer
data GET /datasets/{owner:part}/{name:part}/viewer/columns
data GET /datasets/{owner:part}/{name:part}/reports/{report:part}
data GET /datasets/{owner:part}/{name:part}/reports/{report:part}/frame/{revision:part}
admin GET /datasets/{owner:part}/{name:part}/settings
admin GET /datasets/{owner:part}/{name:part}/settings/requests
admin GET /datasets/{owner:part}/{name:part}/settings/requests.csv
admin GET /datasets/{owner:part}/{name:part}/settings/record.csv
admin GET /datasets/{owner:part}/{name:part}/settings/usage
admin GET /datasets/{owner:part}/{name:part}/settings/usage.csv
admin POST /datasets/{owner:part}/{name:part}/settings/requests
admin POST /datasets/{owner:part}/{name:part}/settings/requests/grant
admin POST /datasets/{owner:part}/{name:part}/settings/visibility
admin POST /datasets/{owner:part}/{name:part}/settings/gate
admin POST /datasets/{owner:part}/{name:part}/settings/move
admin GET /datasets/{owner:part}/{name:part}/settings/people
admin POST /datasets/{owner:part}/{name:part}/settings/people/invite
admin POST /datasets/{owner:part}/{name:part}/settings/people/role
admin POST /datasets/{owner:part}/{name:part}/settings/people/withdraw
card POST /datasets/{owner:part}/{name:part}/leave
self GET /settings/invitations
self POST /settings/invitations
self GET /settings/organizations
self POST /settings/organizations
self GET /settings/organizations/{organization:part}
self POST /settings/organizations/{organization:part}/invite
self POST /settings/organizations/{organization:part}/role
self POST /settings/organizations/{organization:part}/withdraw
self POST /settings/organizations/{organization:part}/leave
self GET /api/organizations/{organization:part}/overview
self GET /api/organizations/{organization:part}/members
admin POST /datasets/{owner:part}/{name:part}/settings/delete
self POST /stripe/webhook
self GET /new
self POST /new
self GET /join
self POST /join
self GET /login
self POST /login
self POST /logout
self GET /settings/profile
self POST /settings/profile
self POST /settings/password
self GET /login/code
self POST /login/code
self GET /login/help
self POST /login/help
self GET /login/link
self POST /login/link
self GET /login/link/{secret:part}
self POST /settings/profile/confirm
self POST /settings/profile/notices
self GET /settings/two-factors
self POST /settings/two-factors
self POST /settings/two-factors/begin
self POST /settings/two-factors/codes
self POST /settings/two-factors/off
self GET /settings/security
self POST /settings/security/end
self POST /settings/security/end-others
self GET /settings/tokens
self POST /settings/tokens
self POST /settings/tokens/revoke
card GET /datasets/{owner:part}/{name:part}/buy/{offer:part}
card POST /datasets/{owner:part}/{name:part}/buy/{offer:part}
self GET /settings/licences
owner GET /licences/{number:part}
owner POST /licences/{number:part}/seats
admin GET /datasets/{owner:part}/{name:part}/settings/licences
admin POST /datasets/{owner:part}/{name:part}/settings/licences
admin GET /datasets/{owner:part}/{name:part}/settings/licences.csv
admin POST /datasets/{owner:part}/{name:part}/settings/licences/grant
admin POST /datasets/{owner:part}/{name:part}/settings/licences/settle
admin POST /datasets/{owner:part}/{name:part}/settings/licences/revoke/{at:part}
admin GET /datasets/{owner:part}/{name:part}/settings/licences/offers/{at:part}
admin POST /datasets/{owner:part}/{name:part}/settings/licences/offers/{at:part}
admin POST /datasets/{owner:part}/{name:part}/settings/licences/offers/{at:part}/active
""".strip().splitlines()
    + COLLECTIONS
):
    whom, route = line.split(" ", 1)
    ROUTES[route] = whom
    if "/datasets/{owner:part}" in route and not set(DATASETS_ALONE) & set(route.split("/")):
        start = "/api/models/{owner:part}" if "/api/" in route else "/{owner:account}"
        route = re.sub("(?:/api)?/datasets/{owner:part}", start, route)
        ROUTES[route] = whom
        MODELS.add(route)

FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}  # as reports are asked for
RESOLVE = "GET /datasets/{owner:part}/{name:part}/resolve/{revision:part}/{path:inner}"
FEW_ADDRESSES = [route for route in ROUTES if "{path:inner}" not in route]
"""The routes that take no path, of which fewer tricks have to be tried."""


def filled(stage: Stage, text: str, name: str, kind: Kind = "dataset") -> str:
    """A text with what belongs to a repository in the place of {name}, {old}, {blob}, …"""
    other = HIDDEN if name == ABSENT else name
    held = held_as(kind, other)
    text = text.replace("{name}", name).replace("{other}", other).replace("{kind}", kind)
    for key in (
        "new",
        "old",
        "offer",
        "licence",
        "link",
        "upload",
        "cas",
        "blob",
        "comment",
        "attachment",
    ):
        text = text.replace("{" + key + "}", stage.values[f"{held}:{key}"])
    return text.replace("{blob2}", stage.values[f"{held}:blob"][:2])


def addresses(path: str) -> list[str]:
    """The addresses of a route, its parts filled in every way but for the repository."""
    values = FEWER_VALUES if "/models/{owner:part}" in path or "{owner:account}" in path else VALUES
    path = re.sub("{owner:(?:part|account)}", "ann", path).replace("{name:part}", "{name}")
    parts = [part[1:-1].partition(":") for part in path.split("/") if ":" in part]
    found = []
    for one in product(*(values[name] for name, _, _ in parts)):
        address = path
        for (name, _, kind), value in zip(parts, one, strict=True):
            address = address.replace("{" + f"{name}:{kind}" + "}", value)
        found.append(address)
    found = found or [path]
    queries = QUERIES.get(path.rpartition("/")[2], ())
    return found + [address + query for address in found for query in queries]


def body_for(route: str) -> bytes:
    """What is sent to a route that programs call; b"" for a page, which takes a form."""
    path = route.partition(" ")[2]
    if not path.startswith(("/api/", "/cas/", "/lfs/")) and ".git/" not in path:
        return b""
    words = path.split("/")
    for key, sent in BODIES.items():
        if route.endswith(key) or key in words:
            return sent
    return b""


def kind_of(route: str) -> Kind:
    """The kind of repository that a route is about."""
    return "model" if route in MODELS else "dataset"


def calls(
    stage: Stage, route: str, name: str, callers: Mapping[str, list[dict[str, str]]] | None = None
) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """All that is tried at a route: who, where, with what headers and body."""
    method, path = route.split(" ")
    kinds = KINDS if b"{kind}" in body_for(route) else (kind_of(route),)
    people = (callers or stage.callers).items()
    for kind, (who, ways), address in product(kinds, people, addresses(path)):
        body = filled(stage, body_for(route).decode(), name, kind).encode()
        for way in ways:
            headers = {key: value for key, value in way.items() if key != FIELD}
            sent = body
            if method == "POST" and not path.startswith(("/api/", "/cas/", "/lfs/")) and not body:
                fields = {key: filled(stage, value, name, kind) for key, value in FORM.items()}
                sent = urlencode({**fields, "csrf": way.get(FIELD, "")}).encode()
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            yield who, filled(stage, address, name, kind), headers, sent
