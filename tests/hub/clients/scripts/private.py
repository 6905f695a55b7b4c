"""A private dataset: to all but its owner as if it were not there."""

from case import TOKENS, refused, rows
from datasets import load_dataset
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download
from huggingface_hub.errors import RepositoryNotFoundError

FILE = "pairs/train-00000-of-00001.parquet"
api = HfApi()


def said(name, token):
    """What is told of a name, less the name and what no two answers share."""
    told = []
    for call in (
        lambda: hf_hub_download(name, FILE, repo_type="dataset", token=token),
        lambda: api.dataset_info(name, token=token),
        lambda: api.list_repo_files(name, repo_type="dataset", token=token),
        lambda: api.list_repo_refs(name, repo_type="dataset", token=token),
        lambda: api.auth_check(name, repo_type="dataset", token=token),
        lambda: api.delete_repo(name, repo_type="dataset", token=token),
    ):
        try:
            call()
        except RepositoryNotFoundError as error:
            answer = error.response
            told.append((type(error), answer.status_code, answer.headers["X-Error-Message"]))
        else:
            raise AssertionError(f"{name} is told of")
    return told


for token, status in ((False, 401), (TOKENS["bob"], 404)):
    assert said("ann/hidden", token) == said("ann/nothing", token)
    assert {answer for _, answer, _ in said("ann/hidden", token)} == {status}
    with refused(DatasetNotFoundError):
        load_dataset("ann/hidden", token=token)
    assert not HfFileSystem(token=token, skip_instance_cache=True).exists("datasets/ann/hidden")
    assert not list(api.list_datasets(author="ann", token=token))
mine = TOKENS["ann"]
assert rows(load_dataset("ann/hidden", token=mine)) == {"train": 2}
assert [found.id for found in api.list_datasets(author="ann", token=mine)] == ["ann/hidden"]
assert api.dataset_info("ann/hidden", token=mine).private

api.update_repo_settings("ann/hidden", repo_type="dataset", private=False, token=mine)
assert rows(load_dataset("ann/hidden", token=False)) == {"train": 2}
