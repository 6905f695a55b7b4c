"""What is shown on a terminal or in a report steers neither."""

import json

from pairsmith.text.sanitize import escape_json, sanitize, shorten


def test_what_can_be_shown_stays():
    for text in ("a\n\tb é 日本 😀", "a\tb\n\u200dé\u3000日", "no\u00a0break", "👩\u200d👧"):
        assert sanitize(text) == text


def test_what_would_steer_is_shown_as_pictures_or_escapes():
    assert sanitize("\0\x7f\u200b") == "␀\\u007f\\u200b"
    assert sanitize("\x1b[2J") == "␛[2J"  # clears a screen
    assert sanitize("a\u202eb\u2066c") == "a\\u202eb\\u2066c"  # turns others round
    assert sanitize("one\u2028two\r") == "one\\u2028two␍"
    assert sanitize("\udce9\ue000\x9b") == "\\udce9\\ue000\\u009b"


def test_a_long_text_is_shortened():
    assert shorten("a" * 10, 4) == "aaaa … (6 more characters)"
    assert shorten("four", 4) == "four"


def test_json_for_a_terminal_means_the_same_and_steers_nothing():
    held = {"subset\u202e": ["\x1b[2J", "\x7f\x9b", "naïve \U0001f33f"]}
    text = escape_json(json.dumps(held, ensure_ascii=False, indent=2))
    assert json.loads(text) == held
    assert set(text) - {"\n"} <= {chr(code) for code in range(0x20, 0x7F)}
