"""Which format a file is of, by its name."""

import pytest

from pairsmith.errors import SourceError
from pairsmith.sources.formats import FORMATS, format_of, list_endings, looks_like_data, take_apart


@pytest.mark.parametrize(
    ("name", "stem", "ending"),
    [
        ("train.jsonl", "train", "jsonl"),
        ("train.jsonl.gz", "train", "jsonl"),
        ("a.b.json.zst", "a.b", "json"),
        ("x.json.jsonl", "x.json", "jsonl"),
        ("harmless-base/test.parquet", "harmless-base/test", "parquet"),
        ("x.gz.jsonl", "x.gz", "jsonl"),
    ],
)
def test_a_name_is_a_stem_and_an_ending(name, stem, ending):
    named = take_apart(name)
    assert named is not None
    assert (named.stem, named.format) == (stem, FORMATS[ending])
    assert format_of(name) is FORMATS[ending]


@pytest.mark.parametrize(
    "name",
    ["", "jsonl", ".jsonl", "x.txt", "x.jsonl.bz2", "x.jsonl.gz.gz", "x.parquet.gz", "x.JSONL",
     "x.gz", "x.", "x.y\n.jsonl"],
)  # fmt: skip
def test_a_name_that_is_of_no_format(name):
    assert take_apart(name) is None
    with pytest.raises(SourceError, match="is of no format that is known here"):
        format_of(name)


def test_what_was_meant_as_data():
    meant = ["train.jsonl", "train.jsonl.bz2", "train.old.parquet", "train.parquet.gz"]
    assert all(looks_like_data(name) for name in meant)
    assert not any(looks_like_data(name) for name in ("train", "train.md", "jsonl", "train."))


def test_every_ending_is_told():
    endings = list_endings()
    assert endings.compressed[:5] == ["jsonl", "json", "ndjson", "csv", "tsv"]
    assert endings.others[0] == "parquet"
    assert endings.each().startswith("plain, .gz or .zst, or .parquet")
