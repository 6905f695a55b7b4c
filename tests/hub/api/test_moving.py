"""Repositories that are renamed or moved: the stock client goes on by the old address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError

from pairsmith.hub.auth import users
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.repos import events, repos

OLD, NEW = "ann/oolong", "ann/green-tea"
PAGE = {"Accept": "text/html"}


def api_of(served, headers) -> HfApi:
    return HfApi(served, token=headers["Authorization"].removeprefix("Bearer "))


def without_form(page: str, name: str) -> str:
    """A page without what is new each time, and without the name that was asked for."""
    return re.sub(r'value="[^"]+"', "", page).replace(name, "")


def send_move(client, headers, was, now, kind="dataset"):
    body = {"fromRepo": was, "toRepo": now, "type": kind}
    return client.post("/api/repos/move", json=body, headers=headers)


@pytest.mark.parametrize("kind", ["dataset", "model"])
def test_the_stock_client_goes_on_by_the_old_address(served, account, hub, kind, tmp_path):
    _, ann = account("ann")
    api = api_of(served, ann)
    api.create_repo(OLD, repo_type=kind)
    api.upload_file(path_or_fileobj=b"steep", path_in_repo="a.txt", repo_id=OLD, repo_type=kind)
    api.move_repo(OLD, NEW, repo_type=kind)
    assert api.repo_info(OLD, repo_type=kind).id == NEW
    assert api.list_repo_files(OLD, repo_type=kind, revision="main") == ["a.txt"]
    # what changes it is led on too: a small file, and a large one by Git LFS
    api.upload_file(path_or_fileobj=b"leaf", path_in_repo="b.txt", repo_id=OLD, repo_type=kind)
    large = b"\0" * 1000
    api.upload_file(path_or_fileobj=large, path_in_repo="c.bin", repo_id=OLD, repo_type=kind)
    api.create_tag(OLD, tag="v1", repo_type=kind)
    got = hf_hub_download(
        *(OLD, "c.bin"), repo_type=kind, revision="v1", endpoint=served, token=api.token,
        local_dir=tmp_path,
    )  # fmt: skip
    assert Path(got).read_bytes() == large
    assert sorted(api.list_repo_files(NEW, repo_type=kind)) == ["a.txt", "b.txt", "c.bin"]
    # renamed again, and back: each address that it had leads to it
    api.move_repo(NEW, "ann/sencha", repo_type=kind)
    assert {api.repo_info(name, repo_type=kind).id for name in (OLD, NEW)} == {"ann/sencha"}
    api.move_repo("ann/sencha", OLD, repo_type=kind)
    assert {api.repo_info(name, repo_type=kind).id for name in (OLD, NEW)} == {OLD}
    # until the name is taken anew
    api.create_repo(NEW, repo_type=kind)
    assert api.repo_info(NEW, repo_type=kind).id == NEW
    with pytest.raises(HfHubHTTPError, match="409"):
        api.move_repo(OLD, NEW, repo_type=kind)
    with pytest.raises(BadRequestError, match="cannot be"):
        api.move_repo(OLD, "ann/a..b", repo_type=kind)
    with hub.database.read() as db:
        moved = repos.find(db, kind, "ann", "oolong")
        said = [event.detail["now"] for event in events.recent(db, moved)]
    assert said == [OLD, "ann/sencha", NEW]


def test_pages_lead_on_with_what_was_asked_for(client, account):
    _, ann = account("ann")
    client.post("/api/repos/create", json={"name": "oolong", "type": "dataset"}, headers=ann)
    assert send_move(client, ann, OLD, NEW).json()["url"] == f"http://testserver/datasets/{NEW}"
    for path in ("", "/tree/main/a%2Fb?recursive=true", "/settings", "/blob/main/x%20y.txt"):
        for start in ("/datasets/", "/api/datasets/"):
            answer = client.get(start + OLD + path, headers={**PAGE, **ann}, follow_redirects=False)
            if answer.status_code not in (404, 405):  # no such page
                assert answer.status_code == 307
                assert answer.headers["location"] == start + NEW + path
    batch = f"/datasets/{OLD}.git/info/lfs/objects/batch"
    answer = client.post(batch, json={"operation": "download", "objects": []}, headers=ann,
                         follow_redirects=False)  # fmt: skip
    assert answer.headers["location"] == batch.replace(OLD, NEW)
    for host in ("testserver", "datasets-server.testserver"):
        path = "/size" if "server." in host else "/datasets-server/size"
        sent = {"host": host, **ann}
        answer = client.get(f"{path}?dataset={OLD}&config=a%2Fb", headers=sent,
                            follow_redirects=False)  # fmt: skip
        where = "dataset=ann%2Fgreen-tea&config=a%2Fb"
        assert (answer.status_code, answer.headers["location"]) == (307, f"{path}?{where}")
    # what names it otherwise than by its address is not led on, least of all to delete it
    gone = {"name": OLD, "type": "dataset"}
    assert client.request("DELETE", "/api/repos/delete", json=gone, headers=ann).status_code == 404
    assert send_move(client, ann, OLD, "ann/x").status_code == 404
    assert client.get(f"/api/datasets/{NEW}").status_code == 200


def test_the_old_address_of_a_private_one_tells_strangers_nothing(client, account):
    _, ann = account("ann")
    _, eve = account("eve")
    made = {"name": "oolong", "type": "dataset", "private": True}
    client.post("/api/repos/create", json=made, headers=ann)
    assert send_move(client, ann, OLD, NEW).status_code == 200
    for headers in (eve, {}, {**eve, **PAGE}):
        for path in ("/api/datasets/", "/datasets/"):
            old, none = (
                client.get(path + name, headers=headers, follow_redirects=False)
                for name in (OLD, "ann/absent")
            )
            assert old.status_code == none.status_code
            assert without_form(old.text, "oolong") == without_form(none.text, "absent")
            assert "green-tea" not in old.text + str(old.headers)
        old, none = (
            client.get(f"/datasets-server/size?dataset={name}", headers=headers,
                       follow_redirects=False)
            for name in (OLD, "ann/absent")
        )  # fmt: skip
        assert (old.status_code, old.text) == (none.status_code, none.text)
    assert client.get(f"/api/datasets/{OLD}", headers=ann).json()["id"] == NEW


def test_who_may_move_what_to_where(client, account, hub):
    _, ann = account("ann")
    eve_user, eve = account("eve")
    client.post("/api/repos/create", json={"name": "oolong", "type": "dataset"}, headers=ann)
    assert send_move(client, eve, OLD, "eve/oolong").status_code == 403
    assert send_move(client, ann, OLD, "eve/oolong").status_code == 403
    assert send_move(client, {}, OLD, NEW).status_code == 401
    for wrong in ("oolong", "a/b/c", "", "/"):
        assert send_move(client, ann, OLD, wrong).status_code in (400, 403)
    with hub.database.write() as db:
        repo = repos.find(db, "dataset", "ann", "oolong")
        db.execute("INSERT INTO collaborators VALUES (?, ?, 'admin', 0)", (repo.id, eve_user.id))
    assert send_move(client, eve, OLD, "ann/sencha").json()["id"] == "ann/sencha"
    assert send_move(client, eve, "ann/sencha", "eve/sencha").json()["id"] == "eve/sencha"


def test_requests_and_the_record_go_along_and_nobody_elses_do(client, account, hub):
    ann_user, ann = account("ann")
    bob, _ = account("bob")
    client.post("/api/repos/create", json={"name": "oolong", "type": "dataset"}, headers=ann)
    with hub.database.write() as db:
        repo = repos.find(db, "dataset", "ann", "oolong")
        requests.turn_gate(db, repo, ann_user, "manual")
        repo = repos.find(db, "dataset", "ann", "oolong")
        requests.ask(db, repo, bob, {}, read_form({}))
    send_move(client, ann, OLD, NEW)
    client.post("/api/repos/create", json={"name": "oolong", "type": "dataset"}, headers=ann)
    record = client.get(f"/datasets/{NEW}/settings/record.csv", headers=ann).text
    assert [row.split(",")[2] for row in record.split()[1:] if row.count(",") > 5] != []
    assert "asked" in record
    assert "moved" in record
    other = client.get(f"/datasets/{OLD}/settings/record.csv", headers=ann).text
    assert "bob" not in other
    waiting = client.get(f"/api/datasets/{NEW}/user-access-request/pending", headers=ann).json()
    assert [one["user"]["user"] for one in waiting] == ["bob"]
    with hub.database.read() as db:
        assert users.named(db, "bob") is not None


def test_a_repository_that_is_gone_is_not_led_to(served, account):
    _, ann = account("ann")
    api = api_of(served, ann)
    api.create_repo(OLD, repo_type="dataset")
    api.move_repo(OLD, NEW, repo_type="dataset")
    api.delete_repo(NEW, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.repo_info(OLD, repo_type="dataset")
