"""Options: one field each, from which keywords, the command line and the recipe are made."""

from dataclasses import MISSING, fields, replace
from typing import get_type_hints

import pytest
import typer

import pairsmith
from pairsmith.building import build as building
from pairsmith.building.options import (
    ACTIONS,
    WRITING,
    BuildArguments,
    BuildOptions,
    ExecutionOptions,
    Options,
    SourceOptions,
)
from pairsmith.building.resolution import resolve_recipe
from pairsmith.cli import app
from pairsmith.schema.options import Option
from pairsmith.schema.recipe import SHARD_ROWS, Recipe, RecipeFields
from pairsmith.schema.rows import Origin
from pairsmith.sources.columnar.shapes import HH
from pairsmith.sources.detection.detect import AUTO
from pairsmith.sources.detection.settling import Settled
from pairsmith.sources.rows.detected import Detected

KINDS = (BuildOptions, SourceOptions, ExecutionOptions)
ANOTHER = {
    "template": "llama2",
    "tokens": {"eos_token": "."},
    "date": "2026-01-31",
    "as_": "messages",
    "system": "Be kind.",
    "shard_rows": 7,
    "policies": {"identical": "keep"},
    "pairs": "all",
    "min_margin": 0.5,
    "drop_weak": 1.0,
    "carry": ("source",),
    "margin": "score",
    "messages": "full",
    "mend": ("encoding",),
    "drop": ("duplicates",),
    "flip": 1.0,
    "smooth": 1.0,
    "drop_doubted": 1.0,
    "judge": "scores",
    "temperature": 2.0,
    "apply": ("mine:odd",),
    "card": {"license": "mit"},
    "subset": "mine",
    "split": "test",
    "from_": "hh",
    "columns": "prompt=question",
    "preference": "safer",
    "format": "csv",
    "force": True,
    "engine": "ray",
    "workers": 2,
    "address": "auto",
    "batch_rows": 9,
    "prove": "all",
}
"""Of every option a value that is not the usual one."""


def declared():
    return [(kind, field) for kind in KINDS for field in fields(kind)]


def hints(kind):
    return get_type_hints(kind, include_extras=True)


def test_every_option_has_a_usual_value_and_a_meaning():
    for kind, field in declared():
        assert field.default is not MISSING, field.name
        option = hints(kind)[field.name].__metadata__[0]
        assert isinstance(option, Option)
        assert option.help.endswith((".", "…")), field.name
        assert (option.metavar is None) == (get_type_hints(kind)[field.name] is bool)


def test_the_keywords_are_the_fields():
    assert get_type_hints(BuildArguments) == {
        name: type_ for kind in KINDS for name, type_ in get_type_hints(kind).items()
    }


def test_a_keyword_goes_to_its_field():
    assert set(ANOTHER) == {field.name for _, field in declared()}
    options = Options.of(**ANOTHER)
    for part in (options.build, options.source, options.execution):
        assert vars(part) == {name: ANOTHER[name] for name in vars(part)}
    assert Options.of() == Options(BuildOptions(), SourceOptions(), ExecutionOptions())


def test_a_keyword_that_is_no_option():
    with pytest.raises(TypeError, match="unexpected keyword argument 'shard_row'"):
        pairsmith.build("sample", "nowhere", shard_row=7)  # type: ignore[call-arg]


def test_the_usual_values_are_those_of_others():
    assert BuildOptions().shard_rows == SHARD_ROWS
    assert SourceOptions().from_ == AUTO


@pytest.mark.parametrize("name", [field.name for field in fields(BuildOptions)])
def test_an_option_travels_to_the_first_pass_unless_it_acts_or_writes(name):
    """So a new option does; who adds one that must not, names it."""
    asked = replace(BuildOptions(), **{name: ANOTHER[name]})
    usual = BuildOptions() if name in (*ACTIONS, *WRITING) else asked
    assert asked.first_pass() == usual
    assert not asked.first_pass().looks


def test_the_first_pass_reads_the_same_and_works_here():
    asked = Options.of(**ANOTHER)
    first = asked.first_pass()
    assert first.source == asked.source
    assert first.execution == ExecutionOptions(batch_rows=9, prove="all")
    here = Options.of(workers=3, force=True).first_pass()
    assert here.execution == ExecutionOptions(workers=3)


def test_what_is_named_as_left_behind_is_there():
    assert {*ACTIONS, *WRITING} <= {field.name for field in fields(BuildOptions)}


def resolve(**options):
    settled = Settled(Detected(HH.name, {}), {}, False, {}, None)
    return resolve_recipe(
        BuildOptions(**options), None, card={}, origin=Origin.OTHER, settled=settled
    )


def test_every_option_decides_a_field_of_the_recipe():
    plain = {
        "as_",
        "template",
        "tokens",
        "date",
        "card",
        "apply",
        "judge",
        "temperature",
        "pairs",
        "min_margin",
        "drop_weak",
        "carry",
        "margin",
    }  # resolved by others, tested there
    for field in fields(BuildOptions):
        if field.name not in plain:
            held = resolve(**{field.name: ANOTHER[field.name]})
            assert held != resolve(), field.name
            assert Recipe.from_dict(held.to_dict()) == held


def test_the_recipe_is_made_of_its_fields():
    assert set(get_type_hints(RecipeFields)) == {field.name for field in fields(Recipe)}


def test_the_command_line_is_made_of_the_fields():
    command = typer.main.get_command(app).commands["build"]  # type: ignore[attr-defined]
    made = {param.name: param for param in command.params}
    own = {"sources", "out", "as_json", "quiet", "verbose"}
    assert set(made) - own == {field.name for _, field in declared()}
    for kind, field in declared():
        option = hints(kind)[field.name].__metadata__[0]
        spelt = option.flag or "--" + field.name.strip("_").replace("_", "-")
        assert made[field.name].opts == [spelt]
        assert made[field.name].help == option.help
        assert made[field.name].secondary_opts == []


def test_what_the_command_line_gives_is_what_the_fields_take(monkeypatch, tmp_path):
    given = {}

    def build(source, out, *, progress, **options):
        given.update(options)
        raise pairsmith.PairsmithError("enough")

    monkeypatch.setattr(building, "build", build)
    words = ["--on", "identical=keep", "--drop", "near, leaks", "--card", "c.yaml", "--as", "text"]
    command = typer.main.get_command(app)
    with pytest.raises(pairsmith.PairsmithError, match="enough"):
        command.main(["build", "s", "o", *words, "--force"], standalone_mode=False)
    assert given["policies"] == {"identical": "keep"}
    assert given["drop"] == ["near", "leaks"]
    assert str(given["card"]) == "c.yaml"
    assert (given["as_"], given["force"], given["from_"]) == ("text", True, "auto")
    usual = {field.name: field.default for _, field in declared()}
    empty = {"tokens": {}, "flip": None, "apply": [], "carry": [], "mend": []}
    for name in set(usual) - {"policies", "drop", "card", "as_", "force"}:
        assert given[name] == empty.get(name, usual[name]), name


def test_a_card_may_be_a_file(tmp_path):
    (tmp_path / "card.yaml").write_text("license: mit\n")
    built = pairsmith.build("sample", tmp_path / "out", card=tmp_path / "card.yaml")
    assert built.recipe.card_fields == {"license": "mit"}
