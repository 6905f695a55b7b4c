"""What a build owns: its outputs, its card, its manifest, its reports; no annotations."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256

import httpx
import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.publishing.bundle import Bundle
from pairsmith.publishing.owned import owned_files
from support.slow import slow


def test_annotations_are_left_out(sample_messages, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(sample_messages, out)
    built = read_manifest(out)
    before = {file.path for file in owned_files(Bundle(out, built))}
    folder = out / "annotations" / "mine"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "part-00000.parquet").write_bytes(b"")
    assert {file.path for file in owned_files(Bundle(out, built))} == before
    assert {"README.md", "manifest.json"} < before


@pytest.mark.parametrize("part", ["audit", "explore"])
def test_a_report_is_owned_if_it_is_whole_and_of_this_build(sample_messages, tmp_path, part):
    out = tmp_path / "out"
    shutil.copytree(sample_messages, out)
    built = read_manifest(out)
    before = {file.path for file in owned_files(Bundle(out, built))}
    folder = out / part
    folder.mkdir()
    said = {"manifest": sha256((out / "manifest.json").read_bytes()).hexdigest()}
    (folder / f"{part}.json").write_text(json.dumps(said))
    (folder / "notes.txt").write_text("mine")
    rest = ["report.html", "findings.parquet"] if part == "audit" else ["report.html"]
    assert {file.path for file in owned_files(Bundle(out, built))} == before
    for name in rest:
        (folder / name).write_text("<p>said</p>")
    more = {f"{part}/{name}" for name in (f"{part}.json", *rest)}
    assert {file.path for file in owned_files(Bundle(out, built))} == before | more
    for other in ('{"manifest": "0"}', "{}", "[]", "{", '{"manifest": null}'):
        (folder / f"{part}.json").write_text(other)
        assert {file.path for file in owned_files(Bundle(out, built))} == before


@slow
def test_an_exploration_goes_with_its_build_under_its_gate(publish, held, stage, copy):
    pytest.importorskip("sklearn")
    pairsmith.explore(copy)
    explored = {"explore/explore.json", "explore/report.html"}
    assert publish(copy, "ann/pairs", "--gated", "manual")[0] == 0
    assert explored <= set(held()[2])
    assert not [path for path in held()[2] if path.startswith("annotations/")]
    at = f"{stage.endpoint}/datasets/ann/pairs/resolve/main/explore/report.html"
    assert httpx.get(at, trust_env=False).status_code == 401
    (copy / "explore" / "explore.json").unlink()
    assert publish(copy, "ann/pairs")[0] == 0
    assert not explored & set(held()[2])
