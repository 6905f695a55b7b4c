"""The routes of collections; who may do what there is `tests/hub/web/collecting/test_doors.py`."""

from __future__ import annotations

COLLECTIONS = """
self GET /collections
self GET /collections/new
self POST /collections/new
self GET /collections/join
self POST /collections/join
self GET /collections/join/{secret:part}
self GET /collections/static/{file:part}
self GET /collections/{owner:part}/{name:part}
self GET /collections/{owner:part}/{name:part}/work
self GET /collections/{owner:part}/{name:part}/work/
self GET /collections/{owner:part}/{name:part}/work/{place:inner}
self GET /collections/{owner:part}/{name:part}/work/talk/{conversation:part}/progress
self POST /collections/{owner:part}/{name:part}/work/act
self GET /collections/{owner:part}/{name:part}/settings
self POST /collections/{owner:part}/{name:part}/settings
self POST /collections/{owner:part}/{name:part}/items
self POST /collections/{owner:part}/{name:part}/close
self POST /collections/{owner:part}/{name:part}/delete
self POST /collections/{owner:part}/{name:part}/reply
self POST /collections/{owner:part}/{name:part}/leave
self GET /collections/{owner:part}/{name:part}/source.zip
self GET /collections/{owner:part}/{name:part}/annotation.zip
self GET /collections/{owner:part}/{name:part}/people
self POST /collections/{owner:part}/{name:part}/people/invite
self POST /collections/{owner:part}/{name:part}/people/link
self POST /collections/{owner:part}/{name:part}/people/role
self POST /collections/{owner:part}/{name:part}/people/withdraw
""".strip().splitlines()
"""As `doors.ROUTES` has them: none is about a repository."""
