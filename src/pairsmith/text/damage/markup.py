"""HTML in texts that are not meant to be HTML: entities and tags."""

from __future__ import annotations

import html
import re
from html.entities import html5

from pairsmith.text.damage.edits import Damaged, Edit

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
"""Code in Markdown: there HTML and escapes are what is meant."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAGS = (
    "a|abbr|b|blockquote|body|br|center|code|div|dd|dl|dt|em|font|footer|form|h[1-6]|head|header|hr|"
    "html|i|iframe|img|input|li|link|meta|nav|ol|option|p|pre|script|section|select|small|span|strike|"
    "strong|style|sub|sup|table|tbody|td|th|thead|title|tr|u|ul"
)
_TAG = re.compile(rf"<(/?)({_TAGS})(\s[^<>]{{0,2000}})?/?>", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_OF_PROSE = frozenset(
    (
        *("b", "blockquote", "br", "center", "div", "em", "font", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "hr", "i", "li", "ol", "p", "small", "span", "strike", "strong", "u", "ul"),
    )
)
"""Tags that only say what words look like: others are a page, a link, a formula, a table."""
_LINES = frozenset(("br", "hr"))
_BLOCKS = frozenset(("blockquote", "center", "div", "li", "p", "tr"))
"""Tags behind whose end a line ends."""
_CLOSED = frozenset(("b", "center", "em", "font", "i", "small", "span", "strike", "strong", "u"))
"""Tags of prose that have an end."""
ABOUT_MARKUP = (
    r"(?i)\b(?:x?html[0-9]?|xml|css|svg|jsx|php|java ?script|mark-?up|markdown|tags?|ampersands?|"
    r"escap(?:e[ds]?|ing)|encod(?:e[ds]?|ing))\b"
)
"""An RE2 expression of words that conversations about HTML have, in which it is meant."""


def blank_code(text: str) -> str:
    """The text with spaces in place of code, so that places stay what they are."""
    return CODE.sub(lambda code: " " * len(code[0]), text) if "`" in text else text


def read_entities(text: str) -> list[Edit]:
    """The entities of a text, outside of Markdown's code.

    They are certain where the text was escaped as a whole: no `&`, `<` or `>` stands in it but
    within entities, and within tags; and no tag comes out of it, and nothing that no text has.
    """
    found = []
    bare = blank_code(text)
    for match in _ENTITY.finditer(bare):
        name, would_be = match[0][1:], html.unescape(match[0])
        if name in html5 or (name[0] == "#" and would_be != match[0]):
            found.append((match.start(), match.end(), would_be))
    if not found:
        return []
    others = _ENTITY.sub("", _TAG.sub("", bare))
    certain = not any(sign in others for sign in "&<>")
    certain = certain and bare == text  # code would have been escaped too
    certain = certain and not _TAG.search(html.unescape(_TAG.sub("", text)))
    certain = certain and all(map(_is_text, (would_be for _, _, would_be in found)))
    return [
        Edit(start, end, Damaged(text[start:end], would_be, "an HTML entity"), certain)
        for start, end, would_be in found
    ]


def _is_text(would_be: str) -> bool:
    """Whether a character may stand in a text: it is no code without one, and none of control."""
    return bool(would_be) and "\ufffd" not in would_be and not _CONTROL.search(would_be)


def read_tags(text: str) -> list[Edit]:
    """The tags of a text, by their names; their attributes are text of the data set.

    They are certain where each of them only says what words look like, each that has an end is
    ended in its turn, and the text has no code.
    """
    bare = blank_code(text)
    found = [
        match
        for match in _TAG.finditer(bare)
        if "=" in (match[3] or "=") or not match[3].strip(" /")  # else a<b and c>d
    ]
    certain = bare == text and _is_prose(found)
    return [
        Edit(
            *match.span(),
            Damaged(f"<{match[1]}{match[2].lower()}>", _as_text(match), "an HTML tag"),
            certain,
        )
        for match in found
    ]


def _is_prose(tags: list[re.Match[str]]) -> bool:
    opened: list[str] = []
    for tag in tags:
        name = tag[2].lower()
        if name not in _OF_PROSE:
            return False
        if name in _CLOSED and not tag[1]:
            opened.append(name)
        elif name in _CLOSED and (not opened or opened.pop() != name):
            return False
    return not opened


def _as_text(tag: re.Match[str]) -> str:
    """What is left of a tag in plain text."""
    name = tag[2].lower()
    ends = tag[1] and (name in _BLOCKS or name[0] == "h")
    return "\n" if name in _LINES or ends else ""
