"""Large files: by Xet or LFS, told by their hashes, the same ones not sent twice."""

import hashlib
import random
from pathlib import Path
from tempfile import mkdtemp

from case import TOKENS
from huggingface_hub import HfApi, HfFileSystem

SIZE = 24 << 20
api = HfApi(token=TOKENS["ann"])
of_data = {"repo_id": "ann/large", "repo_type": "dataset"}
folder = Path(mkdtemp())
noise = random.Random(7).randbytes(SIZE)
contents = {
    "noise.bin": noise,
    "text.jsonl": b'{"text": "the same over and over"}\n' * (SIZE // 34),
    "shifted.bin": noise[1_000_000:] + b"end",
    "small.parquet": b"PAR1 not really PAR1",
    "small.txt": b"small\n",
}
for name, content in contents.items():
    (folder / name).write_bytes(content)


def proved(revision=None):
    """Every file comes back as it was sent, and is told so."""
    entries = api.list_repo_tree(**of_data, revision=revision)
    told = {entry.path: entry for entry in entries}
    assert set(told) == set(contents)
    for name, content in contents.items():
        assert told[name].size == len(content)
        if told[name].lfs:
            assert told[name].lfs.sha256 == hashlib.sha256(content).hexdigest()
        path = api.hf_hub_download(filename=name, revision=revision, **of_data)
        assert Path(path).read_bytes() == content, name
    large = {name for name, entry in told.items() if entry.lfs}
    assert large == {"noise.bin", "text.jsonl", "shifted.bin", "small.parquet"}


api.create_repo(**of_data)
api.upload_folder(folder_path=folder, **of_data)
proved()
before = api.dataset_info("ann/large").sha
api.upload_folder(folder_path=folder, **of_data)
assert api.dataset_info("ann/large").sha == before

# a change in the midst, what was sent under another name, and from memory
middle = SIZE // 2
contents["noise.bin"] = noise[:middle] + b"changed" + noise[middle:]
contents["copy.bin"] = noise
(folder / "noise.bin").write_bytes(contents["noise.bin"])
api.upload_folder(folder_path=folder, **of_data)
api.upload_file(path_or_fileobj=noise, path_in_repo="copy.bin", **of_data)
large = api.hf_hub_download(filename="copy.bin", **of_data)
assert Path(large).read_bytes() == noise
del contents["copy.bin"]
api.delete_file("copy.bin", **of_data)
proved()
with HfFileSystem(token=TOKENS["ann"]).open("datasets/ann/large/noise.bin", "rb") as file:
    file.seek(middle - 3)
    assert file.read(13) == contents["noise.bin"][middle - 3 : middle + 10]

# another repository has the same bytes
api.create_repo("ann/second", repo_type="dataset")
api.upload_folder(folder_path=folder, repo_id="ann/second", repo_type="dataset")
of_data["repo_id"] = "ann/second"
proved()
