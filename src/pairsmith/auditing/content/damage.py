"""Damaged text: what was done to it on its way, told by the damaged characters alone.

As in `patterns`, an RE2 expression selects the texts that may be damaged, a whole column at a time,
and those alone are looked at one by one.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from html.entities import html5
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.content.encodings import PREFILTER, Damaged, find_damaged
from pairsmith.text.spans import Mask, to_numpy


class Damage(NamedTuple):
    """A kind of damage.

    Attributes:
        sought: A description of what is looked for, for the report.
        prefilter: An RE2 expression that matches in every text that may be damaged.
        read: Counts the damaged characters of a text.
        cure: What to do about it.
    """

    sought: str
    prefilter: str
    read: Callable[[str], Counter[Damaged]]
    cure: str

    def find(self, texts: pa.StringArray) -> tuple[Mask, list[Counter[Damaged]]]:
        """Flags the damaged ones of n texts, none null, and says what is damaged in each of them.

        Returns:
            n booleans, and a counter for each of them that is true, in their order.
        """
        flags = to_numpy(pc.match_substring_regex(texts, self.prefilter))
        found = [self.read(text.as_py()) for text in texts.filter(pa.array(flags))]
        flags[flags] = [bool(counts) for counts in found]
        return flags, [counts for counts in found if counts]


_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
"""Code in Markdown: there HTML and escapes are what is meant."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAGS = (
    "a|abbr|b|blockquote|body|br|center|code|div|dd|dl|dt|em|font|footer|form|h[1-6]|head|header|hr|"
    "html|i|iframe|img|input|li|link|meta|nav|ol|option|p|pre|script|section|select|small|span|strike|"
    "strong|style|sub|sup|table|tbody|td|th|thead|title|tr|u|ul"
)
_TAG = re.compile(rf"<(/?)({_TAGS})(\s[^<>]{{0,2000}})?/?>", re.IGNORECASE)
_LINE_ENDS = re.compile(r"(?<!\\)(?:(?:\\r)?\\n)+")
_IN_PROGRAMS = frozenset("\"')]}|,;")
"""What stands behind an escaped line end in a program."""
_STOPS = frozenset(".!?,;)…”")
"""Behind these a line may end, whatever follows: elsewhere small letters go on a name of TeX."""
_BEGINS_LINE = re.compile("[A-Z0-9*#-]")
_ZERO_WIDTH = re.compile("[\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff]")
_JOINERS = "\u200c\u200d"
_BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_OVERRIDES = "\u202d\u202e"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_NO_SPACES = range(0x0E00, 0x1880)
"""Scripts whose words are parted by characters of no width: Thai, Lao, Myanmar, Khmer."""


def _read_entities(text: str) -> Counter[Damaged]:
    counts: Counter[Damaged] = Counter()
    for match in _ENTITY.finditer(_CODE.sub(" ", text)):
        name = match[0][1:]
        would_be = html.unescape(match[0])
        if name in html5 or (name[0] == "#" and would_be != match[0]):
            counts[Damaged(match[0], would_be, "an HTML entity")] += 1
    return counts


def _read_tags(text: str) -> Counter[Damaged]:
    """Tags by their names; their attributes are text of the data set."""
    return Counter(
        Damaged(f"<{match[1]}{match[2].lower()}>", _as_text(match), "an HTML tag")
        for match in _TAG.finditer(_CODE.sub(" ", text))
        if "=" in (match[3] or "=") or not match[3].strip(" /")  # else a<b and c>d
    )


def _as_text(tag: re.Match[str]) -> str:
    """What is left of a tag in plain text."""
    name = tag[2].lower()
    return "\n" if name in ("br", "hr") or (tag[1] and name in ("p", "div", "li", "tr")) else ""


def _read_line_ends(text: str) -> Counter[Damaged]:
    """Line ends as two characters, where there are more of them than of real ones.

    A single one is told only if a line seems to begin right behind it: people also write of them.
    """
    bare = _CODE.sub(" ", text)
    runs = [match for match in _LINE_ENDS.finditer(bare) if _ends_line(match)]
    found = [stands for run in runs for stands in run[0].replace("n", "n ").split()]
    lone = len(found) == 1 and not _BEGINS_LINE.match(bare, runs[0].end())
    if lone or len(found) <= bare.count("\n"):
        return Counter()
    return Counter(Damaged(stands, "\n", "an escaped line end") for stands in found)


def _ends_line(found: re.Match[str]) -> bool:
    text, (start, end) = found.string, found.span()
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    if after.islower():
        return before in _STOPS or found[0].count("n") > 1
    return after not in _IN_PROGRAMS


def _read_replacements(text: str) -> Counter[Damaged]:
    why = "bytes that could not be decoded"
    return Counter({Damaged("\ufffd", None, why): text.count("\ufffd")})


def _read_zero_widths(text: str) -> Counter[Damaged]:
    """Characters without a width, but for those that scripts and emoji need."""
    return Counter(
        Damaged(match[0], "", "a character without a width")
        for match in _ZERO_WIDTH.finditer(text)
        if not _is_needed(text, match.start())
    )


def _is_needed(text: str, at: int) -> bool:
    before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
    beside = [ord(char) for char in (before, after) if char]
    if text[at] in _JOINERS:  # Arabic, Indic scripts, emoji of several
        return bool(beside) and max(beside) > 0x590 and not 0x2000 <= max(beside) < 0x2070
    return text[at] == "\u200b" and any(code in _NO_SPACES for code in beside)


def _read_directions(text: str) -> Counter[Damaged]:
    """Marks that turn the direction of text; without overrides, where nothing runs to the left."""
    runs_left = bool(_RIGHT_TO_LEFT.search(text))
    return Counter(
        Damaged(match[0], "", "a mark of direction")
        for match in _BIDIRECTIONAL.finditer(text)
        if match[0] in _OVERRIDES or not runs_left
    )


DAMAGES = {
    "encoding": Damage(
        "characters whose bytes in Windows-1252, Latin-1 or Mac Roman are UTF-8",
        PREFILTER,
        find_damaged,
        "Read the source again as UTF-8, or mend it, for one with ftfy, before it is built.",
    ),
    "html_entity": Damage(
        "entities of HTML, outside of Markdown's code",
        r"&[#0-9A-Za-z]{2,33};",
        _read_entities,
        "Turn HTML entities into characters before the build, where they are not about HTML.",
    ),
    "html_tag": Damage(
        "common tags of HTML, outside of Markdown's code",
        r"</?[A-Za-z]",
        _read_tags,
        "Take HTML tags out before the build, where replies are not meant to be HTML.",
    ),
    "escaped_line_end": Damage(
        r"\n as two characters, outside of Markdown's code, and more often than real line ends",
        r"\\n",
        _read_line_ends,
        "Unescape texts once more before the build: line ends are two characters.",
    ),
    "replacement": Damage(
        "U+FFFD",
        "\ufffd",
        _read_replacements,
        "Replacement characters stand for what is lost: go back to a source before it was decoded.",
    ),
    "zero_width": Damage(
        "soft hyphens, zero-width spaces, joiners and byte order marks, but for joiners in scripts "
        "and emoji that need them",
        r"[\x{ad}\x{180e}\x{200b}-\x{200d}\x{2060}\x{feff}]",
        _read_zero_widths,
        "Take characters without a width out: they are tokens that nobody sees.",
    ),
    "bidirectional": Damage(
        "marks that turn the direction of text, where no letter is of a script that runs to the "
        "left; overrides anywhere",
        r"[\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]",
        _read_directions,
        "Take marks of direction out: what is shown is not what is trained on.",
    ),
}
"""What is looked for, by the kind of finding."""


def describe_damage(damaged: Damaged) -> str:
    """A clause of what would be what, in which unprintable characters are told by number.

    >>> describe_damage(Damaged("&amp;", "&", "an HTML entity"))
    '&amp; would be & (an HTML entity)'
    """
    if damaged.would_be is None:
        told = "stands for what is lost"
    else:
        told = f"would be {_spell(damaged.would_be) or 'left out'}"
    return f"{_spell(damaged.stands)} {told} ({damaged.why})"


def _spell(chars: str) -> str:
    if chars == "\n":
        return "a line end"
    if chars.isprintable() and not chars.isspace():
        return chars
    return " ".join(f"U+{ord(char):04X}" for char in chars)
