r"""Line ends as two characters, `\n`: text that was escaped and never read again."""

from __future__ import annotations

import json
import re

from pairsmith.text.damage.edits import Damaged, Edit
from pairsmith.text.damage.markup import CODE, blank_code

_LINE_ENDS = re.compile(r"(?<!\\)(?:(?:\\r)?\\n)+")
_ONE = re.compile(r"(?:\\r)?\\n")
_ESCAPE = re.compile(r'(?:\\r)?\\n|\\["\\/]|\\t(?![a-z])|(?:\\u[0-9a-fA-F]{4})+')
"""The escapes of JSON that prose has."""
_ANY_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_BY_NUMBER = re.compile(r"\\u[0-9a-fA-F]{4}")
_IN_PROGRAMS = frozenset("\"')]}|,;")
"""What stands behind an escaped line end in a program."""
_STOPS = frozenset(".!?,;)…”")
"""Behind these a line may end, whatever follows: elsewhere small letters go on a name of TeX."""
_BEGINS_LINE = re.compile("[A-Z0-9*#-]")
_FENCE = re.compile(r"```\w*(?:\\r)?\\n")
_APART = frozenset(" \t\"'`“”‘’(),.;:/|[]{}<>")
"""What stands on both sides of a line end that is spoken of."""
ABOUT_LINE_ENDS = (
    r"(?i)(?:\b|\\n)(?:new ?lines?|line ?(?:breaks?|feeds?|ends?|endings?)|escap(?:e[ds]?|ing)|"
    r"reg(?:ular )?ex(?:es|p|ps|pressions?)?|backslash(?:es)?|carriage returns?|delimiters?)\b"
)
"""An RE2 expression of words that conversations about line ends have, in which `\\n` is meant."""


def read_line_ends(text: str) -> list[Edit]:
    r"""Line ends as two characters, where there are more of them than of real ones.

    A single one is told only if a line seems to begin right behind it: people also write of them.
    They are certain where the text was escaped as a whole: it has no real line end, each `\n` of
    it ends a line, code too has its lines so, and there are no other escapes, unless the text is
    one of JSON as it stands: then they are read with them.
    """
    bare = blank_code(text)
    runs = [*_LINE_ENDS.finditer(bare)]
    ends = [run for run in runs if _ends_line(run)]
    found = [
        (run.start() + one.start(), run.start() + one.end())
        for run in ends
        for one in _ONE.finditer(run[0])
    ]
    lone = len(found) == 1 and not _BEGINS_LINE.match(bare, ends[0].end())
    if lone or len(found) <= bare.count("\n"):
        return []
    certain = len(ends) == len(runs) and _is_escaped(text, ends)
    if certain and _is_of_json(text):
        return [_edit(text, *one.span(), certain) for one in _ESCAPE.finditer(text)]
    certain = certain and "\\" not in _ONE.sub("", text)  # other escapes would be left
    certain = certain and not any(_LINE_ENDS.search(code[0]) for code in CODE.finditer(text))
    return [_edit(text, start, end, certain) for start, end in found]


def _edit(text: str, start: int, end: int, certain: bool) -> Edit:
    stands = text[start:end]
    would_be = "\n" if stands.endswith("n") else json.loads(f'"{stands}"')
    why = "an escaped line end" if would_be == "\n" else "an escaped character"
    return Edit(start, end, Damaged(stands, would_be, why), certain)


def _ends_line(found: re.Match[str]) -> bool:
    text, (start, end) = found.string, found.span()
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    if after.islower():
        return before in _STOPS or found[0].count("n") > 1
    return after not in _IN_PROGRAMS


def _is_escaped(text: str, ends: list[re.Match[str]]) -> bool:
    """Whether a text was escaped as a whole, by its line ends."""
    if "\n" in text.strip():
        return False
    fenced = all(
        _FENCE.match(code[0]) or not _LINE_ENDS.search(code[0]) for code in CODE.finditer(text)
    )
    return fenced and not any(map(_is_spoken_of, ends))


def _is_spoken_of(end: re.Match[str]) -> bool:
    text = end.string
    before, after = text[max(end.start() - 1, 0) : end.start()], text[end.end() : end.end() + 1]
    return before in _APART and after in _APART and bool(before or after) and before not in ".:)"


def _is_of_json(text: str) -> bool:
    """Whether a text is what stands between the quotes of a text of JSON, with escapes of prose."""
    escapes = [one[0] for one in _ANY_ESCAPE.finditer(text)]
    if not all(_ESCAPE.fullmatch(one) or one in ("\\r", "\\t") for one in escapes):
        return False
    if re.search(r"\\t[a-z]|\\r(?!\\n)", text):  # TeX has such names
        return False
    try:
        read = json.loads(f'"{text}"')
        read.encode()  # which halves of pairs cannot be
    except ValueError:
        return False
    small = _BY_NUMBER.sub(lambda code: code[0].lower(), text.replace("\\/", "/"))
    return any(json.dumps(read, ensure_ascii=plain)[1:-1] == small for plain in (False, True))
