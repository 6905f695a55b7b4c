"""Which files make up a subset and a split."""

from __future__ import annotations

import re

import pytest
from fsspec.utils import glob_translate
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import card
from pairsmith.hub.viewer import subsets as module
from pairsmith.hub.viewer.subsets import PatternsError, choose, files_of, matches, subsets

PARTS = st.text(alphabet="ab.", min_size=1, max_size=3)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
WILD = st.sampled_from(["*", "**", "?", "a*", "*b", "a?b", "[ab]*", "[!a]"])
PATTERNS = st.lists(PARTS | WILD, min_size=1, max_size=4).map("/".join)


def configs(text: str):
    return card.configs(card.read(f"---\nconfigs:\n{text}\n---\n"))


def names(found):
    return {one.name: [split.name for split in one.splits] for one in found}


@given(PATTERNS, PATHS)
def test_patterns_match_what_fsspec_matches(pattern, path):
    assert matches(pattern, path) == bool(re.match(glob_translate(pattern), path))


def test_no_pattern_makes_the_time_explode():
    assert not matches("*a" * 400 + "b", "a" * 1000)
    assert not matches("/".join(["**", "*"] * 200) + "/b", "/".join("a" * 500))


def test_patterns_have_so_much_work_and_no_more(monkeypatch):
    """Counted in characters, so that a repository is shown on every machine or on none."""
    paths = [f"a/{number:03}.parquet" for number in range(100)]  # 13 characters, and 16 for each
    monkeypatch.setattr(module, "MAX_WORK", 100 * (13 + 16) * (9 + 16))
    (one,) = subsets(configs("- data_files: '**/*0.parquet'"), paths)[0].splits
    with pytest.raises(PatternsError, match=r"takes more than the 72,500 comparisons"):
        files_of(one, paths)
    (two,) = subsets(configs("- data_files: ['**/x*.par']"), paths)[0].splits
    assert files_of(two, paths) == []
    # what begins with a folder, or names a file, is compared with that
    many = ", ".join(f"a/{number:03}*" for number in range(100))
    (three,) = subsets(configs(f"- data_files: [{many}, a/000.parquet]"), paths)[0].splits
    assert files_of(three, paths) == paths


def test_patterns_begin_with_any_letters():
    paths = ["a/\U0010ffff.parquet", "a/b.parquet", "a0.parquet", "b.parquet"]
    (split,) = subsets(configs("- data_files: 'a/*'"), paths)[0].splits
    assert files_of(split, paths) == ["a/b.parquet", "a/\U0010ffff.parquet"]


def test_a_card_lists_the_subsets():
    listed = configs(
        "- config_name: one\n"
        "  data_files:\n"
        "  - split: train\n    path: [b/*.parquet, 'a/train-*.parquet']\n"
        "  - split: test\n    path: a/test-*.parquet\n"
        "- config_name: two\n"
        "  default: true\n"
        "  data_files: '**/*.parquet'\n"
    )
    paths = ["a/test-0.parquet", "a/train-0.parquet", "b/x.parquet", "b/x.csv", ".h/y.parquet"]
    found = subsets(listed, paths)
    assert names(found) == {"one": ["train", "test"], "two": ["train"]}
    assert files_of(found[0].splits[0], paths) == ["b/x.parquet", "a/train-0.parquet"]
    assert files_of(found[0].splits[1], paths) == ["a/test-0.parquet"]
    assert files_of(found[1].splits[0], paths) == paths[:3]
    assert choose(found, "", "", paths)[0].name == "two"


def test_a_file_that_two_patterns_match_is_there_once():
    found = subsets(configs("- data_files: [a.parquet, './a.parquet', '*']"), ["a.parquet"])
    assert found[0].name == "default"
    assert files_of(found[0].splits[0], ["a.parquet"]) == ["a.parquet"]


def test_a_pattern_never_leads_out_of_the_list():
    outside = "- data_files: [/etc/*.parquet, '../*.parquet', 'hf://datasets/a/b/c.parquet']"
    found = subsets(configs(outside), ["a.parquet"])
    assert files_of(found[0].splits[0], ["a.parquet"]) == []


def test_a_card_may_name_a_folder_alone():
    paths = ["one/train-0.parquet", "one/deep/test.parquet", "two/train-0.parquet"]
    found = subsets(configs("- config_name: one\n  data_dir: one"), paths)
    subset, split = choose(found, "one", "", paths)
    assert names([subset]) == {"one": ["train", "test"]}
    assert files_of(split, paths) == ["one/train-0.parquet"]


def test_without_a_list_the_layout_tells():
    paths = [
        ".cache/train.parquet",
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002.parquet",
        "data/validation-00000-of-00001.parquet",
        "other/test/0000.parquet",
        "other/training.parquet",
        "quarantine/other.jsonl",
        "third/best-00000-of-00001.parquet",
        "third/rows.parquet",
    ]
    found = subsets([], paths)
    assert names(found) == {
        "default": ["train", "validation"],
        "other": ["test", "train"],
        "third": ["best", "train"],
        "quarantine": ["train"],
    }
    assert files_of(found[0].splits[0], paths) == paths[1:3]


def test_other_files_make_no_subset():
    assert subsets([], ["README.md", "a.json", "b.svg", ".csv", "c.gz"]) == []


def test_each_format_is_a_table_of_its_own():
    paths = ["a.csv", "a.jsonl.gz", "b.tsv.zst", "docs/x.PNG", "train.parquet"]
    found = subsets([], paths)
    assert [one.name for one in found] == [
        "default",
        "default (JSON lines)",
        "default (CSV)",
        "default (TSV)",
    ]
    assert [one.splits[0].paths for one in found][1:3] == [["a.jsonl.gz"], ["a.csv"]]


def test_images_are_rows_where_there_is_no_table_but_of_them():
    (found,) = subsets([], ["metadata.csv", "test/b.png", "train/a.JPG"])
    assert names([found]) == {"default": ["test", "train"]}


def test_the_subset_and_the_split_to_begin_with():
    found = subsets([], ["a/test.parquet", "b/dev.parquet", "b/train.parquet", "x.parquet"])
    subset, split = choose(found, "", "", [])
    assert (subset.name, split.name) == ("default", "train")
    assert choose(found, "b", "", [])[1].name == "train"
    assert choose(found, "a", "train", [])[1].name == "test"


def test_a_subset_that_is_not_there_is_refused():
    found = subsets([], ["a/test.parquet"])
    with pytest.raises(HubError, match="no subset 'b' here; there is: a") as caught:
        choose(found, "b", "", [])
    assert caught.value.status == 404
