"""Recipes that cannot be followed: each in one clear sentence."""

import pytest

import pairsmith
from pairsmith import PairsmithError
from pairsmith.errors import DamagedInputError, OutputError, RecipeError, SourceError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"template": "llama7"}, "There is no template called 'llama7'"),
        ({"as_": "xml"}, "Rows cannot be written as 'xml'"),
        ({"as_": "text"}, "Text needs a template"),
        ({"shard_rows": 0}, "A shard of 0 rows is out of range"),
        ({"system": " "}, "The system text is blank"),
        ({"system": "a\0b"}, "holds a NUL"),
        ({"system": "\ud800"}, "not valid Unicode"),
        ({"system": "x" * 40_000}, "The system text is 40,000 bytes long"),
        ({"system": "a [INST] b", "template": "llama2"}, "The system text holds \\[INST\\]"),
        ({"policies": {"ugly": "keep"}}, "There is no reason 'ugly'"),
        ({"policies": {"malformed": "keep"}}, "malformed rows cannot have the policy 'keep'"),
        ({"policies": {"identical": "merge"}}, "identical rows cannot have the policy 'merge'"),
        ({"shard_rows": "5"}, "shard_rows is '5'"),
        ({"shard_rows": True}, "shard_rows is True"),
        ({"system": 5}, "system is 5"),
        ({"policies": ["identical"]}, "policies is"),
        ({"card": {"tags": [[[[[[[["deep"]]]]]]]]}}, "values too deep"),
        ({"card": {"tags": [list(range(5000))]}}, "more than 1,000 values"),
        ({"card": {"tags": [float("nan")]}}, r"hold what is .*\(float\)"),
        ({"card": {"tags": [10**5000]}}, r"hold what is .*\(int\)"),
        ({"card": {"extra_gated_fields": {1: "text"}}}, "a name that is not text"),
        ({"card": {"pretty_name": "\ud800"}}, "a control character, or half"),
        ({"card": {"pretty_name": "a\n# b"}}, "pretty_name has several lines"),
        ({"card": {"licence": "mit"}}, "The card has no field 'licence'"),
        ({"card": {"tags": "one"}}, "The card field tags is 'one'"),
        ({"card": {"license": "other"}}, "needs a license_name"),
        ({"card": {"extra_gated_prompt": "x" * 70_000}}, "card fields are 70,0"),
    ],
)
def test_a_recipe_that_cannot_be_followed(tmp_path, options, message):
    with pytest.raises(RecipeError, match=message):
        pairsmith.build("sample", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_faults_are_one_family():
    assert issubclass(DamagedInputError, SourceError)
    for kind in (RecipeError, SourceError, OutputError):
        assert issubclass(kind, PairsmithError)
        assert str(kind("what", "what to do")) == "what\nwhat to do"
