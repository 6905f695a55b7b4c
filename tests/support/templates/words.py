"""Invented texts for conversations, and the strings that templates look for in them."""

from __future__ import annotations

from random import Random

SENTENCES = (
    "How do I store apples over the winter?",
    "Put them in a cool, dark place, each one wrapped in paper.",
    "What is the difference between a canal and a river",
    "A canal was dug by people; a river found its own way.",
    "Could you explain it again, step by step, please?",
    "First measure the wall. Then cut the board a little longer.",
    "Sure! Here are three ideas:\n\n1. Walk\n2. Cycle\n3. Take the bus",
    "def add(a, b):\n    return a + b",
    "It's \"fine\", isn't it? <b>Bold</b> & plain.",
    "Ich hätte gern ein Stück Kuchen – danke 😀",
    "日本の夏は暑いです。",
    "https://example.org/a?b=c&d=e has the list (see [1]).",
    '{"name": "Ann", "age": 7}',
    "Yes.",
    "no",
    "12 eggs and 3 cups of flour",
    "An answer\twith a tab, and\r\na line of another kind.",
    "The train leaves at 10:45; the next one goes at 11:15.",
    "\\frac{1}{2} is a half, {{ as they write }}",
    "THE SIGN SAID STOP",
    "user, assistant and system are words like any other",
)

NAMES = (
    "call", "think", "tool", "json", "search", "quote", "note", "draft", "plan", "image", "step",
    "memo", "scratch", "result", "voice", "code", "math", "cite", "ref", "hint",
)  # fmt: skip

PLAIN = (
    "as an aside", "in private", "Final Answer:", "Question:", "TL;DR", "### Response", "http://",
    "/no_think", "stop here", "P.S.", "off the record", "Übrigens", "注意", "…and so on", "N/A",
    "--verbose", "$$", "```", "::", "=>", "I cannot", "Human:", "USER", "yes, chef", "0x",
)  # fmt: skip

CHARACTERS = (*"{}[]<>#@*|~^`§¶•»\"'%&=+!?;_/", "’", "—", "\u00a0", "é", "無")

SPACES = ("\u00a0", "\u2009", "\u200b", "\u3000", "\u2028", "\x0b", "\x0c", "\x85", "\r\n", "\t")


def sentence(rng: Random) -> str:
    """An ordinary text, sometimes of several sentences."""
    many = rng.choice((1, 1, 1, 2, 2, 3, 6))
    return rng.choice((" ", " ", "\n", "\n\n")).join(rng.choice(SENTENCES) for _ in range(many))


def padded(rng: Random) -> str:
    """An ordinary text, now and then with white space around it."""
    text = sentence(rng)
    if rng.random() < 0.12:
        text = rng.choice(("", " ", "\n", "  \n")) + text + rng.choice((" ", "\n", "\n\n", "\t"))
    return text


def of_length(rng: Random, characters: int) -> str:
    """A text of exactly so many characters, without white space around it."""
    text = "x"
    while len(text) < characters:
        text += f" {rng.choice(SENTENCES)}"
    return (text[: max(characters - 1, 0)] + "x")[:characters]


def keyword(rng: Random) -> str:
    """A string that a template may look for, of several characters."""
    name = rng.choice(NAMES)
    forms = (f"<{name}>", f"<|{name}|>", f"[{name.upper()}]", f"</{name}>", f"{name}:", f"#{name}")
    return rng.choice((*forms, rng.choice(PLAIN), f"{name}{rng.randrange(100)}"))


def character(rng: Random) -> str:
    """A single character that a template may look for."""
    return rng.choice(CHARACTERS)


def around(rng: Random, text: str) -> str:
    """A text with a string somewhere in it."""
    return rng.choice(
        (
            f"{sentence(rng)} {text} {sentence(rng)}",
            f"{text} {sentence(rng)}",
            f"{sentence(rng)} {text}",
            f"some{text}thing",
            f"{sentence(rng)}\n{text}\n{sentence(rng)}",
        )
    )


def literal(text: str) -> str:
    """A string as Jinja source."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    escaped = escaped.replace("\t", "\\t")
    if "'" in escaped and '"' not in escaped:
        return f'"{escaped}"'
    return "'" + escaped.replace("'", "\\'") + "'"
