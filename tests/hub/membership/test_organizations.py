"""Organizations: the stock client in one, who may do what there, and that an admin is left."""

from __future__ import annotations

import json

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from pairsmith.hub.auth import users
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.maintenance import accounts
from pairsmith.hub.membership import organizations, places
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.roles import Role

TEA = "guild/tea"


@pytest.fixture
def people(hub, account):
    """The guild: ann is its admin, will writes, rea reads; sue is a stranger."""
    made = {name: account(name) for name in ("ann", "will", "rea", "sue")}
    with hub.database.write() as db:
        guild = organizations.make(db, "guild", "The Guild", made["ann"][0])
        for name, role in (("will", Role.WRITE), ("rea", Role.READ)):
            places.give(db, places.of_organization(guild), "ann", made[name][0], role)
    return {name: headers for name, (_, headers) in made.items()}


def api_of(served, headers) -> HfApi:
    return HfApi(served, token=headers["Authorization"].removeprefix("Bearer "))


def upload(api: HfApi, text: bytes = b"steep") -> None:
    api.upload_file(path_or_fileobj=text, path_in_repo="a.txt", repo_id=TEA, repo_type="dataset")


def test_the_stock_client_works_in_an_organization(served, people, tmp_path):
    ann, will, rea, sue = (api_of(served, people[name]) for name in people)
    told = {api.whoami()["name"]: api.whoami()["orgs"] for api in (ann, will, rea, sue)}
    assert {name: [org["roleInOrg"] for org in orgs] for name, orgs in told.items()} == {
        "ann": ["admin"], "will": ["write"], "rea": ["read"], "sue": [],
    }  # fmt: skip
    assert told["will"][0]["name"] == "guild"
    ann.create_repo(TEA, repo_type="dataset", private=True)
    upload(will)
    for api in (rea, sue):
        with pytest.raises(HfHubHTTPError, match="40[34]"):
            upload(api)
        with pytest.raises(HfHubHTTPError, match="403"):
            api.create_repo("guild/other", repo_type="dataset")
    rea.hf_hub_download(TEA, "a.txt", repo_type="dataset", local_dir=tmp_path)
    assert (tmp_path / "a.txt").read_bytes() == b"steep"
    with pytest.raises(RepositoryNotFoundError):
        sue.dataset_info(TEA)
    assert [one.id for one in rea.list_datasets(author="guild")] == [TEA]
    assert list(sue.list_datasets(author="guild")) == []
    for api in (will, rea):
        with pytest.raises(HfHubHTTPError, match="403"):
            api.update_repo_settings(TEA, repo_type="dataset", gated="manual")
        with pytest.raises(HfHubHTTPError, match="403"):
            api.delete_repo(TEA, repo_type="dataset")
    ann.update_repo_settings(TEA, repo_type="dataset", gated="manual", private=False)
    members = [one.username for one in sue.list_organization_members("guild")]
    assert members == ["ann", "rea", "will"]
    seen = sue.get_organization_overview("guild")
    assert (seen.fullname, seen.num_users, seen.num_datasets) == ("The Guild", 3, 1)
    with pytest.raises(HfHubHTTPError, match="404"):
        sue.get_organization_overview("ann")
    # who makes one is an admin of it, and who moves one to the organization
    will.create_repo("guild/oolong", repo_type="dataset")
    will.update_repo_settings("guild/oolong", repo_type="dataset", gated="auto")
    will.create_repo("will/sencha", repo_type="model")
    will.move_repo("will/sencha", "guild/sencha", repo_type="model")
    will.update_repo_settings("will/sencha", repo_type="model", private=True)
    assert rea.model_info("guild/sencha").private
    # but not out of it, for that takes the role of an admin in what is moved
    with pytest.raises(HfHubHTTPError, match="403"):
        rea.move_repo("guild/sencha", "rea/sencha", repo_type="model")


def test_members_pass_the_gate_and_their_reads_are_on_record(client, people, hub):
    client.post("/api/repos/create", headers=people["ann"],
                json={"name": "tea", "organization": "guild", "type": "dataset"})  # fmt: skip
    text = [
        {"key": "header", "value": {"summary": "x"}},
        {"key": "file", "value": {"path": "a.txt", "content": "YQ==", "encoding": "base64"}},
    ]
    sent = "\n".join(map(json.dumps, text))
    client.post(f"/api/datasets/{TEA}/commit/main", content=sent, headers=people["will"])
    client.put(f"/api/datasets/{TEA}/settings", json={"gated": "manual"}, headers=people["ann"])
    url = f"/datasets/{TEA}/resolve/main/a.txt"
    statuses = {name: client.get(url, headers=headers).status_code
                for name, headers in people.items()}  # fmt: skip
    assert statuses == {"ann": 200, "will": 200, "rea": 200, "sue": 403}
    with hub.database.read() as db:
        log = events.recent(db, repos.find(db, "dataset", "guild", "tea"))
    assert [one.user for one in log if one.action == "read"] == ["rea", "will", "ann"]


def test_an_organization_always_has_an_admin(hub, people):
    with hub.database.write() as db:
        place = places.of_organization(organizations.find(db, "guild"))
        ann, rea = (users.named(db, name) for name in ("ann", "rea"))
        for less in (Role.NONE, Role.READ, Role.WRITE):
            with pytest.raises(HubError, match="always has an admin"):
                places.give(db, place, "ann", ann, less)
        places.give(db, place, "ann", rea, Role.ADMIN)
        accounts.suspend(db, rea)  # and is none who could do anything
        with pytest.raises(HubError, match="always has an admin"):
            places.give(db, place, "ann", ann, Role.NONE)
        accounts.restore(db, rea)
        places.give(db, place, "rea", ann, Role.NONE)
        assert {one.user: one.role for one in places.holders(db, place)} == {
            "rea": Role.ADMIN, "will": Role.WRITE,
        }  # fmt: skip


def test_nobody_is_an_organization(hub, people, client):
    """It is found as no person: nobody signs in as one, or lets one in, or gives it a token."""
    with hub.database.read() as db:
        assert users.named(db, "guild") is None
        assert users.credentials(db, "guild") is None
        assert "guild" not in {one.name for one in users.listed(db)}
    with hub.database.write() as db, pytest.raises(HubError, match="taken"):
        organizations.make(db, "SUE", "", users.named(db, "ann"))
    with hub.database.write() as db, pytest.raises(HubError, match="needs it"):
        organizations.make(db, "settings", "", users.named(db, "ann"))


def test_what_somebody_began_to_upload_ends_with_their_role(hub, people, client):
    client.post("/api/repos/create", headers=people["ann"],
                json={"name": "tea", "organization": "guild", "type": "dataset"})  # fmt: skip
    where = f"/api/datasets/{TEA}/xet-write-token/main"
    assert client.get(where, headers=people["will"]).status_code == 200
    with hub.database.write() as db:
        place = places.of_organization(organizations.find(db, "guild"))
        places.give(db, place, "ann", users.named(db, "will"), Role.READ)
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] == 0
    assert client.get(where, headers=people["will"]).status_code == 403


def test_who_is_taken_out_keeps_no_role_in_what_they_made(hub, people, client):
    made = {"name": "tea", "organization": "guild", "type": "dataset", "private": True}
    client.post("/api/repos/create", headers=people["will"], json=made)
    where = f"/api/datasets/{TEA}"
    with hub.database.write() as db:
        tea = repos.find(db, "dataset", "guild", "tea")
        place = places.of_organization(organizations.find(db, "guild"))
        will, sue = (users.named(db, name) for name in ("will", "sue"))
        places.give(db, places.of_repo(tea), "ann", sue, Role.READ)
        places.give(db, place, "ann", will, Role.READ)
    assert client.put(f"{where}/settings", json={}, headers=people["will"]).status_code == 200
    with hub.database.write() as db:
        places.give(db, place, "ann", will, Role.NONE)
        taken = [one.detail for one in events.recent(db, tea)[:2]]
    assert taken == [{"was": "read", "now": "none", "in": "guild"}, {"was": "admin", "now": "none"}]
    assert client.get(where, headers=people["will"]).status_code == 404
    assert client.get(where, headers=people["sue"]).status_code == 200, "who never was a member"
