"""An organization's dataset, made, moved and gone on with by the address that it had."""

from pathlib import Path

from case import TOKENS, refused, rows
from datasets import load_dataset
from huggingface_hub import HfApi, HfFileSystem
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

OLD, NEW = "guild/tea", "guild/green-tea"
ann, bob = (HfApi(token=TOKENS[name]) for name in ("ann", "bob"))
FILE = "pairs/train-00000-of-00001.parquet"

assert [org["roleInOrg"] for org in bob.whoami()["orgs"]] == ["write"]
assert [one.username for one in bob.list_organization_members("guild")] == ["ann", "bob"]
ann.create_repo(OLD, repo_type="dataset", private=True)
pairs = Path("pairs.jsonl")
pairs.write_text('{"prompt": "Which tea?", "chosen": "Mint.", "rejected": "None."}\n' * 3)
bob.upload_file(path_or_fileobj=pairs, path_in_repo="train.jsonl", repo_id=OLD, repo_type="dataset")
with refused(HfHubHTTPError, 403):
    bob.move_repo(OLD, "bob/tea", repo_type="dataset")
ann.move_repo(OLD, NEW, repo_type="dataset")

assert bob.dataset_info(OLD).id == NEW
assert rows(load_dataset(OLD, token=TOKENS["bob"])) == {"train": 3}
assert HfFileSystem(token=TOKENS["bob"]).exists(f"datasets/{OLD}/train.jsonl")
large = Path("large.bin")
large.write_bytes(bytes(range(256)) * 50_000)  # over what goes with a commit
for name in ("one.bin", "two.bin"):
    bob.upload_file(path_or_fileobj=large, path_in_repo=name, repo_id=OLD, repo_type="dataset")
bob.upload_folder(folder_path=".", allow_patterns="*.jsonl", repo_id=OLD, repo_type="dataset")
bob.create_branch(OLD, branch="side", repo_type="dataset")
got = bob.hf_hub_download(OLD, "two.bin", repo_type="dataset", revision="side")
assert Path(got).read_bytes() == large.read_bytes()
assert ann.repo_info(NEW, repo_type="dataset").sha == bob.repo_info(OLD, repo_type="dataset").sha
for name in (OLD, "guild/none"):
    with refused(RepositoryNotFoundError, 401):
        HfApi(token=False).dataset_info(name)
