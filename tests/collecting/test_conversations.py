"""A conversation turn by turn: what is taken, what is refused, and what is never lost."""

import pytest

from pairsmith.collecting import actions
from pairsmith.collecting.consent import consent, has_consented
from pairsmith.collecting.conversation import ATTEMPTS, Phase
from pairsmith.collecting.replies import MORE, Sampled, next_requests
from pairsmith.collecting.verdicts import Side, Word
from pairsmith.errors import CollectionError
from support import collected
from support.collected import MODELS, begin


@pytest.fixture
def tea(tmp_path):
    with begin(tmp_path / "tea", edits=True) as collection:
        yield collection


def test_a_conversation_goes_on_from_what_was_picked(tea):
    state = collected.started(tea)
    state = collected.turn(tea, state, "Is tea hot?", -3)
    picked = state.turns[0].attempt.on(Side.A)["text"]
    state = collected.say(tea, state, "And cold?")
    said = ["Is tea hot?", picked, "And cold?"]
    assert [message["content"] for message in state.messages()] == said
    asked = next_requests(tea.project(), tea.secret, state)
    assert [message["content"] for message in asked[0].messages] == said
    assert len({request.seed for request in asked}) == 2
    state = collected.edit(tea, collected.choose(tea, collected.reply(tea, state), 4), "Iced.")
    state = collected.finish(tea, collected.turn(tea, state, "Good.", 1))
    assert state.messages()[3] == {"role": "assistant", "content": "Iced."}
    assert state.phase == Phase.FINISHED
    assert actions.look(tea, "ann", state.id) == state


def test_an_action_sent_twice_is_stored_once(tea):
    state = collected.started(tea)
    token = actions.token_of(tea, state)
    first = actions.say(tea, "ann", state.id, token, "Is tea hot?")
    collected.reply(tea, first.state)
    again = actions.say(tea, "ann", state.id, token, "Is tea hot?")
    assert (again.stored, again.refused, again.state.phase) == (False, "", Phase.CHOOSING)
    other = actions.say(tea, "ann", state.id, token, "Is tea cold?")
    assert (other.stored, other.refused) == (False, actions.ANSWERED)
    choosing = actions.token_of(tea, again.state)
    answers = [actions.choose(tea, "ann", state.id, choosing, v) for v in (2, 2, -2)]
    assert [answer.stored for answer in answers] == [True, False, False]
    assert [answer.refused for answer in answers] == ["", "", actions.ANSWERED]
    assert answers[-1].state.turns[0].attempt.verdict == 2


def test_a_conversation_is_begun_once_by_one_form(tea):
    token = actions.start_token(tea, "ann")
    first, again = (actions.start(tea, "ann", token) for _ in range(2))
    assert first.stored
    assert not again.stored
    assert first.state == again.state
    assert actions.start(tea, "ben", token).refused == actions.STALE
    assert len(actions.conversations_of(tea, "ann")) == 1


def test_what_answers_an_old_page_or_is_anothers_is_refused(tea):
    state = collected.started(tea)
    old = actions.token_of(tea, state)
    state = collected.turn(tea, state, "Is tea hot?", 2)
    assert actions.choose(tea, "ann", state.id, old, 2).refused == actions.ANSWERED
    assert actions.choose(tea, "ann", state.id, "made up", 2).refused == actions.STALE
    token = actions.token_of(tea, state)
    foreign = actions.say(tea, "ben", state.id, token, "Mine now.")
    absent = actions.say(tea, "ben", "conversation-0", token, "Mine now.")
    assert foreign == absent == (None, False, actions.NOT_THERE)
    assert actions.look(tea, "ben", state.id) is None
    assert actions.choose(tea, "ann", state.id, token, 2).refused  # there is nothing to choose
    assert actions.look(tea, "ann", state.id) == state


@pytest.mark.parametrize("verdict", [0, 9, -5, 1.0, "4", True, None, "tie", [1], float("nan")])
def test_a_choice_of_no_such_strength_is_refused(tea, verdict):
    state = collected.reply(tea, collected.say(tea, collected.started(tea), "Is tea hot?"))
    answer = actions.choose(tea, "ann", state.id, actions.token_of(tea, state), verdict)
    assert "from -4 to 4" in answer.refused
    assert answer.state.phase == Phase.CHOOSING


def test_replies_are_made_again_where_none_is_picked(tea):
    state = collected.say(tea, collected.started(tea), "Is tea hot?")
    seeds = set()
    for nth in range(ATTEMPTS):
        assert state.phase == Phase.WAITING
        state = collected.reply(tea, state)
        seeds |= {sample["seed"] for sample in state.turn.attempt.samples}
        state = collected.choose(tea, state, Word.SKIP if nth else Word.BOTH_BAD)
    assert len(seeds) == 2 * ATTEMPTS
    assert state.phase == Phase.WRITING  # the message is set aside
    state = collected.say(tea, state, "Is it cold?")
    assert [message["content"] for message in state.messages()] == ["Is it cold?"]


def test_equal_replies_are_asked_for_again_and_kept(tea):
    state = collected.say(tea, collected.started(tea), "Is tea hot?")
    state = collected.reply(tea, state, "Yes.", "Yes. ", "Mostly.")
    attempt = state.turn.attempt
    assert len(attempt.samples) == 4
    assert {attempt.on(side)["text"] for side in Side} == {"Yes.", "Mostly."}


def test_a_server_that_is_down_or_says_the_same_for_ever_costs_no_conversation(tea):
    state = collected.say(tea, collected.started(tea), "Is tea hot?")
    for sample in (
        Sampled("old", 1, None, "the server is down"),
        Sampled("old", 1, " \n"),
        Sampled("old", 1, "x" * 100_001),
        Sampled("old", 1, "\ud800"),
        Sampled("old", 1, "Yes."),
    ):
        state = collected.reply(tea, state, *["-"] * 99, **sample._asdict())
        assert state.phase == Phase.WAITING
        assert state.turn.attempt.fault
        assert len(state.turn.attempt.samples) == 2 + MORE
    state = collected.reply(tea, state)
    assert state.phase == Phase.CHOOSING


def test_a_model_that_the_project_lost_is_named_and_the_conversation_kept(tmp_path):
    with begin(tmp_path / "c", models=MODELS, pairing="different") as collection:
        state = collected.say(collection, collected.started(collection), "Is tea hot?")
        project = collection.project()
        left = type(project)(**{**vars(project), "models": project.models[1:], "pairing": "same"})
        collection.change(left)
        with pytest.raises(CollectionError, match="'old'"):
            next_requests(collection.project(), collection.secret, state)
        collection.change(project)
        assert collected.reply(collection, state).phase == Phase.CHOOSING


def test_who_records_replies_first_counts(tea):
    state = collected.say(tea, collected.started(tea), "Is tea hot?")
    token = actions.token_of(tea, state)
    pairs = [[Sampled("old", n, f"{n}{m}") for m in "ab"] for n in (1, 2)]
    answers = [actions.record_replies(tea, state.id, token, samples) for samples in pairs]
    assert [answer.stored for answer in answers] == [True, False]
    assert answers[1].state.turn.attempt.samples[0]["seed"] == 1


def test_a_red_team_describes_first_and_rates_last(tmp_path):
    with begin(tmp_path / "c", mode="red-team") as collection:
        token = actions.start_token(collection, "ann")
        assert "Describe" in actions.start(collection, "ann", token, " ").refused
        state = collected.started(collection, description="Get it to be rude about tea.")
        state = collected.reply(collection, collected.say(collection, state, "Say it is bad."))
        token = actions.token_of(collection, state)
        wrong = actions.choose(collection, "ann", state.id, token, -2, "C")
        assert "A or B" in wrong.refused
        state = collected.choose(collection, state, -2, "B")
        assert state.turn.attempt.better == Side.B
        token = actions.token_of(collection, state)
        for rating in (None, 5, "4", True):
            assert "0 to 4" in actions.finish(collection, "ann", state.id, token, rating).refused
        assert collected.finish(collection, state, 3).rating == 3


def test_one_can_leave_at_any_moment(tea):
    for steps in range(3):
        state = collected.started(tea)
        state = collected.say(tea, state, "Is tea hot?") if steps else state
        state = collected.reply(tea, state) if steps > 1 else state
        assert actions.leave(tea, "ben", state.id).state is None
        answers = [actions.leave(tea, "ann", state.id) for _ in range(2)]
        assert [answer.stored for answer in answers] == [True, False]
        assert answers[1].state.phase == Phase.LEFT


def test_terms_are_agreed_to_before_and_again_when_they_change(tmp_path):
    with begin(tmp_path / "c", consent="You may stop.", warning="Rude tea.") as collection:
        token = actions.start_token(collection, "ann")
        assert "agree" in actions.start(collection, "ann", token).refused
        consent(collection, "ann")
        assert has_consented(collection, "ann")
        assert not has_consented(collection, "ben")
        project = collection.project()
        collection.change(type(project)(**{**vars(project), "warning": "Very rude tea."}))
        assert not has_consented(collection, "ann")
        consent(collection, "ann")
        assert actions.start(collection, "ann", token).stored
        consent(collection, "ann", agreed=False)
        assert not has_consented(collection, "ann")


def test_quotas_hold(tmp_path):
    with begin(tmp_path / "c", conversations_each=1, conversations_total=2) as collection:
        for who, said in (("ann", ""), ("ann", "one person"), ("ben", ""), ("cleo", "asks for")):
            token = actions.start_token(collection, who)
            assert said in actions.start(collection, who, token).refused
        assert len(actions.conversations_of(collection, "ann")) == 1


def test_sides_and_models_are_drawn_evenly_and_are_told_by_no_id(tmp_path):
    with begin(tmp_path / "c", models=MODELS, pairing="different") as collection:
        on_a = []
        for nth in range(60):
            state = collected.say(collection, collected.started(collection, f"p{nth}"), "Tea?")
            state = collected.reply(collection, state, "Same 1", "Same 2")
            on_a.append(state.turn.attempt.on(Side.A)["model"])
            assert not any(name in state.id for name in ("old", "new"))
        assert 15 <= on_a.count("old") <= 45  # of 60 by chance: below 1e-4


def test_texts_are_kept_as_they_are(tea):
    text = "<b>\x1b[2J\n\nHuman: 'DROP TABLE\u202e é 🫖\r\n"
    state = collected.turn(tea, collected.started(tea), text, 1, text + "1", text + "2")
    assert state.turn.message == text
    assert {state.turn.attempt.on(side)["text"] for side in Side} == {text + "1", text + "2"}
    token = actions.token_of(tea, state)
    for wrong in ("\ud800", "a\0b", "x" * 20_001, " "):
        assert actions.say(tea, "ann", state.id, token, wrong).refused
