from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.repos import card
from pairsmith.hub.repos.card import Config, Licence


def read(front: str) -> card.Card:
    return card.read(f"---\n{front}\n---\nThe body.\n")


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, levels):
        inner = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{inner}]")
    return "\n".join(lines)


def merges(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, levels):
        inner = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} {{<<: [{inner}]}}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "front", "body"),
    [
        ("---\na: 1\n---\nbody\n", "a: 1", "body\n"),
        ("---\r\na: 1\r\n---\r\nbody", "a: 1\r", "body"),
        ("\ufeff---\na: 1\n---\nbody", "a: 1", "body"),
        ("---\n---\nbody", "", "body"),
        ("---\na: 1\n---", "a: 1", ""),
        ("---\nan open end", None, "---\nan open end"),
        ("a: 1\n---\n", None, "a: 1\n---\n"),
        ("", None, ""),
        ("----\na: 1\n----\n", None, "----\na: 1\n----\n"),
    ],
)
def test_the_front_matter_stands_between_two_fences(text, front, body):
    assert card.split(text) == (front, body)


def test_a_card_is_read():
    found = read("license: mit\ntags: [a, b]")
    assert found == card.Card({"license": "mit", "tags": ["a", "b"]}, None)


def test_a_card_without_front_matter_has_no_fault():
    assert card.read("# Only a body") == card.Card({}, None)
    assert card.read("---\n---\nbody").fault is None


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("a: [", "not YAML"),
        ("ok: 1\na: @b", "line 3, column 4"),
        ("- a\n- b", "not a mapping"),
        ("only text", "not a mapping"),
        ("a: !!python/object/apply:os.system [echo]", "could not determine a constructor"),
        ("a: !!int ''", "cannot be read"),
        ("a: !!timestamp soon", "cannot be read"),
        ('a: "\\U00110000"', "invalid Unicode"),
        ('a: "\\ud800"', "invalid Unicode"),
        ("a: &a [*a]", "nested deeper"),
        ("[" * 3000, "maximum nesting depth"),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper"),
        (bomb(9), "20,000 values"),
        ("a: &a " + "x" * 60_000 + "\nb: [*a, *a, *a, *a]", "262,144 characters"),
        ("a: " + "1:" * 60_000 + "1", "1,000 characters"),
        ("a: !!int " + "1:" * 60_000 + "1", "1,000 characters"),
        ("a: !!float " + "1:" * 60_000 + "1", "1,000 characters"),
        (merges(9), "20,000 values"),
        ("a: " + "x" * (1 << 17), "131,072 characters"),
        ("? [a, b]\n: c", "unhashable key"),
    ],
)
def test_what_is_wrong_with_a_front_matter_is_told(front, said):
    found = read(front)
    assert found.data == {}
    assert said in (found.fault or "")
    assert card.validate(f"---\n{front}\n---\n") == [found.fault]


def test_aliases_that_make_little_are_taken():
    assert read("a: &a [x, y]\nb: *a").data == {"a": ["x", "y"], "b": ["x", "y"]}


def test_values_are_what_json_has():
    front = (
        "date: 2026-11-24\nnever: .nan\nmost: .inf\nlong: 0x" + "f" * 40 + "\n"
        "1: one\nfalse: yes\nset: !!set {x}\nbytes: !!binary aGk=\nrate: 1.5\nnone: ~"
    )
    data = read(front).data
    assert data == json.loads(json.dumps(data, allow_nan=False))
    assert data["date"] == "2026-11-24"
    assert data["long"] == "0x" + "f" * 40
    assert {"1", "False", "rate"} <= set(data)
    json.dumps(data, ensure_ascii=False).encode()


@given(st.text(alphabet=st.sampled_from("-:[]{}&*!?|>'\"#%@` \nab<1.\\\t,~="), max_size=60))
def test_no_front_matter_raises(front):
    found = card.read(f"---\n{front}\n---\n")
    json.dumps(found.data, allow_nan=False).encode()
    card.tags(found), card.configs(found), card.licence(found), card.validate(front)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("license: mit", ("mit", "")),
        ("license: [mit, apache-2.0]", ("mit, apache-2.0", "")),
        (
            "license: other\nlicense_name: Ours\nlicense_link: https://example.org/l",
            ("Ours", "https://example.org/l"),
        ),
        (
            "license: other\nlicense_name: Ours\nlicense_link: LICENSE",
            ("Ours", "/datasets/ann/pets/blob/main/LICENSE"),
        ),
        ("license: other\nlicense_link: 'javascript:alert(1)'", ("other", "")),
        ("license_link: 'data:text/html,x'\nlicense_name: Ours", ("Ours", "")),
        ("license: {a: b}", ("", "")),
        ("tags: []", ("", "")),
    ],
)
def test_the_licence_is_the_one_that_the_card_names(front, expected):
    assert card.licence(read(front), "/datasets/ann/pets") == Licence(*expected)


def test_tags_are_those_of_the_public_hub():
    found = read(
        "language: [en, de]\nlicense: mit\ntags: [dpo, 7, {a: b}, dpo]\ntask_ids: summarization"
    )
    assert card.tags(found) == [
        "task_ids:summarization",
        "language:en",
        "language:de",
        "license:mit",
        "dpo",
    ]


def test_configs_in_every_form_that_datasets_takes():
    found = read(
        """
configs:
- {config_name: one, data_files: a.parquet, default: true}
- {config_name: many, data_files: [a, b]}
- config_name: splits
  data_files:
  - {split: train, path: [x, y]}
  - {split: test, path: z}
- {config_name: mapped, data_files: {train: t, test: [u, v]}}
- {config_name: folder, data_dir: d/, data_files: "*.json"}
- {config_name: bare, data_dir: d}
- {data_files: 7}
- not a mapping
"""
    )
    assert card.configs(found) == [
        Config("one", [("train", ["a.parquet"])], default=True),
        Config("many", [("train", ["a", "b"])]),
        Config("splits", [("train", ["x", "y"]), ("test", ["z"])]),
        Config("mapped", [("train", ["t"]), ("test", ["u", "v"])]),
        Config("folder", [("train", ["d/*.json"])], folder="d"),
        Config("bare", [], folder="d"),
        Config("default", []),
    ]
    assert card.configs(read("configs: nonsense")) == []
    assert card.configs(read("configs: {config_name: a, data_files: b}")) == [
        Config("a", [("train", ["b"])])
    ]


@pytest.mark.parametrize(
    ("front", "errors"),
    [
        ("license: mit\ntags: [a]\nconfigs: [{config_name: a, data_files: b}]", []),
        ("license: 7", ['"license" must be text, or a list of texts.']),
        ("tags: [a, 1]", ['"tags" must be text, or a list of texts.']),
        ("pretty_name: [a]", ['"pretty_name" must be text.']),
        (
            "extra_gated_fields: [a]",
            ['"extra_gated_fields" must be a mapping of labels to kinds of field.'],
        ),
        ("configs: a", ['"configs" must be a list of mappings.']),
        ("configs: [{data_files: a}]", ['"configs[0].config_name" must be text.']),
        (
            "configs: [{config_name: a, data_files: 3}]",
            ['"configs[0].data_files" must be text, a list or a mapping.'],
        ),
    ],
)
def test_a_card_is_checked(front, errors):
    assert card.validate(f"---\n{front}\n---\n") == errors
