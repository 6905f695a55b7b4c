from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from argon2 import PasswordHasher

from pairsmith.hub.auth import passwords
from pairsmith.hub.http.errors import HubError
from support.slow import slow

RIGHT = "correct horse battery"


def test_only_the_password_itself_is_right():
    kept = passwords.hash_password(RIGHT)
    assert kept.startswith("$argon2id$")
    assert RIGHT not in kept
    assert passwords.verify(kept, RIGHT)
    assert not passwords.verify(kept, RIGHT + " ")
    assert not passwords.verify(kept, "")


def test_the_same_password_is_kept_differently_each_time():
    assert passwords.hash_password(RIGHT) != passwords.hash_password(RIGHT)


def test_nothing_is_right_where_nothing_is_kept():
    assert not passwords.verify(None, RIGHT)
    assert not passwords.verify(None, "nobody's")
    assert not passwords.verify("not a hash", RIGHT)


def test_letters_are_the_same_however_they_were_typed():
    kept = passwords.hash_password("caf\u00e9 creme brulee")
    assert passwords.verify(kept, "cafe\u0301 creme brulee")


def test_a_hash_of_other_parameters_is_right_and_outdated():
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(RIGHT)
    assert passwords.verify(old, RIGHT)
    assert passwords.outdated(old)
    assert not passwords.outdated(passwords.hash_password(RIGHT))


def test_who_comes_too_late_is_told_so_and_those_from_before_have_a_line_of_their_own():
    kept = passwords.hash_password(RIGHT)
    with ExitStack() as waiting:
        for _ in range(passwords.MAX_WAITING):
            waiting.enter_context(line := passwords._lines[False])
        assert line is not passwords._lines[True]
        for act in (lambda: passwords.verify(kept, RIGHT), lambda: passwords.hash_password(RIGHT)):
            with pytest.raises(HubError) as caught:
                act()
            assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "10")
        assert passwords.verify(kept, RIGHT, known=True)
    assert passwords.verify(kept, RIGHT)


@slow
def test_few_are_made_at_once_and_all_come_to_an_end(monkeypatch):
    """As many as wait in both lines, which is fewer than Starlette has threads."""
    under_way, most = 0, 0
    hash_ = passwords._hasher.hash

    class Watched(PasswordHasher):
        def hash(self, password, *, salt=None):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            made = hash_(password)
            under_way -= 1
            return made

    monkeypatch.setattr(passwords, "_hasher", Watched())
    count = passwords.MAX_WAITING
    with ThreadPoolExecutor(2 * count) as pool:
        made = [pool.submit(passwords.hash_password, RIGHT, at % 2 == 0) for at in range(2 * count)]
        assert all(one.result().startswith("$argon2id$") for one in made)
    assert most == passwords.AT_ONCE
    assert 2 * count < 40


@pytest.mark.parametrize("text", ["", "123456789", " " * 20, "123456789   ", "x" * 257])
def test_too_short_or_too_long_to_be_chosen(text):
    with pytest.raises(HubError) as caught:
        passwords.check_new(text)
    assert caught.value.status == 400


@pytest.mark.parametrize("text", ["1234567890", "x" * 256])
def test_long_enough_to_be_chosen(text):
    passwords.check_new(text)
