"""Nobody can tell which reply came from which model: not by page, order, headers, size or time."""

import re
import time

import pytest

from pairsmith.collecting import actions
from pairsmith.collecting.conversation import Phase
from support import collected
from support.chat_server import chatting
from support.collecting_browser import Person, models_of, serving
from support.slow import quick

FERN, MOSS = "Ferns like tea.", "Moss likes rain."
KEPT = ("content-type", "content-security-policy", "cache-control", "content-length")
DRAWN = re.compile(r"conversation-[0-9a-f]{16}|(?<=value=\")[0-9a-f]{32,64}(?=\")")
"""What is drawn anew in every collection: ids, tokens and the proof of a form."""


def slowly(text, seconds):
    def reply(question):
        time.sleep(seconds)
        return text

    return reply


def choosing(folder, one, other, fern_is_one):
    """A page with two replies: FERN of one model and MOSS of the other; with its headers."""
    one.reply = slowly(FERN if fern_is_one else MOSS, 0.0)
    other.reply = slowly(MOSS if fern_is_one else FERN, 0.05)
    one_model, other_model = models_of(one)[0], models_of(other)[0]
    models = [one_model, {**other_model, "name": "old", "served_model": "moss", "share": 3.0}]
    collection = collected.begin(folder, models=models, pairing="different")
    with serving(collection) as (served, _):
        ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
        assert sorted(ann.texts[1:]) == [FERN, MOSS]
        [state] = actions.conversations_of(collection, "me")
        attempt = state.turns[0].attempts[0]
        sides = [attempt.samples[place]["model"] for place in attempt.shown]
        answer = ann.client.get(ann.path)
        progress = ann.client.get(f"{ann.path}/progress").text
        a, b = ann.texts[1:]
        page = ann.html.replace(a, "REPLY").replace(b, "REPLY")
    headers = {name: answer.headers[name] for name in KEPT if name in answer.headers}
    headers["content-length"] = str(int(headers["content-length"]) - len(a) - len(b))
    return sides, (DRAWN.sub("…", page), headers, progress), a


@pytest.mark.parametrize("fern_is_one", quick([True, False], True))
def test_pages_differ_by_the_texts_alone(tmp_path, fern_is_one):
    """The same page, byte for byte, whichever model is on which side and whoever is slow."""
    pages, sides, first = [], set(), []
    with chatting("ferns") as one, chatting("moss") as other:
        for nth in range(20):
            held, page, a = choosing(tmp_path / str(nth), one, other, fern_is_one)
            pages.append(page)
            sides.add(tuple(held))
            first.append((held[0], a))
            if len(sides) == 2 and nth > 2:
                break
    assert len(sides) == 2, "one model is always on the same side"
    assert all(page == pages[0] for page in pages)
    assert not any(word in str(pages[0]) for word in ("ferns", "moss", "new", "old", "share"))
    fern = "new" if fern_is_one else "old"
    assert all((model == fern) == (a == FERN) for model, a in first)


def test_nothing_is_shown_before_both_replies_are_there(tmp_path):
    """A fast reply waits for the slow one, and the page says nothing meanwhile."""
    with chatting("ferns") as one, chatting("moss") as other:
        one.reply, other.reply = slowly(FERN, 0.0), slowly(MOSS, 0.4)
        models = [models_of(one)[0], {**models_of(other)[0], "name": "old", "served_model": "moss"}]
        collection = collected.begin(tmp_path / "c", models=models, pairing="different")
        with serving(collection) as (served, _):
            ann = Person.at(served).enter().press("start").press("say", text="Tea?")
            waited, seen = ann.html, set()
            while ann.screen == "waiting":
                seen.add(ann.client.get(f"{ann.path}/progress").text)
                assert ann.html == waited
                assert FERN not in ann.html
                time.sleep(0.02)
                ann.go(ann.path)
            assert seen <= {"2+", "3"}  # 3: they came between two looks
            assert ann.screen == "choosing"
            [state] = actions.conversations_of(collection, "me")
            assert state.phase == Phase.CHOOSING
            assert len(one.asked) == len(other.asked) == 1
