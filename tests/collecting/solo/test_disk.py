"""A disk that is full, or for reading alone: told in a sentence, and nothing is lost by it."""

import pytest

import pairsmith
from pairsmith.collecting import actions, store
from pairsmith.collecting.conversation import Phase
from pairsmith.errors import CollectionError
from support import collected
from support.collecting_browser import Person, serving
from support.waiting import wait_for

FULL = "PRAGMA max_page_count = 1"  # SQLite takes that for as many as there are
READ_ONLY = "PRAGMA query_only = ON"


@pytest.fixture
def disk(monkeypatch):
    """Has every connection that is opened from now on begin with a statement."""
    connect, said = store._connect, []

    def limited(path):
        db = connect(path)
        for statement in said:
            db.execute(statement).fetchall()
        return db

    monkeypatch.setattr(store, "_connect", limited)
    return said


@pytest.mark.parametrize(
    ("statement", "words"), [(FULL, "The disk is full."), (READ_ONLY, "may not be written to")]
)
def test_a_form_that_cannot_be_stored_can_be_sent_again(begun, server, disk, statement, words):
    collection = begun()
    with serving(collection) as (served, _):
        ann = Person.at(served).enter().press("start")
        form = {**ann.form("say"), "text": "Tea? " * 3_000}
        collection.store.close()
        disk.append(statement)
        assert ann.send(form).status == 507
        assert words in ann.html
        assert "send it again" in ann.html
        assert not server.asked
        disk.clear()
        collection.store.close()
        assert ann.send(form).wait().screen == "choosing"


def test_replies_that_cannot_be_stored_are_made_again_later(begun, server, disk):
    collection = begun()
    server.reply = lambda question: f"{question['seed']} " * 5_000
    with serving(collection, pause=0.05) as (served, told):
        ann = Person.at(served).enter().press("start")
        state = collected.say(collection, actions.look(collection, "me", _thread(ann)), "Tea?")
        collection.store.close()
        disk.append(FULL)
        served.live.wake(state)
        wait_for(lambda: told)
        assert told[0] == f"The disk is full. The replies to {state.id} could not be stored."
        assert len(server.asked) == 2
        wait_for(lambda: not served.live.is_asking(state.id))
        disk.clear()
        collection.store.close()
        served.live.wake(state)
        wait_for(lambda: actions.look(collection, "me", state.id).phase == Phase.CHOOSING)


def test_the_command_says_it_too(tmp_path, disk):
    collected.begin(tmp_path / "c").close()
    (tmp_path / "c" / "project.yaml").unlink()
    disk.append(READ_ONLY)
    assert pairsmith.export_collection(tmp_path / "c").manifest.kept == 0
    project = tmp_path / "c" / "project.yaml"
    project.write_text(project.read_text().replace("Tea", "Milk"))
    with pytest.raises(CollectionError, match="may not be written to"):
        pairsmith.export_collection(tmp_path / "c")


def _thread(ann):
    return ann.path.rpartition("/")[2]
