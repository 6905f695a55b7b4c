"""Lineage: from a last model to the first transcripts, and which link is missing or changed."""

import json
import shutil
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

import pairsmith
from pairsmith.cli import app
from pairsmith.errors import OutputError
from pairsmith.io.durable import sha256_of
from support.chains import named, pair, write_loop, write_rows, write_trained


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("chains") / "whole"
    write_loop(place)
    return place


@pytest.fixture
def loop(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "loop")


def run(*words):
    return CliRunner().invoke(app, ["lineage", *map(str, words)])


def test_a_chain_goes_back_to_the_first_files(loop):
    found = pairsmith.lineage(loop / "round-2" / "dpo")
    assert found.is_whole, found.problems
    links = {
        (found.chain.nodes[e.child].label, e.role, found.chain.nodes[e.parent].label)
        for e in found.chain.edges
    }
    assert links == {
        ("round-2/dpo", "base", "start"),
        ("round-2/dpo", "build", "round-2/build"),
        ("round-2/dpo", "score", "round-1/rm"),
        ("round-2/dpo", "held_out", "round-1/build"),
        ("round-2/build", "source", "base"),
        ("round-2/build", "source", "round-1/samples"),
        ("round-1/samples", "prompts", "round-1/build"),
        ("round-1/samples", "model", "start"),
        ("round-1/samples", "score", "round-1/rm"),
        ("round-1/rm", "base", "start"),
        ("round-1/rm", "build", "round-1/build"),
        ("round-1/build", "source", "base"),
    }
    assert [n.made.rows for n in found.chain.nodes if n.label == "base"] == [8]
    assert [n.made.round for n in found.chain.nodes if n.label == "round-1/samples"] == ["1"]


def test_text_says_each_thing_once(loop):
    result = run(loop / "round-2" / "dpo")
    assert result.exit_code == 0
    first, top, *lines = result.stdout.splitlines()
    assert first == "12 links: all are there, and nothing was changed."
    assert top.startswith("round-2/dpo  policy, by DPO, 6 rows, ")
    assert len(lines) == 12
    assert sum("(above)" in line for line in lines) == 12 - 6


def test_an_altered_shard_is_named(loop):
    [shard] = (loop / "round-2" / "build").glob("*/train-00000-of-*.parquet")
    shard.write_bytes(shard.read_bytes() + b"x")
    result = run(loop / "round-2" / "dpo")
    assert result.exit_code == 1
    path = shard.relative_to(loop / "round-2" / "build").as_posix()
    assert result.stdout.startswith(f"round-2/build: {path} was changed: its sha256 is ")
    assert "its manifest says" in result.stdout.splitlines()[0]
    assert pairsmith.lineage(loop / "round-2" / "dpo", check=False).is_whole


def test_an_altered_file_of_samples_is_named(loop):
    (loop / "round-1" / "samples" / "tea" / "train.jsonl").write_text("{}\n")
    [problem] = pairsmith.lineage(loop / "round-2" / "dpo").problems
    assert problem.startswith("round-1/samples: tea/train.jsonl was changed: ")


def test_an_altered_source_is_named(loop):
    (loop / "base" / "tea" / "test.jsonl").write_text("{}\n")
    problems = pairsmith.lineage(loop / "round-2" / "dpo").problems
    assert len(problems) == 2
    assert all("its parent 'source' was changed" in one and "test.jsonl" in one for one in problems)


def test_a_folder_that_is_gone_is_named_as_it_was_recorded(loop):
    shutil.rmtree(loop / "round-1" / "rm")
    result = run(loop / "round-2" / "dpo")
    assert result.exit_code == 1
    assert "round-2/dpo: its parent 'score' is missing, recorded as rm with sha256" in result.stdout
    assert "round-1/samples: its parent 'score' is missing, recorded as rm" in json.dumps(
        pairsmith.lineage(loop / "round-2" / "dpo").to_dict()
    )


def test_a_model_trained_again_is_changed(loop):
    shutil.rmtree(loop / "round-1" / "rm")
    write_trained(loop / "round-1" / "rm", "reward", loop / "round-1" / "build", loop / "start")
    (loop / "round-1" / "rm" / "model.safetensors").write_text("other")
    problems = pairsmith.lineage(loop / "round-2" / "dpo").problems
    assert any("rm" in one and "was changed" in one for one in problems), problems


def test_a_model_that_ends_replies_elsewhere_is_changed(loop):
    """Its hash is as it was: the file is people's to edit, but for the tokens that end a reply."""
    settings = loop / "start" / "generation_config.json"
    settings.write_text('{"top_k": 5}')
    assert pairsmith.lineage(loop / "round-2" / "dpo").is_whole
    settings.write_text('{"eos_token_id": 7}')
    problems = pairsmith.lineage(loop / "round-2" / "dpo").problems
    assert all("generation_config.json ends replies at other tokens" in one for one in problems)
    assert len(problems) == 2  # that of the policy, and that of the samples; not of the reward


def test_a_build_made_again_is_changed(loop):
    pairsmith.build(loop / "base", loop / "round-1" / "build", template="llama2", force=True)
    problems = pairsmith.lineage(loop / "round-2" / "dpo").problems
    assert any("'held_out' was changed, round-1/build" in one for one in problems), problems


def test_folders_elsewhere_are_searched(loop, tmp_path):
    elsewhere = tmp_path / "away" / "deep"
    elsewhere.mkdir(parents=True)
    shutil.move(loop / "start", elsewhere / "renamed")
    assert not pairsmith.lineage(loop / "round-2" / "dpo").is_whole
    found = pairsmith.lineage(loop / "round-2" / "dpo", search=[tmp_path / "away"])
    assert found.is_whole, found.problems
    # where a model lies does not lengthen the names of what has a manifest
    assert found.chain.nodes[0].label == "round-2/dpo"
    assert "renamed" in {node.label for node in found.chain.nodes}


def test_an_annotation_leads_to_its_build_also_when_that_was_built_again(loop):
    scores = loop / "round-1" / "build" / "annotations" / "rm"
    found = pairsmith.lineage(scores)
    assert found.is_whole, found.problems
    assert {edge.role for edge in found.chain.edges} == {"build", "model", "base", "source"}
    pairsmith.build(loop / "base", loop / "round-1" / "build", apply=["rm"], force=True)
    again = pairsmith.lineage(loop / "round-1" / "build")
    told = {edge.role: edge for edge in again.chain.parents_of(0)}
    assert set(told) == {"source", "apply"}
    [back] = [e for e in again.chain.parents_of(told["apply"].parent) if e.role == "build"]
    assert back.parent == 0
    assert back.said == "built again since, of the same rows"


def test_the_picture_is_one_whatever_names_are(loop):
    evil = loop / "round-2" / "<script>& \u202e"
    shutil.move(loop / "round-2" / "dpo", evil)
    target = loop / "chain.svg"
    shutil.rmtree(loop / "round-1" / "rm")
    assert run(evil, "--svg", target).exit_code == 1
    root = ElementTree.fromstring(target.read_text())
    boxes = [e for e in root.iter() if e.get("class") == "box"]
    assert len(boxes) == 7  # one of them is missing
    assert "\u202e" not in target.read_text()
    assert "prefers-color-scheme: dark" in target.read_text()
    assert (
        sum("broken" in (e.get("class") or "") for e in root.iter() if e.tag.endswith("path")) == 2
    )


def test_the_sample_that_comes_with_the_software_is_found(tmp_path):
    pairsmith.build("sample", tmp_path / "out")
    found = pairsmith.lineage(tmp_path / "out")
    assert found.is_whole
    assert found.chain.nodes[1].made.rows == 80


def test_json_names_links_and_hashes(loop):
    told = json.loads(run(loop / "round-2" / "dpo", "--json").stdout)
    assert told["whole"] is True
    assert told["checked"] is True
    base = next(link for link in told["links"] if link["role"] == "base")
    assert base["sha256"] == named(loop / "start")["sha256"]
    assert told["nodes"][base["parent"]]["label"] == "start"


def broken(folder, text):
    folder.mkdir()
    (folder / "manifest.json").write_text(text)
    return folder


def many(count):
    return {f"role{n}": {"name": "m", "sha256": f"{n:064x}"} for n in range(count)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no manifest"),
        ("[1]", "it is no JSON object"),
        ('{"a": 1}', "tells nothing of what it is"),
        ('{"kind": "samples", "outputs": [{"path": 3, "sha256": "x"}]}', "is no text"),
        ('{"kind": "samples", "model": {"name": "m", "sha256": "up"}}', "'up' is no sha256"),
        (json.dumps({"kind": "samples", **many(10_000)}), "10,000 parents, more than 256"),
        ("[" * 100_000, "is no manifest"),
    ],
)
def test_what_is_no_manifest_is_told(tmp_path, text, said):
    with pytest.raises(OutputError) as caught:
        pairsmith.lineage(broken(tmp_path / "bad", text))
    assert said in caught.value.message
    assert "manifest.json" in caught.value.message


def test_what_has_no_manifest_is_told(tmp_path):
    write_rows(tmp_path / "rows", train=[pair("a", "b", "c")])
    with pytest.raises(OutputError, match=r"has no manifest\.json; it holds train\.jsonl"):
        pairsmith.lineage(tmp_path / "rows")
    with pytest.raises(OutputError, match="is a file"):
        pairsmith.lineage(tmp_path / "rows" / "train.jsonl")
    with pytest.raises(OutputError, match="no folder"):
        pairsmith.lineage(tmp_path / "gone")


def test_a_chain_that_comes_round_ends(tmp_path):
    """A training that changed nothing: its model has the hash of the one that it began with."""
    write_loop(tmp_path)
    run_folder, start = tmp_path / "round-2" / "dpo", tmp_path / "start"
    shutil.copy(start / "model.safetensors", run_folder / "model.safetensors")
    held = json.loads((run_folder / "manifest.json").read_text())
    model = next(one for one in held["outputs"] if one["path"] == "model.safetensors")
    source = start / "model.safetensors"
    model |= {"sha256": sha256_of(source), "bytes": source.stat().st_size}
    (run_folder / "manifest.json").write_text(json.dumps(held))
    found = pairsmith.lineage(run_folder)
    assert found.is_whole, found.problems
    [base] = [edge for edge in found.chain.parents_of(0) if edge.role == "base"]
    assert found.chain.nodes[base.parent].label == "start"


def test_outputs_outside_of_a_folder_are_not_read(tmp_path):
    held = {"kind": "samples", "outputs": [{"path": "../x", "bytes": 1, "sha256": "0" * 64}]}
    (tmp_path / "x").write_text("y")
    [problem] = pairsmith.lineage(broken(tmp_path / "bad", json.dumps(held))).problems
    assert problem == "bad: ../x lies outside of its folder"


def test_a_name_that_others_have_elsewhere_is_no_parent(loop, tmp_path):
    """Another project beside this one has a build and a model of the same names."""
    other = tmp_path / "other"
    write_loop(other / "deeper", train=5)
    alone = shutil.copytree(loop / "round-2", tmp_path / "alone")
    shutil.rmtree(loop)
    shutil.rmtree(tmp_path / "alone" / "build")
    problems = pairsmith.lineage(alone / "dpo").problems
    told = ["build", "score", "held_out"]
    assert [one.split(",")[0] for one in problems] == [
        f"dpo: its parent '{role}' is missing" for role in told
    ]


def test_no_more_is_looked_at_than_told(loop, monkeypatch):
    monkeypatch.setattr("pairsmith.tracing.places.MOST_FOLDERS", 3)
    found = pairsmith.lineage(loop / "round-2" / "dpo")
    assert not found.is_whole
    assert "There is more around than is looked at" in found.remarks[0]


def test_folders_that_are_named_have_room_of_their_own(loop, tmp_path):
    """However much lies around what is traced."""
    away = tmp_path / "away" / "base"
    away.parent.mkdir()
    shutil.move(loop / "base", away)
    for number in range(40):
        (loop / f"other-{number}").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pairsmith.tracing.places.MOST_FOLDERS", 20)
        [problem] = pairsmith.lineage(loop / "round-1" / "build").problems
        assert "recorded as tea/test.jsonl, tea/train.jsonl: no file with the sha256 of" in problem
        assert pairsmith.lineage(loop / "round-1" / "build", search=[away.parent]).is_whole


def test_links_of_the_file_system_are_not_followed(loop, tmp_path):
    outside = tmp_path / "outside"
    shutil.move(loop / "start", outside / "start")
    (loop / "start").symlink_to(outside / "start")
    problems = pairsmith.lineage(loop / "round-2" / "dpo").problems
    assert any("its parent 'base' is missing" in one for one in problems), problems


def test_a_collection_is_where_a_chain_begins(tmp_path):
    """It names its own project and events by hash: they are no parents."""
    write_rows(tmp_path / "talks" / "tea", train=[pair("a", "b", "c"), pair("d", "e", "f")])
    path = tmp_path / "talks" / "tea" / "train.jsonl"
    file = {"path": "tea/train.jsonl", "rows": 2, "bytes": path.stat().st_size}
    held = {
        "kind": "collection", "project": {"name": "Tea", "sha256": "1" * 64},
        "events": {"count": 4, "sha256": "2" * 64},
        "ledger": [{"subset": "tea", "split": "train", "read": 2, "kept": 2, "unkept": {}}],
        "outputs": [{**file, "sha256": sha256_of(path)}],
    }  # fmt: skip
    (tmp_path / "talks" / "manifest.json").write_text(json.dumps(held))
    pairsmith.build(tmp_path / "talks", tmp_path / "out")
    found = pairsmith.lineage(tmp_path / "out")
    assert found.is_whole, found.problems
    [edge] = found.chain.edges
    assert (found.chain.nodes[1].made.kind, found.chain.nodes[1].made.rows) == ("collection", 2)
    assert edge.files == 1


def test_an_export_that_is_a_source_leads_to_its_build(loop, tmp_path):
    """So transcripts and samples, which differ in shape, stand in one build."""
    pairsmith.export(loop / "round-1" / "build", tmp_path / "pairs", trainer="trl")
    found = pairsmith.lineage(tmp_path / "pairs")
    assert found.is_whole, found.problems
    pairsmith.build([str(tmp_path / "pairs"), str(loop / "round-1" / "samples")], tmp_path / "out")
    found = pairsmith.lineage(tmp_path / "out")
    assert found.is_whole, found.problems
    nodes = found.chain.nodes
    links = {(e.role, nodes[e.parent].label) for e in found.chain.parents_of(0)}
    assert links == {("source", "pairs"), ("source", "loop/round-1/samples")}
    [export] = [node for node in nodes if node.made.kind == "export"]
    [edge] = found.chain.parents_of(export.number)
    assert nodes[edge.parent].label == "loop/round-1/build"
    assert found.chain.parents_of(edge.parent)


def test_a_file_of_prompts_is_a_parent(tmp_path):
    prompts = tmp_path / "asked.txt"
    prompts.write_text("How is tea made?\n")
    told = {"name": "asked.txt", "sha256": sha256_of(prompts)}
    endpoint = {"address": "http://127.0.0.1:9", "model": "tea-1"}
    held = {"kind": "samples", "prompts": told, "endpoint": endpoint, "outputs": []}
    samples = broken(tmp_path / "samples", json.dumps(held))
    found = pairsmith.lineage(samples)
    assert found.is_whole, found.problems
    assert [node.label for node in found.chain.nodes[1:]] == [
        "asked.txt", "tea-1 at http://127.0.0.1:9",
    ]  # fmt: skip
    prompts.write_text("Other.\n")
    assert "its parent 'prompts' is missing, recorded as asked.txt" in (
        pairsmith.lineage(samples).verdict
    )
