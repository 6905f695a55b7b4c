"""What a build owns: its outputs, its card, its manifest; not what was said of it later."""

from __future__ import annotations

import shutil

from pairsmith.dataset.manifest import read_manifest
from pairsmith.publishing.owned import owned_files


def test_annotations_are_left_out(sample_messages, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(sample_messages, out)
    built = read_manifest(out)
    before = {file.path for file in owned_files(out, built)}
    folder = out / "annotations" / "mine"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "part-00000.parquet").write_bytes(b"")
    assert {file.path for file in owned_files(out, built)} == before
    assert {"README.md", "manifest.json"} < before
