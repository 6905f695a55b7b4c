"""Collections whose models and people are made up: what is said is mild, and known."""

from pairsmith.collecting import actions, replies
from pairsmith.collecting.collection import create_collection
from pairsmith.collecting.conversation import Phase

MODELS = [
    {"name": "old", "endpoint": "http://127.0.0.1:9/v1", "served_model": "tea-1"},
    {"name": "new", "endpoint": "http://127.0.0.1:9/v1", "served_model": "tea-2"},
]
PROJECT = {"mode": "helpful", "title": "Tea", "models": MODELS[:1]}


def begin(folder, **settings):
    """A collection in a new folder."""
    return create_collection(folder, {**PROJECT, **settings})


def started(collection, who="ann", description=""):
    """A conversation that was begun just now."""
    token = actions.start_token(collection, who)
    answer = actions.start(collection, who, token, description)
    assert answer.stored, answer.refused
    return answer.state


def say(collection, state, text):
    """The person writes."""
    token = actions.token_of(collection, state)
    return _done(actions.say(collection, state.who, state.id, token, text))


def reply(collection, state, *texts, **known):
    """Models answer, until two replies are shown: with these texts, or with their seeds."""
    samples = []
    while asked := replies.next_requests(collection.project(), collection.secret, state, samples):
        for request in asked:
            text = texts[request.place] if request.place < len(texts) else f"No. {request.seed}"
            sample = replies.Sampled(request.model.name, request.seed, text)
            samples.append(sample._replace(**known))
    token = actions.token_of(collection, state)
    return _done(actions.record_replies(collection, state.id, token, samples))


def choose(collection, state, verdict, better=None):
    """The person picks."""
    token = actions.token_of(collection, state)
    return _done(actions.choose(collection, state.who, state.id, token, verdict, better))


def edit(collection, state, text):
    """The person edits what was picked."""
    token = actions.token_of(collection, state)
    return _done(actions.edit(collection, state.who, state.id, token, text))


def finish(collection, state, rating=None):
    """The person ends it."""
    token = actions.token_of(collection, state)
    return _done(actions.finish(collection, state.who, state.id, token, rating))


def turn(collection, state, text, verdict, *texts):
    """A whole turn: a message, two replies, a verdict."""
    state = reply(collection, say(collection, state, text), *texts)
    assert state.phase == Phase.CHOOSING
    return choose(collection, state, verdict)


def _done(answer):
    assert answer.stored, answer.refused
    return answer.state
