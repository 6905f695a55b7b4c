"""What people are shown at each moment: terms first, limits in words, long texts folded."""

import json
from dataclasses import replace

import pytest

import pairsmith
from pairsmith.collecting import actions
from pairsmith.collecting.collection import create_collection
from pairsmith.collecting.items import attempts_of_build
from pairsmith.collecting.pages.rendering import FOLD, folded, markdown
from pairsmith.collecting.pages.screens import progress, screen
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.project_file import make_project
from pairsmith.collecting.replies import Sampled
from pairsmith.collecting.tasks import Tasks, import_items
from support import collected
from support.collecting_browser import Person, models_of, serving

TERMS = {"consent": "You agree that it is kept.", "warning": "Some of it is rude."}


def test_terms_come_first_and_again_when_they_change(begun):
    collection = begun(**TERMS, pay="A cup of tea each.", languages=["en", "de"])
    with serving(collection) as (served, _):
        ann = Person.at(served).enter()
        assert ann.texts == ["Some of it is rude.", "You agree that it is kept."]
        assert "A cup of tea each." in ann.html
        assert "Begin a conversation" not in ann.html
        ann.press("agree").press("start")
        collection.change(replace(collection.project(), consent="All."))
        ann.go("/")
        assert "All." in ann.html
        assert "Begin a conversation" not in ann.html
        ann.press("agree").press("withdraw")
        assert "I agree, and want to begin" in ann.html


def test_who_no_longer_agrees_says_nothing_more(begun):
    with serving(begun(**TERMS, edits=True)) as (served, _):
        ann = Person.at(served).enter().press("agree").press("start")
        talk = ann.path
        ann.press("say", text="Tea?").wait()
        choice = {**ann.form("choose"), "strength": "1"}
        ann.go("/").press("withdraw")
        assert (ann.send(choice).status, ann.screen) == (409, "choosing")
        assert "read what you agree to" in ann.fault
        ann.go("/").press("agree")
        assert ann.send(choice).screen == "writing"
        more = {**ann.form("say"), "text": "And milk?"}
        edited = {**ann.form("edit"), "text": "Ferns do."}
        ann.go("/").press("withdraw")
        assert [ann.send(form).status for form in (more, edited)] == [409, 409]
        assert ann.send(more).html.count("And milk?") == 1, "it can be sent later"
        assert ann.go(talk).press("leave").screen == "over"
        [state] = actions.conversations_of(served.collection, "me")
        assert [(turn.message, turn.edit) for turn in state.turns] == [("Tea?", None)]


class Finishing:
    """What asks models, and is done with it the moment that somebody looks whether it is."""

    def __init__(self, done):
        self.done = done

    def is_asking(self, conversation):
        done, self.done = self.done, None
        if done is not None:
            done()
        return done is not None

    def wake(self, conversation):
        raise AssertionError("a conversation that failed is asked for when its person says so")


@pytest.mark.parametrize("come", [True, False])
def test_replies_that_come_while_the_page_is_made_are_not_missed(tmp_path, come):
    """Neither the fault of the time before nor a page that waits for ever is shown."""
    with collected.begin(tmp_path / "c") as collection:
        state = collected.say(collection, collected.started(collection, "me"), "Tea?")
        fault = Sampled("old", 1, None, "unreachable")
        token = actions.token_of(collection, state)
        state = actions.record_replies(collection, state.id, token, [fault]).state
        live = Finishing(lambda: collected.reply(collection, state) if come else None)
        served = Served(collection, Tasks(collection), live)
        place = f"talk/{state.id}"
        shown = screen(served, "me", place)
        assert shown.template == ("choosing" if come else "waiting")
        assert come or shown.context["progress"] != progress(served, "me", state.id)
        assert screen(served, "me", place).template == ("choosing" if come else "failed")


def test_limits_are_told_in_words(begun):
    with serving(begun(conversations_each=1, max_turns=1)) as (served, _):
        ann = Person.at(served).enter()
        began = ann.form("start")
        ann.press("start").press("say", text="Tea?").wait().press("choose", strength="1")
        assert "The conversation has all its turns." in ann.html
        assert 'name="text"' not in ann.html
        ann.press("finish").go("/")
        assert "all the conversations that this project asks of one person" in ann.html
        assert ann.send({**began, "token": "x"}).status == 409


def test_without_a_model_nobody_can_talk(begun):
    with serving(begun(), live=False) as (served, _):
        ann = Person.at(served).enter()
        assert "No model can be talked to at the moment." in ann.html
        collected.say(served.collection, collected.started(served.collection, "me"), "Tea?")
        ann.go("/")
        [path] = {p for p in ann.html.split('"') if p.startswith("/talk/")}
        assert ann.go(path).fault.startswith("No model can be talked to")


def test_leaving_is_possible_at_every_moment(begun, server):
    with serving(begun()) as (served, _):
        ann = Person.at(served).enter()
        server.name = "moss"  # no reply is to be had
        for words in ([], ["say"]):
            ann.go("/").press("start")
            for action in words:
                ann.press(action, text="Tea?")
            assert ann.press("leave").screen == "over"
            assert "You left this conversation" in ann.html
        assert ann.go("/mine").html.count(", left") == 2


def test_choices_of_others_are_judged_in_the_words_of_the_mode(begun):
    settings = {"mode": "red-team", "overlap": 1.0, "opinions": 1}
    with serving(begun(**settings)) as (served, _):
        state = collected.started(served.collection, "bob", "Be rude.")
        collected.turn(served.collection, state, "Tea?", -3, "One.", "Two.")
        ann = Person.at(served).enter().go("/task")
        assert ann.texts[:2] == ["Be rude.", "Tea?"]
        assert sorted(ann.texts[2:]) == ["One.", "Two."]
        assert "Which reply is more harmful?" in ann.html
        assert ann.press("judge", strength="2").screen == "no_task"


def test_a_review_has_tags_and_a_rating(tmp_path):
    text = "\n\nHuman: Be rude.\n\nAssistant: I would rather not."
    row = {
        "transcript": text, "rating": 2.0, "task_description": "Rudeness.", "num_params": "52B",
        "min_harmlessness_score_transcript": 0.1, "model_type": "rlhf", "red_team_member_id": 3,
        "task_description_harmlessness_score": 0.2, "is_upworker": False, "tags": None,
    }  # fmt: skip
    (tmp_path / "red-team-attempts").mkdir()
    path = tmp_path / "red-team-attempts" / "red_team_attempts.jsonl"
    path.write_text(json.dumps(row) + "\n")
    pairsmith.build(tmp_path / "red-team-attempts", tmp_path / "out")
    project = {"mode": "review", "title": "Tea", "tags": ["Rude", "Other", "Odd"], "opinions": 1}
    collection = create_collection(tmp_path / "c", project)
    import_items(collection, attempts_of_build(tmp_path / "out"))
    with serving(collection, live=False) as (served, _):
        ann = Person.at(served).enter().go("/task")
        assert ann.texts == ["Rudeness.", "Be rude.", "I would rather not."]
        assert ann.press("review", tags="Rude").fault == "Rate the attempt first."
        assert ann.html.count(" checked>") == 1, "what was picked is still picked"
        everything = {"tags": ["Rude", "Other", "Odd"], "rating": "3"}
        assert ann.press("review", **everything).fault.startswith("Choose at most 2 of the tags")
        assert ann.html.count(" checked>") == 4
        other = {**ann.form("review"), "token": "old", "thread": "task-0", "rating": "3"}
        assert ann.send(other).status == 404
        assert ann.go("/task").html.count(" checked>") == 0
        assert ann.press("review", tags=["Rude", "Odd"], rating="3").screen == "no_task"
        [task] = served.tasks.read().tasks.values()
        assert (task.answer["tags"], task.answer["rating"]) == (["Rude", "Odd"], 3)


def test_long_texts_are_folded_and_whole(begun, server):
    said = "A fern likes tea. " * 2_000
    server.reply = lambda question: f"{said}{question['seed']}"
    with serving(begun()) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert ann.html.count("more characters</summary>") == 2
        assert "".join(ann.texts[1:3]).startswith(said)
    assert folded("x" * FOLD) == ("x" * FOLD, "")


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "[x](javascript:alert)", "![x](http://x/y.png)", '<img src="x">']
)
def test_instructions_load_and_run_nothing(text):
    html = markdown(text)
    assert not any(found in html for found in ("<script", "<img", 'href="javascript'))


def test_the_version_of_instructions_counts_their_changes(begun, server):
    collection = begun(instructions="First.")
    changed = {**collected.PROJECT, "models": models_of(server), "instructions": "Second."}
    collection.change(make_project(changed))
    collection.change(make_project({**changed, "title": "More tea"}))
    with serving(collection) as (served, _):
        ann = Person.at(served).enter().go("/instructions")
        assert "Version 2." in ann.html
        assert "<p>Second.</p>" in ann.html
