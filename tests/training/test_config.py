"""Settings: read from YAML by TRL's names, checked, the command line before the file."""

import pytest

from pairsmith.errors import RecipeError
from pairsmith.training.config import check_settings, nearest, read_config
from pairsmith.training.dpo.options import DpoArguments
from pairsmith.training.methods import METHODS
from pairsmith.training.reward.options import DEFAULTS, RewardArguments
from pairsmith.training.rl.options import RlArguments

ARGUMENTS = {"reward": RewardArguments, "dpo": DpoArguments, "rl": RlArguments}
REWARD = METHODS["reward"].configuration
TYPES = {
    "learning_rate": float, "seed": int, "bf16": bool | None, "optim": str, "cut": bool,
    "loss_weights": list[float] | None,
    "optim_args": None | str | list[str], "lr_scheduler_kwargs": dict | str | None,
}  # fmt: skip


def test_arguments_are_the_fields():
    from dataclasses import fields

    for kind, method in METHODS.items():
        held = fields(method.configuration.options)
        assert list(ARGUMENTS[kind].__annotations__) == [one.name for one in held]
        assert all(one.default is None for one in held)


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("learning_rate", "1e-5", 1e-5),
        ("learning_rate", 1, 1.0),
        ("seed", 7, 7),
        ("bf16", None, None),
        ("optim_args", ["a"], ["a"]),
        ("loss_weights", [1, "2e-1"], [1.0, 0.2]),
        ("lr_scheduler_kwargs", {"num_cycles": 1}, {"num_cycles": 1}),
    ],
    ids=["1e-5", "whole", "seed", "null", "list", "numbers", "mapping"],
)
def test_values_are_brought_to_their_type(name, given, taken):
    found = check_settings({name: given}, TYPES, "The file")
    assert found == {name: taken}
    assert type(found[name]) is type(taken)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("seed", "7", "Expected a whole number."),
        ("seed", True, "Expected a whole number."),
        ("learning_rate", "fast", "Expected a number."),
        ("loss_weights", [1.0, "much"], "Expected a list or a word or null."),
        ("learning_rate", float("nan"), "Expected a number."),
        ("cut", "yes", "Expected true or false."),
        ("optim", {"a": 1}, "Expected a text."),
        ("optim", "x" * 2000, "Expected a text."),
    ],
    ids=["text", "truth", "word", "weights", "nan", "yes", "mapping", "long"],
)
def test_values_of_another_type_are_refused(name, given, said):
    with pytest.raises(RecipeError) as caught:
        check_settings({name: given}, TYPES, "The file c.yaml")
    assert caught.value.message.startswith(f"The file c.yaml sets {name} to ")
    assert caught.value.hint == said
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    ("name", "meant"),
    [("lerning_rate", "learning_rate"), ("lr", "learning_rate"), ("Seed", "seed"), ("k", None)],
)
def test_the_nearest_field_is_named(name, meant):
    hint = nearest(name, TYPES)
    assert hint == (f"Did you mean {meant}?" if meant else "docs/reference/training.md lists the "
                    "fields.")  # fmt: skip


@pytest.mark.parametrize("name", ["output_dir", "push_to_hub", "hub_token", "eval_steps"])
def test_what_is_ours_is_not_to_be_set(name):
    with pytest.raises(RecipeError, match=f"sets {name}, which pairsmith sets itself"):
        check_settings({name: 1}, {name: int}, "The file")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "are no fields"),
        ("a: [", "are not YAML"),
        ("[" * 60_000, "lists within lists"),
        ("!!python/object/apply:os.system ['true']", "are not YAML"),
        ("a: 1\n" * 20_000, "are longer than"),
        ("1: 2\n", "are no fields"),
        (b"\xff\xfe", "cannot be read"),
        ("a: &a [x]\n" + "".join(f"{n}: &{n} [{'*a,' * 9}]\n" for n in "bcd"), "as \\*name"),
        ("a: &a [*a]\n", "as \\*name"),
        ("b: &b {k: 1}\na: {<<: [*b, *b]}\n", "as \\*name"),
        ("a: 0x" + "f" * 6_000, "a number of 6,002 characters"),
        ("a: {b: [2020-01-01]}\n", "under 'a' what JSON does not"),
        ("a: {1: b}\n", "under 'a' what JSON does not"),
        ("a: [.nan]\n", "under 'a' what JSON does not"),
        ('a: "\\ud800"\n', "under 'a' what JSON does not"),
    ],
    ids=[
        "list",
        "broken",
        "deep",
        "code",
        "long",
        "numbers",
        "bytes",
        "grows",
        "itself",
        "merged",
        "huge",
        "date",
        "key",
        "nan",
        "half",
    ],
)
def test_files_that_are_no_settings(tmp_path, text, said):
    path = tmp_path / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecipeError, match=said):
        read_config(path)


def test_an_empty_file_sets_nothing(tmp_path):
    (tmp_path / "c.yaml").write_text("# later\n")
    assert read_config(tmp_path / "c.yaml") == {}


def test_what_is_said_goes_before_the_file_and_the_file_before_defaults(tmp_path):
    pytest.importorskip("trl")
    from pairsmith.training.settings import settle

    (tmp_path / "c.yaml").write_text("model_name_or_path: tea\nseed: 7\nweight_decay: 1e-2\n")
    found = settle(REWARD, {"seed": 9, "subset": [], "cut": None}, tmp_path / "c.yaml")
    assert (found["model_name_or_path"], found["seed"], found["weight_decay"]) == ("tea", 9, 0.01)
    assert found["cut"] is DEFAULTS["cut"] is False


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "No model is named"),
        ({"num_train_epochs": 0.0}, "num_train_epochs is 0"),
        ({"max_steps": 0}, "max_steps is 0"),
        ({"per_device_train_batch_size": 0}, "per_device_train_batch_size is 0"),
        ({"seed": 10**20}, "seed is 1"),
        ({"max_steps": 2**31}, "max_steps is 2"),
        ({"use_peft": True, "head_only": True}, "Adapters and the head alone"),
    ],
    ids=["model", "epochs", "steps", "batch", "seed", "count", "both"],
)
def test_what_is_out_of_range_or_at_odds(given, said):
    pytest.importorskip("trl")
    from pairsmith.training.settings import settle

    named = {"model_name_or_path": "tea"} if given else {}
    with pytest.raises(RecipeError, match=said):
        settle(REWARD, {**named, **given}, None)
