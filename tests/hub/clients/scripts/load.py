"""load_dataset in all its ways, and the file calls, over a build as it was published."""

import io
import json
from pathlib import Path

from case import ENDPOINT, TOLD, refused, rows
from datasets import load_dataset
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub import HfApi, HfFileSystem, errors, hf_hub_download, snapshot_download
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

NAME, BRANCH = "ann/pairs", "feat/one-row"
MISSING = getattr(errors, "RemoteEntryNotFoundError", errors.EntryNotFoundError)  # newer, older
PAIRS = [name for name in TOLD["kept"] if name != "red-team-attempts"]

# first, for some versions fall back to their cache
with refused(DatasetNotFoundError, saying="nowhere"):
    load_dataset(NAME, revision="nowhere")

# by name, by folder, all together
total = {"train": 0, "test": 0}
for subset, kept in TOLD["kept"].items():
    by_name, by_folder = load_dataset(NAME, subset), load_dataset(NAME, data_dir=subset)
    assert rows(by_name) == rows(by_folder) == kept, subset
    assert {i.split("/")[0] for split in by_name.values() for i in split["id"]} == {subset}
    if subset in PAIRS:
        total = {split: total[split] + kept.get(split, 0) for split in total}
assert rows(load_dataset(NAME)) == total

# one split, and as a stream
train = load_dataset(NAME, PAIRS[0], split="train")
assert len(train) == TOLD["kept"][PAIRS[0]]["train"]
stream = load_dataset(NAME, PAIRS[0], split="train", streaming=True)
assert list(stream) == train.to_list()

# a branch with a slash, a tag, a commit
for revision, count in ((BRANCH, 1), ("v1", 2), (TOLD["first"], 2), ("main", len(train))):
    for streaming in (False, True):
        read = load_dataset(
            NAME, data_dir=PAIRS[0], split="train", revision=revision, streaming=streaming
        )
        assert len(list(read)) == count, (revision, streaming)

# files
manifest = json.loads(Path(hf_hub_download(NAME, "manifest.json", repo_type="dataset")).read_text())
assert {entry["subset"] for entry in manifest["ledger"]} == set(TOLD["kept"])
whole = Path(snapshot_download(NAME, repo_type="dataset"))
held = {path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()}
assert held == set(TOLD["files"])
part = Path(snapshot_download(NAME, repo_type="dataset", revision=BRANCH, allow_patterns="*/*"))
assert [path.name for path in part.rglob("*.parquet")] == ["train-00000-of-00001.parquet"]
with refused(MISSING, 404):
    hf_hub_download(NAME, "nothing.txt", repo_type="dataset")
with refused(RevisionNotFoundError, 404):
    hf_hub_download(NAME, "README.md", repo_type="dataset", revision="nowhere")
with refused(RepositoryNotFoundError, 401):
    hf_hub_download("ann/nothing", "README.md", repo_type="dataset")

# as a file system
files = HfFileSystem()
assert f"datasets/{NAME}/README.md" in files.ls(f"datasets/{NAME}", detail=False)
shard = f"{PAIRS[0]}/train-00000-of-00001.parquet"
data = (whole / shard).read_bytes()
assert files.info(f"datasets/{NAME}/{shard}")["size"] == len(data)
with files.open(f"datasets/{NAME}/{shard}") as file:
    file.seek(-8, io.SEEK_END)
    assert file.read() == data[-8:]
assert files.cat_file(f"datasets/{NAME}/{shard}", 4, 100) == data[4:100]
assert files.exists(f"datasets/{NAME}@feat%2Fone-row/{shard}")
assert not files.exists(f"datasets/{NAME}/nothing.txt")

# what there is to know of it
api = HfApi()
info = api.dataset_info(NAME, files_metadata=True)
assert (info.id, info.author, info.private, info.gated) == (NAME, "ann", False, False)
assert info.sha == api.repo_info(NAME, repo_type="dataset", revision="main").sha == TOLD["newest"]
assert info.card_data.license == "apache-2.0"
assert {file.rfilename for file in info.siblings} == set(TOLD["files"])
assert {file.rfilename: file.size for file in info.siblings}[shard] == len(data)
assert sorted(api.list_repo_files(NAME, repo_type="dataset")) == sorted(TOLD["files"])
tree = list(api.list_repo_tree(NAME, repo_type="dataset", recursive=True, expand=True))
files_of_tree = {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}
assert set(files_of_tree) == set(TOLD["files"])
assert files_of_tree[shard].lfs.sha256 == TOLD["sha256"][shard]
assert files_of_tree[shard].last_commit.oid == TOLD["newest"]
(entry,) = api.get_paths_info(NAME, [shard, "nothing"], repo_type="dataset")
assert (entry.path, entry.size) == (shard, len(data))
commits = api.list_repo_commits(NAME, repo_type="dataset")
assert [commit.commit_id for commit in commits[:1]] == [TOLD["newest"]]
assert TOLD["first"] in [commit.commit_id for commit in commits]
refs = api.list_repo_refs(NAME, repo_type="dataset")
assert {ref.name: ref.target_commit for ref in refs.tags} == {"v1": TOLD["first"]}
assert {ref.name for ref in refs.branches} == {"main", BRANCH}
assert [found.id for found in api.list_datasets(author="ann")] == [NAME]
assert [found.id for found in api.list_datasets(search="pair")] == [NAME]
assert api.repo_exists(NAME, repo_type="dataset")
assert not api.repo_exists("ann/nothing", repo_type="dataset")
assert api.revision_exists(NAME, BRANCH, repo_type="dataset")
assert api.file_exists(NAME, shard, repo_type="dataset")
assert not api.file_exists(NAME, "nothing.txt", repo_type="dataset")
assert api.endpoint == ENDPOINT
