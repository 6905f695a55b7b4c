"""A project is read strictly, and what is written of it is read again."""

import time

import pytest

from pairsmith.collecting.collection import create_collection, open_collection
from pairsmith.collecting.events import Kind
from pairsmith.collecting.project import Pairing
from pairsmith.collecting.project_file import (
    make_project,
    parse_project,
    read_project,
    write_project,
)
from pairsmith.errors import CollectionError
from support.collected import MODELS, PROJECT

WRONG = [
    ({"modle": "helpful"}, "modle", "mode"),
    ({"mode": "helpfull"}, "helpfull", "helpful"),
    ({"models": []}, "no models", "endpoint"),
    ({"models": [{**MODELS[0], "endpoint": "file:///etc"}]}, "file:///etc", "http"),
    ({"models": [{**MODELS[0], "endpoint": "http://ann:pw@h/"}]}, "password", "TOKEN"),
    ({"models": [{**MODELS[0], "parameters": {"temprature": 1}}]}, "temprature", "temperature"),
    ({"models": [MODELS[0], MODELS[0]]}, "old", "Rename"),
    ({"best_of": 1}, "best_of", "from 2"),
    ({"repeats": 0.9}, "repeats", "0.5"),
    ({"test": float("nan")}, "test", "number"),
    ({"test": 10**400}, "test", "number"),
    ({"tranche": "rejection-sampled"}, "preference model", "score"),
    ({"subset": "red-team-attempts"}, "subset", "pairs"),
    ({"subset": "../up"}, "subset", "small letters"),
    ({"title": "two\nlines"}, "title", "one line"),
    ({"pairing": "different"}, "different", "same"),
    ({"mode": "review"}, "tags", "tags"),
    ({"opinions": 16}, "most_opinions", ""),
    ({"conversations_each": True}, "conversations_each", "whole number"),
]


@pytest.mark.parametrize(("given", "said", "hint"), WRONG, ids=lambda value: str(value)[:30])
def test_what_is_not_understood_is_named(given, said, hint):
    with pytest.raises(CollectionError) as raised:
        make_project({**PROJECT, **given})
    assert said in raised.value.message
    assert hint in raised.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode: relabel\ntitle: Tea\ntitle: Milk", "'title' twice, the second time in line 3"),
        ("mode: relabel\ntitle: Tea\ngold:\n- {prompt: a, prompt: b}", "'prompt' twice"),
        ('{"mode": "relabel", "title": "Tea", "mode": "relabel"}', "'mode' twice"),
    ],
)
def test_a_field_stands_once(text, said):
    with pytest.raises(CollectionError, match=said):
        parse_project(text, "the form")


@pytest.mark.parametrize("address", ["http://h:99999", "http://h h", "http://tée"])
def test_an_endpoint_can_be_asked(address):
    text = write_project(make_project({**PROJECT, "models": [{**MODELS[0], "endpoint": address}]}))
    with pytest.raises(CollectionError, match="model 'old' is .*no address"):
        parse_project(text, "the form")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file/c", "link"):
        with pytest.raises(CollectionError, match=f"{name} cannot be made"):
            create_collection(tmp_path / name, PROJECT)


def test_a_project_is_written_and_read_again(tmp_path):
    gold = [{"prompt": "Is tea hot?", "better": "Mostly.", "worse": "Blue."}]
    given = {**PROJECT, "models": MODELS, "tranche": "online", "gold": gold, "round": "3"}
    project = make_project({**given, "instructions": "*Be kind*: é\n"})
    assert project.pairing == Pairing.DRAWN
    path = tmp_path / "project.yaml"
    path.write_text(write_project(project))
    assert read_project(path) == project


@pytest.mark.parametrize("text", ["- a", "a: [", "a: &x 1\nb: *x", "\xff", "mode: helpful"])
def test_a_file_that_is_no_project_is_refused(tmp_path, text):
    path = tmp_path / "project.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CollectionError):
        read_project(path)


def test_a_number_too_long_to_be_shown_is_named():
    with pytest.raises(CollectionError, match="lease is a very large number"):
        make_project({**PROJECT, "lease": 10**5000})


COSTLY = {
    "deep": ("[" * 1_000_000, "deep"),
    "sexagesimal": (f"test: 1{':1' * 500_000}", "a number of 1,000,001 characters"),
    "quoted": (f'test: !!int "1{":1" * 400_000}"', "a number of 800,001 characters"),
    "typed": ("title: !!binary aGk=", "names a type"),
    "long": (f"test: 0x{'f' * 1000}", "a number of"),
    "many": ("- a\n" * 260_000, "values"),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_file_that_costs_more_than_it_is_long_is_refused_at_once(name):
    text, said = COSTLY[name]
    began = time.process_time()
    with pytest.raises(CollectionError, match=said):
        parse_project(text, "a form")
    assert time.process_time() - began < 15  # not minutes


def test_a_change_is_an_event(tmp_path):
    made = make_project(PROJECT)
    with create_collection(tmp_path / "c", made) as collection:
        assert collection.project() == made
    changed = make_project({**PROJECT, "instructions": "Be brief."})
    (tmp_path / "c/project.yaml").write_text(write_project(changed))
    for _ in range(2):  # opening it again changes nothing more
        with open_collection(tmp_path / "c") as collection, collection.store.read() as look:
            assert collection.project(look) == changed
            assert look.count(Kind.PROJECT) == 2
    review = make_project({"mode": "review", "title": "Tea", "tags": ["polite"]})
    with (
        open_collection(tmp_path / "c") as collection,
        pytest.raises(CollectionError, match="mode"),
    ):
        collection.change(review)


def test_a_folder_without_a_collection_is_refused(tmp_path):
    with pytest.raises(CollectionError, match="no collection"):
        open_collection(tmp_path)
    (tmp_path / "collection.sqlite").write_text("tea" * 999)
    with pytest.raises(CollectionError, match="not a collection"):
        open_collection(tmp_path)
    with pytest.raises(CollectionError, match="holds something"):
        create_collection(tmp_path, PROJECT)
