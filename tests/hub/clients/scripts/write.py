"""Everything that changes a repository: made, filled, renamed parts, emptied, deleted."""

from pathlib import Path
from tempfile import mkdtemp

from case import ENDPOINT, TOKENS, VERSION, refused, rows
from datasets import Dataset, load_dataset
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    DatasetCard,
    HfApi,
    HfFileSystem,
)
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

NAME = "ann/notes"
api = HfApi(token=TOKENS["ann"])
of_data = {"repo_id": NAME, "repo_type": "dataset"}


def files(**kwargs):
    return sorted(api.list_repo_files(**of_data, **kwargs))


def read(path, **kwargs):
    return Path(api.hf_hub_download(filename=path, **of_data, **kwargs)).read_bytes()


# who it is
who = api.whoami()
assert (who["name"], who["fullname"], who["email"]) == ("ann", "Ann", "ann@example.org")
assert who["auth"]["accessToken"]["role"] == "write"
with refused(OSError, 401):
    HfApi(token="hf_" + "0" * 64).whoami()

# a repository
made = api.create_repo(**of_data)
assert str(made) == f"{ENDPOINT}/datasets/{NAME}"
assert made.repo_id == NAME
api.create_repo(**of_data, exist_ok=True)
with refused(HfHubHTTPError, 409):
    api.create_repo(**of_data)
with refused(HfHubHTTPError, 403):
    api.create_repo("bob/mine", repo_type="dataset")
with refused(HfHubHTTPError, 401):
    HfApi().create_repo("ann/other", repo_type="dataset", token=False)
with refused(HfHubHTTPError, 403):
    HfApi(token=TOKENS["ann-reads"]).create_repo("ann/other", repo_type="dataset")
assert files() == []

# a file, the same again, another content, a name with what addresses are made of
first = api.upload_file(path_or_fileobj=b"one\n", path_in_repo="a/b c+d%2Fé.txt", **of_data)
assert first.oid == api.dataset_info(NAME).sha
same = api.upload_file(path_or_fileobj=b"one\n", path_in_repo="a/b c+d%2Fé.txt", **of_data)
assert same.oid == first.oid
api.upload_file(path_or_fileobj=b"two\n", path_in_repo="a/b c+d%2Fé.txt", **of_data)
assert read("a/b c+d%2Fé.txt") == b"two\n"
assert read("a/b c+d%2Fé.txt", revision=first.oid) == b"one\n"
api.upload_file(path_or_fileobj=b"", path_in_repo="empty.txt", **of_data)
assert read("empty.txt") == b""
api.upload_file(path_or_fileobj=b"\0\1\2" * 9, path_in_repo="raw.bin", **of_data)
assert read("raw.bin") == b"\0\1\2" * 9

# a folder
folder = Path(mkdtemp())
for name in ("one.txt", "two.txt", "in/three.txt", "in/four.txt"):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(f"{name}\n")
api.upload_folder(folder_path=folder, path_in_repo="set", **of_data)
assert {"set/one.txt", "set/in/three.txt", "raw.bin"} <= set(files())
before = api.dataset_info(NAME).sha
api.upload_folder(folder_path=folder, path_in_repo="set", **of_data)
assert api.dataset_info(NAME).sha == before
(folder / "in/four.txt").unlink()
api.upload_folder(folder_path=folder, path_in_repo="set", delete_patterns="in/*", **of_data)
assert "set/in/four.txt" not in files()
assert "set/in/three.txt" in files()

# the card
card = DatasetCard("---\nlicense: mit\n---\n\n# Notes\n")
if VERSION >= (2, 0):
    card.push_to_hub(NAME, token=TOKENS["ann"])
else:  # it asks the public hub, whatever the endpoint, whether the card is one
    api.upload_file(path_or_fileobj=str(card).encode(), path_in_repo="README.md", **of_data)
assert api.dataset_info(NAME).card_data.license == "mit"
with refused(ValueError):
    api.upload_file(path_or_fileobj=b"---\nlicense: [\n---\n", path_in_repo="README.md", **of_data)
assert api.dataset_info(NAME).card_data.license == "mit"

# a commit of several changes, all or nothing
newest = api.dataset_info(NAME).sha
several = api.create_commit(
    **of_data,
    operations=[
        CommitOperationAdd("new.txt", b"new"),
        CommitOperationDelete("empty.txt"),
        CommitOperationDelete("set/in/", is_folder=True),
    ],
    commit_message="several",
    commit_description="at once",
    parent_commit=newest,
)
assert "new.txt" in files()
assert not {"empty.txt", "set/in/three.txt"} & set(files())
with refused(HfHubHTTPError, 412):
    api.create_commit(
        **of_data,
        operations=[CommitOperationAdd("late.txt", b"late")],
        commit_message="late",
        parent_commit=newest,
    )
newest = api.dataset_info(NAME).sha
with refused(BadRequestError, 400, saying="nothing.txt"):
    api.create_commit(
        **of_data,
        operations=[
            CommitOperationAdd("half.txt", b"half"),
            CommitOperationDelete("nothing.txt"),
        ],
        commit_message="half",
    )
assert api.dataset_info(NAME).sha == newest
assert "half.txt" not in files()

# files and folders go
api.delete_file("new.txt", **of_data)
api.delete_folder("set", **of_data)
assert files() == ["README.md", "a/b c+d%2Fé.txt", "raw.bin"]
log = api.list_repo_commits(**of_data)
assert log[0].title.startswith("Delete folder set")
told = next(commit for commit in log if commit.title == "several")
assert (told.message, told.authors, told.commit_id) == ("at once", ["ann"], several.oid)

# branches and tags
api.create_branch(branch="feat/x", **of_data)
with refused(HfHubHTTPError, 409):
    api.create_branch(branch="feat/x", **of_data)
api.create_branch(branch="feat/x", exist_ok=True, **of_data)
api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", revision="feat/x", **of_data)
assert "x.txt" in files(revision="feat/x")
assert "x.txt" not in files()
api.create_branch(branch="old", revision=first.oid, **of_data)
assert files(revision="old") == ["a/b c+d%2Fé.txt"]
api.create_tag(tag="v/1", revision="feat/x", tag_message="the first", **of_data)
with refused(HfHubHTTPError, 409):
    api.create_tag(tag="v/1", **of_data)
assert read("x.txt", revision="v/1") == b"x"
refs = api.list_repo_refs(**of_data)
assert {ref.name for ref in refs.branches} == {"main", "feat/x", "old"}
assert [ref.name for ref in refs.tags] == ["v/1"]
api.delete_branch(branch="feat/x", **of_data)
with refused(RevisionNotFoundError, 404):
    files(revision="feat/x")
assert "x.txt" in files(revision="v/1")
api.delete_tag(tag="v/1", **of_data)
assert not api.list_repo_refs(**of_data).tags
with refused(RevisionNotFoundError, 404):
    api.upload_file(path_or_fileobj=b"x", path_in_repo="x", revision="nowhere", **of_data)

# push_to_hub, a second configuration, one that shrinks
data = Dataset.from_dict({"n": list(range(1000)), "text": ["text"] * 1000})
data.push_to_hub("ann/pushed", token=TOKENS["ann"], max_shard_size="4KB")
data.push_to_hub("ann/pushed", config_name="other", split="test", token=TOKENS["ann"])
loaded = load_dataset("ann/pushed", token=False)
assert loaded["train"].to_list() == data.to_list()
assert rows(load_dataset("ann/pushed", "other", token=False)) == {"test": 1000}
data.select(range(3)).push_to_hub("ann/pushed", token=TOKENS["ann"])
assert load_dataset("ann/pushed", token=False)["train"]["n"][:] == [0, 1, 2]
assert rows(load_dataset("ann/pushed", "other", token=False)) == {"test": 1000}
data.push_to_hub("ann/unseen", private=True, token=TOKENS["ann"])
assert api.dataset_info("ann/unseen").private

# as a file system
place = HfFileSystem(token=TOKENS["ann"])
with place.open(f"datasets/{NAME}/fs/file.txt", "w") as file:
    file.write("written")
assert place.read_text(f"datasets/{NAME}/fs/file.txt") == "written"
place.rm(f"datasets/{NAME}/fs/file.txt")
assert "fs/file.txt" not in files()

# others cannot, and an end
bob = HfApi(token=TOKENS["bob"])
for change in (
    lambda: bob.upload_file(path_or_fileobj=b"x", path_in_repo="x", **of_data),
    lambda: bob.delete_file("raw.bin", **of_data),
    lambda: bob.create_branch(branch="b", **of_data),
    lambda: bob.create_tag(tag="b", **of_data),
    lambda: bob.update_repo_settings(NAME, repo_type="dataset", private=True),
    lambda: bob.delete_repo(**of_data),
):
    with refused(HfHubHTTPError, 403):
        change()
with refused(BadRequestError, 400):
    api.create_repo("ann/space", repo_type="space", space_sdk="static")
assert api.create_repo("ann/model").repo_id == "ann/model"
api.delete_repo(**of_data)
with refused(RepositoryNotFoundError, 404):
    api.dataset_info(NAME)
api.delete_repo(**of_data, missing_ok=True)
