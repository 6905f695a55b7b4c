"""One person at the pages, form by form, against a stand-in that speaks the protocol."""

import re

import pytest

from support import collected
from support.collecting_browser import Person, serving


@pytest.fixture
def ann(begun):
    """Somebody who was let in, at a helpful project."""
    with serving(begun(edits=True, instructions="Be **kind** <b>.")) as (served, told):
        person = Person.at(served).enter()
        person.served, person.told = served, told
        yield person


def test_a_turn_from_the_link_to_the_choice(ann, server):
    assert ann.screen == "start"
    assert "<p>Be <strong>kind</strong> &lt;b&gt;.</p>" in ann.html
    assert ann.press("start").screen == "writing"
    ann.press("say", text="Does a fern like tea?\r\nReally?")
    assert ann.wait().screen == "choosing"
    first, a, b = ann.texts
    assert first == "Does a fern like tea?\nReally?"
    assert a != b
    assert "<title>Tea</title>" in ann.html
    assert re.fullmatch(r"/talk/conversation-[0-9a-f]{16}", ann.path)
    assert ann.press("choose", strength="3").screen == "writing"
    assert ann.texts == [first, b]
    assert ann.press("edit", text="Ferns do.").texts == [first, "Ferns do."]
    assert ann.press("finish").screen == "over"
    assert [question["messages"] for question in server.asked] == [
        [{"role": "user", "content": first}]
    ] * 2
    assert ann.go("/mine").html.count("1 turn, finished") == 1


def test_forms_that_come_again_or_late(ann):
    """A double click, an old tab: acknowledged once, stored once; refused in a sentence."""
    began = ann.form("start")
    ann.press("start")
    assert ann.send(began).screen == "writing"
    said = {**ann.form("say"), "text": "Tea?"}
    ann.send(said)
    assert ann.send(said).wait().screen == "choosing"
    picked = {**ann.form("choose"), "strength": "-1"}
    assert ann.send(picked).screen == "writing"
    assert ann.send(picked).screen == "writing"
    assert ann.send({**picked, "strength": "4"}).status == 409
    assert "first answer counts" in ann.fault
    assert ann.send({**said, "text": "Another?"}).status == 409
    assert "Another?" in ann.html
    [mine] = [state.turns for state in _states(ann)]
    assert [turn.message for turn in mine] == ["Tea?"]
    assert mine[0].attempts[0].verdict == -1


def test_what_is_no_choice(ann):
    ann.press("start").press("say", text="Tea?").wait()
    assert (
        ann.press("choose").fault == "Pick one of the eight steps first, or say that both are bad."
    )
    for strength in ("9", "0", "two", "1e1", "٣"):
        assert ann.press("choose", strength=strength).status == 409
        assert ann.fault.startswith("A choice is a whole number from -4 to 4")
    assert ann.press("choose", verdict="skip").wait().screen == "choosing"
    assert ann.press("choose", verdict="both_bad").wait().screen == "choosing"
    ann.press("choose", verdict="both_bad")
    assert "was set aside" in ann.html
    assert ann.send({**ann.form("say"), "action": "dance"}).status == 404


def test_a_field_that_stands_twice_is_not_guessed(ann):
    ann.press("start").press("say", text="Tea?").wait()
    ann.send({**ann.form("choose"), "strength": ["2", "-4"]})
    assert (ann.status, "'strength' more than once" in ann.html) == (409, True)
    assert _states(ann)[0].turns[0].attempts[0].verdict is None


def test_markup_and_control_characters_are_text(ann, server):
    said = "</textarea><script>alert(1)</script>\x1b[31m\u202e \x7f {{ 7 * 7 }}\n\n  end "
    server.reply = lambda question: f"{said}{question['seed']}"
    ann.press("start").press("say", text=said).wait()
    assert ann.texts[0] == said
    assert all(text.startswith(said) for text in ann.texts)
    assert "<script>alert" not in ann.html
    ann.press("choose", strength="1")
    assert ann.press("edit", text=ann.texts[-1].replace("\n", "\r\n")).fault == (
        "The reply was not changed."
    )


def test_what_is_nobodys_or_anothers_is_not_there(ann):
    other = collected.started(ann.served.collection, "bob")
    missing = {ann.go(f"/talk/{id}").html for id in (other.id, "conversation-0", "", "a/b")}
    missing |= {ann.go(f"/{place}").html for place in ("task", "mine/x", "instructions/", "x")}
    assert missing == {"There is no such page."}
    assert ann.client.get(f"/talk/{other.id}/progress").status_code == 404
    form = {**ann.go("/").press("start").form("say"), "thread": other.id, "text": "Hello"}
    assert ann.send(form).status == 404
    assert ann.go("/").send({**form, "action": "leave"}).status == 404


def _states(ann):
    from pairsmith.collecting import actions

    return actions.conversations_of(ann.served.collection, "me")
