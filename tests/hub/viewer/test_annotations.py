"""Annotations of a dataset on the viewer's page: chosen, sorted, filtered, gated, or told of."""

from __future__ import annotations

import hashlib
import html
import json
import re

import pytest

from pairsmith.hub.repos import events
from support.hub.parquets import parquet

ROWS = parquet(
    {
        "id": [f"t/{n}" for n in range(1, 31)],
        "chosen": [f"A kind reply {n}." for n in range(1, 31)],
        "rejected": [f"A curt reply {n}." for n in range(1, 31)],
    }
)
INPUTS = [{"path": "in/pets.jsonl", "sha256": "a" * 64, "rows": 30}]
BUILD = json.dumps({"recipe": {"seed": 1}, "inputs": INPUTS}).encode()
CARD = b"---\nconfigs:\n- config_name: pets\n  data_files: pets/*.parquet\n---\n# Pets\n"
PART = parquet(
    {
        "id": ["t/2", "t/2", "t/29"],
        "label": ["near_duplicate", "<b>odd</b>", "near_duplicate"],
        "score": [0.25, None, 0.75],
        "detail": ["like t/9", None, "<script>MARK</script>"],
    }
)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest(*parts: bytes, build: bytes = BUILD, **other: object) -> bytes:
    """What an annotator writes beside its parts."""
    files = [
        {"path": f"part-{number:05}.parquet", "sha256": sha256(part)}
        for number, part in enumerate(parts)
    ]
    of = {"manifest": sha256(build), "from": "text", "inputs": {"in/pets.jsonl": "a" * 64}}
    return json.dumps({"files": files, "build": of, "labels": {}, **other}).encode()


def annotated(name: str = "audit", said: bytes | None = None, **files: bytes) -> dict[str, bytes]:
    """A repository with rows, and one annotation of them."""
    return {
        "README.md": CARD,
        "manifest.json": BUILD,
        "pets/train.parquet": ROWS,
        f"annotations/{name}/manifest.json": manifest(PART) if said is None else said,
        f"annotations/{name}/part-00000.parquet": PART,
        **files,
    }


def plain(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def numbers(answer) -> list[str]:
    return re.findall(r'id="row-(\d+)"', answer.text)


def test_an_annotation_is_chosen_by_a_plain_form(dataset, look):
    dataset(annotated())
    answer = look()
    assert '<option value="audit">audit</option>' in answer.text
    assert "near_duplicate" not in answer.text
    answer = look("annotation=audit")
    assert answer.status_code == 200
    assert '<option value="audit" selected>audit</option>' in answer.text
    assert "near_duplicate (2)" in answer.text
    assert "near_duplicate 0.25 like t/9" in plain(answer)
    assert "<script" not in answer.text
    assert "<b>odd" not in answer.text
    assert '<option value="&lt;b&gt;odd&lt;/b&gt;">' in answer.text
    assert "another build" not in answer.text
    more = re.search(r'rel="next" href="([^"]*)"', answer.text)
    assert "annotation=audit&page=2" in html.unescape(more[1])


def test_rows_are_sorted_and_filtered(dataset, look):
    dataset(annotated())
    assert numbers(look("annotation=audit&order=highest"))[:4] == ["29", "2", "1", "3"]
    assert numbers(look("annotation=audit&order=lowest"))[:3] == ["2", "29", "1"]
    answer = look("annotation=audit&label=near_duplicate&order=highest")
    assert numbers(answer) == ["29", "2"]
    assert "2 of 30 rows have this label." in plain(answer)
    answer = look("annotation=audit&label=near_duplicate&q=reply+29")
    assert numbers(answer) == ["29"]
    assert "1 of 30 rows have this text and this label." in plain(answer)
    answer = look("annotation=audit&label=nothing")
    assert numbers(answer) == []
    assert '<option value="nothing" selected>' in answer.text


def test_one_row_and_a_table_show_it_too(dataset, look):
    table = parquet({"id": ["t/2", "t/3"], "text": ["a", "b"]})
    dataset(annotated() | {"pets/train.parquet": table})
    answer = look("annotation=audit&row=2")
    assert answer.status_code == 200
    assert "near_duplicate" not in plain(answer).partition("Row 2 of 2")[2]
    assert "like t/9" in plain(look("annotation=audit&row=1"))
    answer = look("annotation=audit")
    assert '<th scope="col">audit</th>' in answer.text
    assert "like t/9" in plain(answer)


def test_parts_of_annotations_are_no_rows(dataset, look):
    contents = annotated()
    del contents["README.md"]
    dataset(contents)
    answer = look()
    options = re.findall(r'<option value="([^"]*)"', answer.text)
    assert options[:4] == ["pets", "train", "", "audit"]


def test_a_folder_without_a_manifest_is_a_subset_as_any(dataset, look):
    dataset({"annotations/a/train.parquet": ROWS})
    answer = look()
    assert '<option value="annotations/a" selected>' in answer.text
    assert 'name="annotation"' not in answer.text


def test_an_annotation_that_there_is_not(dataset, look):
    dataset(annotated())
    answer = look("annotation=other")
    assert answer.status_code == 404
    assert "There is no annotation … here; there is: audit." in plain(answer)


@pytest.mark.parametrize("query", ["annotation=audit&order=best", "annotation=audit&order=%00"])
def test_an_order_that_is_none(dataset, look, query):
    dataset(annotated())
    assert look(query).status_code == 400


def test_a_label_and_an_order_are_of_an_annotation(dataset, look):
    dataset(annotated())
    assert len(numbers(look("label=near_duplicate&order=highest"))) == 25


OTHERS = {
    "made again by another recipe": (json.dumps({"inputs": INPUTS}).encode(), False),
    "of other files": (b'{"inputs": [{"path": "in/pets.jsonl", "sha256": "b"}]}', True),
    "of more files": (
        json.dumps({"inputs": [*INPUTS, {"path": "more", "sha256": "c"}]}).encode(),
        True,
    ),
    "no inputs": (b"{}", True),
    "inputs of another kind": (b'{"inputs": 3}', True),
    "no JSON": (b"{", True),
}


@pytest.mark.parametrize(("build", "warned"), OTHERS.values(), ids=OTHERS.keys())
def test_what_was_said_of_another_build_is_told(dataset, look, build, warned):
    dataset(annotated() | {"manifest.json": build})
    answer = look("annotation=audit")
    assert answer.status_code == 200
    assert ("audit is of another build" in plain(answer)) == warned


def test_where_nothing_tells_of_a_build_nothing_is_warned_of(dataset, look):
    contents = annotated()
    del contents["manifest.json"]
    dataset(contents)
    assert "another build" not in look("annotation=audit").text
    untold = json.dumps({**json.loads(manifest(PART)), "build": None}).encode()
    dataset(annotated(said=untold), name="e")
    assert "another build" not in look("annotation=audit", name="e").text


WRONG = {
    "no JSON": (b"{", "annotations/audit/manifest.json is not JSON."),
    "not text": (b"\xff\xfe\x00", "annotations/audit/manifest.json is not JSON."),
    "deep": (b"[" * 200_000, "annotations/audit/manifest.json is not JSON."),
    "a list": (b"[]", "is not a manifest of annotations."),
    "no files": (b"{}", "is not a manifest of annotations: files is no list of parts."),
    "files of another kind": (b'{"files": [1]}', "files is no list of paths."),
    "none": (b'{"files": []}', "annotations/audit/manifest.json names no part."),
    "half sent": (manifest(PART, PART), "annotations/audit/part-00001.parquet is not here"),
    "another": (manifest(ROWS), "part-00000.parquet is not the file that"),
    "larger": (b" " * (4 << 20) + b"{}", "has more than the 4,194,304 bytes that are read."),
}


@pytest.mark.parametrize(("said", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_manifests_that_are_wrong_are_told_of(dataset, look, said, sentence):
    dataset(annotated(said=said))
    answer = look("annotation=audit&order=highest")
    assert answer.status_code == 422
    assert sentence in plain(answer)
    assert "The rows without audit" in plain(answer)
    assert len(numbers(look())) == 25


def test_a_part_that_its_manifest_does_not_name_is_left_out(dataset, look):
    """As when an annotation was written again, and an earlier part is still there."""
    dataset(annotated() | {"annotations/audit/part-x.parquet": b"of an earlier one"})
    answer = look("annotation=audit")
    assert answer.status_code == 200
    assert "like t/9" in plain(answer)


def test_a_part_that_is_damaged_keeps_the_menus(dataset, look):
    part = b"PAR1" + b"\0" * 99 + b"PAR1"
    broken = {"annotations/audit/part-00000.parquet": part}
    dataset(annotated(said=manifest(part)) | broken)
    answer = look("annotation=audit")
    assert answer.status_code == 422
    assert "annotations/audit/part-00000.parquet cannot be read" in plain(answer)
    assert '<option value="audit" selected>' in answer.text


def test_hostile_names_of_annotations_are_escaped(dataset, look):
    name = "<script>alert('\"1')&"
    dataset(annotated(name))
    answer = look(f"annotation={name.replace('&', '%26')}&order=highest")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert name in plain(answer)


def test_an_annotation_is_gated_as_the_data_and_its_view_recorded(hub, dataset, look, account):
    repo = dataset(annotated(), gate="manual")
    user, bob = account("bob")
    for query in ("annotation=audit", "annotation=nothing", "annotation=audit&order=highest"):
        for headers, status in (({}, 401), (bob, 403)):
            answer = look(query, headers)
            assert answer.status_code == status
            assert "audit" not in plain(answer)
            assert "MARK" not in answer.text
    with hub.database.write() as db:
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked) VALUES (?, ?, ?, '{}', 0)",
            (repo.id, user.id, "accepted"),
        )
    assert "MARK" in look("annotation=audit&order=highest", bob).text
    with hub.database.read() as db:
        (event,) = events.recent(db, repo)
    assert (event.action, event.detail["annotation"]) == ("viewed", "audit")


def test_a_private_annotation_is_not_there(dataset, look, account):
    dataset(annotated(), private=True)
    _, bob = account("bob")
    hidden = look("annotation=audit", bob)
    absent = look("annotation=audit", bob, name="other")
    assert hidden.status_code == absent.status_code == 404
    assert plain(hidden) == plain(absent)
