"""A gated dataset, for everybody that it is gated for, and its owner's answers to them."""

import os
import shutil
from pathlib import Path

from case import ENDPOINT, TOKENS, refused, rows
from datasets import load_dataset
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

NAME, FILE = "ann/gated", "pairs/train-00000-of-00001.parquet"
PAGE = f"{ENDPOINT}/datasets/{NAME}"
LOADED = {"train": 2}
api = HfApi()


def forget():
    """Empties the caches: what a client has, it gives whoever asks, and no hub can reach it."""
    for name in ("hub", "datasets"):
        shutil.rmtree(Path(os.environ["HF_HOME"], name), ignore_errors=True)


def load(token, **kwargs):
    forget()
    return load_dataset(NAME, token=token, **kwargs)


def is_refused(token, status):
    """Every way to the data is closed, and those to what it is are open."""
    forget()
    with refused(GatedRepoError, status, PAGE):
        hf_hub_download(NAME, FILE, repo_type="dataset", token=token)
    with refused(GatedRepoError, status):
        api.auth_check(NAME, repo_type="dataset", token=token)
    with refused(GatedRepoError, status):
        snapshot_download(NAME, repo_type="dataset", token=token)
    with refused(DatasetNotFoundError, saying="gated"):
        load(token)
    with refused(DatasetNotFoundError, saying="gated"):
        load(token, streaming=True)
    try:
        HfFileSystem(token=token, skip_instance_cache=True).cat_file(f"datasets/{NAME}/{FILE}")
    except (HfHubHTTPError, OSError):
        pass
    else:
        raise AssertionError("the file system gave the data")
    assert api.dataset_info(NAME, token=token).gated == "manual"
    assert FILE in api.list_repo_files(NAME, repo_type="dataset", token=token)


is_refused(False, 401)
for user in ("bob", "pia", "rex", "rae"):  # a stranger, pending, rejected, revoked
    is_refused(TOKENS[user], 403)
is_refused("hf_" + "0" * 64, 401)  # a token of another hub is none here
for user in ("ann", "gil"):  # the owner, granted
    assert rows(load(TOKENS[user])) == LOADED
    assert len(list(load(TOKENS[user], split="train", streaming=True))) == 2
    api.auth_check(NAME, repo_type="dataset", token=TOKENS[user])

# what the owner is told
mine = {"repo_type": "dataset", "token": TOKENS["ann"]}
(pending,) = api.list_pending_access_requests(NAME, **mine)
assert (pending.username, pending.fullname, pending.email) == ("pia", "Pia", "pia@example.org")
assert (pending.status, pending.fields) == ("pending", {"Organisation": "A school"})
assert {r.username for r in api.list_accepted_access_requests(NAME, **mine)} == {"gil"}
assert "rex" in {r.username for r in api.list_rejected_access_requests(NAME, **mine)}
for token in (TOKENS["bob"], False):
    with refused(HfHubHTTPError, 403 if token else 401):
        list(api.list_pending_access_requests(NAME, repo_type="dataset", token=token))

# and what the owner answers
api.accept_access_request(NAME, "pia", **mine)
assert rows(load(TOKENS["pia"])) == LOADED
with refused(HfHubHTTPError, 404):
    api.accept_access_request(NAME, "pia", **mine)
api.reject_access_request(NAME, "pia", rejection_reason="not a school", **mine)
is_refused(TOKENS["pia"], 403)
api.cancel_access_request(NAME, "pia", **mine)
(pending,) = api.list_pending_access_requests(NAME, **mine)
assert pending.username == "pia"
is_refused(TOKENS["pia"], 403)
api.grant_access(NAME, "bob", **mine)
assert rows(load(TOKENS["bob"])) == LOADED
with refused(HfHubHTTPError, 400):
    api.grant_access(NAME, "bob", **mine)
with refused(HfHubHTTPError, 404):
    api.grant_access(NAME, "nobody", **mine)
with refused(HfHubHTTPError, 403):
    api.accept_access_request(NAME, "pia", repo_type="dataset", token=TOKENS["pia"])

# the gate opens for all, and closes again
api.update_repo_settings(NAME, gated=False, **mine)
assert rows(load(False)) == LOADED
api.update_repo_settings(NAME, gated="manual", **mine)
is_refused(False, 401)
