"""Text that was UTF-8 and was read as something else: where it stands, and what it would be.

UTF-8 writes each character beyond ASCII as a lead byte and one to three that continue it (RFC
3629). Read as Windows-1252, Latin-1 or Mac Roman, each byte becomes a character of its own, and `’`
becomes `â€™` or `‚Äô`. So damage is a sequence of characters whose bytes in one of these are UTF-8.
People write a few such sequences themselves, such as `É”` at the end of a quotation in capitals. A
sequence is taken for damage where nobody would write it, or beside others; where one of a text
surely is damage, the others of that encoding are too. What is left is in doubt, and taken for text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from pairsmith.text.damage.edits import Damaged, Edit

UPPER_HALF = range(0x80, 0x100)
DEPTH = 3
"""How many times text is looked at that was damaged more than once."""


class Sequence(NamedTuple):
    """The characters of one code point, and what stands around them.

    Attributes:
        codes: The bytes that they were: two, three or four.
        behind: The characters after the first one.
        before, after: What stands before and after them in the text: a character, or none.
    """

    codes: bytes
    behind: str
    before: str
    after: str


class Encoding(NamedTuple):
    """An encoding of one byte a character that UTF-8 is read as.

    Attributes:
        name: What it is called.
        codes: The byte of each character beyond ASCII.
        pattern: What matches the characters of one code point, as an RE2 expression.
        is_sure: Whether people would not write a sequence.
        several: How many that are not sure must stand side by side to be damage.
    """

    name: str
    codes: dict[str, int]
    pattern: str
    is_sure: Callable[[Sequence], bool]
    several: int


_DOUBTFUL = frozenset("“”‘’«»‹›…–—•™®©°ºª\xa0\xad´¨²³¹¿¡·¶§†‡¼½¾ƒŠŒŽšœžŸ")
"""Continuing characters in Windows-1252 that people write behind a letter."""
_BEFORE_LETTERS = frozenset("©®°ºª¨´²³¹¶§¼½¾¡¿™")
"""Those of them that people do not write before one."""
_OF_SIGNS = {0xC2: frozenset("©®°º¡¿£«»·²³½"), 0xC3: frozenset("©®ªº¡¨´³²¹¼§")}
"""Those that stand behind no `Â` and `Ã` of people's own."""
_IN_SUMS = frozenset("πΩ∑∏∫∂∞µ≈≤≥≠±∆√")
"""Continuing characters in Mac Roman that people write behind the sign of a root."""


def _is_sure_as_latin(found: Sequence) -> bool:
    lead, behind = found.codes[0], found.behind
    plain = not _DOUBTFUL.issuperset(behind)
    if len(behind) > 2:  # `ð———` may be a word and dashes; emoji begin with F0 9F
        return plain or found.codes.startswith(b"\xf0\x9f")
    if len(behind) == 2:
        return plain or (lead == 0xE2 and behind[0].isalpha())
    if lead in (0xD7, 0xDF):  # the multiplication sign and ß stand before anything
        return False
    between = found.after.islower() and behind in _BEFORE_LETTERS
    if lead in _OF_SIGNS:  # no word is one of these letters alone, so they end one in capitals
        return between or not found.before.isupper() or behind in _OF_SIGNS[lead]
    return plain or between or found.before.islower()


def _is_sure_as_mac(found: Sequence) -> bool:
    lead, behind = found.codes[0], found.behind
    if len(behind) > 2 or lead == 0xE2:
        return True
    if len(behind) == 2:
        return found.codes in (b"\xef\xbb\xbf", b"\xef\xbf\xbd")
    if lead == 0xC2:
        return behind in "†£©´ª≤≥±" or (behind == "∞" and found.before.isdigit())
    if lead == 0xC3:
        inside = found.before.isalpha() and found.after.islower()
        return inside or behind not in _IN_SUMS
    return lead in (0xC4, 0xC5) and found.before.islower()


def _describe(
    name: str, codecs: tuple[str, ...], is_sure: Callable[[Sequence], bool], several: int
) -> Encoding:
    codes: dict[str, int] = {}
    for byte in UPPER_HALF:
        for codec in codecs:
            read = bytes([byte]).decode(codec, errors="ignore")
            if read:
                codes[read] = byte
    two, three, four, behind = (
        "".join(f"\\x{{{ord(char):x}}}" for char, byte in codes.items() if first <= byte < end)
        for first, end in ((0xC2, 0xE0), (0xE0, 0xF0), (0xF0, 0xF5), (0x80, 0xC0))
    )
    pattern = f"[{two}][{behind}]|[{three}][{behind}]{{2}}|[{four}][{behind}]{{3}}"
    return Encoding(name, codes, pattern, is_sure, several)


ENCODINGS = (
    _describe("Windows-1252 or Latin-1", ("latin-1", "cp1252"), _is_sure_as_latin, 2),
    _describe("Mac Roman", ("mac_roman",), _is_sure_as_mac, 3),
)
PREFILTER = "|".join(encoding.pattern for encoding in ENCODINGS)
"""An RE2 expression that matches in every text that may be damaged."""

_CODES = {encoding.name: encoding.codes for encoding in ENCODINGS}
_SEQUENCES = {
    encoding.name: re.compile(
        # RE2 and Python write code points each in a way of their own
        re.sub(r"\\x\{(\w+)\}", lambda code: re.escape(chr(int(code[1], 16))), encoding.pattern)
    )
    for encoding in ENCODINGS
}


class _Read(NamedTuple):
    """A sequence of a text, read as what it was.

    Attributes:
        start, end: Where it stands.
        would_be: What it would be.
        sure: Whether it is surely damage by itself, or by those beside it.
    """

    start: int
    end: int
    would_be: str
    sure: bool


class _Runs(NamedTuple):
    """The damaged sequences of a text, side by side in runs."""

    encoding: Encoding
    runs: list[list[_Read]]


def read_encoding(text: str) -> list[Edit]:
    """The damaged characters of a text, with what they would be.

    Its bytes prove what a sequence would be. What is certain is that somebody meant that: of the
    sequences that people write themselves, where no other character beyond ASCII stands in the
    text, so that the whole of it is UTF-8 that was read in one encoding.
    """
    found = _find_runs(text)
    why = f"UTF-8 read as {found.encoding.name}"
    held = _count_characters(found)
    whole = held == sum(not char.isascii() for char in text) if held else False
    return [
        Edit(
            one.start,
            one.end,
            Damaged(text[one.start : one.end], one.would_be, why),
            whole or one.sure,
        )
        for run in found.runs
        for one in (_read_again(run, DEPTH) if len(run) > 1 else run)
    ]


def _find_runs(text: str) -> _Runs:
    """What is damaged in a text: by the encoding that accounts for most characters.

    `‚Ç¨` is a euro sign in Mac Roman; its end alone would be a letter in Windows-1252.
    """
    found = [_Runs(encoding, _runs_of(text, encoding)) for encoding in ENCODINGS]
    return max(found, key=_count_characters)


def _count_characters(found: _Runs) -> int:
    return sum(one.end - one.start for run in found.runs for one in run)


def _runs_of(text: str, encoding: Encoding) -> list[list[_Read]]:
    runs: list[list[_Read]] = []
    last = -1
    for match in _SEQUENCES[encoding.name].finditer(text):
        stands, (start, end) = match[0], match.span()
        would_be = _decode(stands, encoding.name)
        if not would_be:
            continue
        if start != last:
            runs.append([])
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        sequence = Sequence(_encode(stands, encoding.name), stands[1:], before, after)
        runs[-1].append(_Read(start, end, would_be, encoding.is_sure(sequence)))
        last = end
    runs = [
        [one._replace(sure=True) for one in run] if len(run) >= encoding.several else run
        for run in runs
    ]
    return runs if any(one.sure for run in runs for one in run) else []


@lru_cache(maxsize=1 << 14)
def _decode(stands: str, name: str) -> str:
    """What a sequence would be; empty if its bytes are no character's, such as an overlong form."""
    try:
        read = _encode(stands, name).decode()
    except UnicodeDecodeError:
        return ""
    # Planes 4 to 13 have no characters, 15 and 16 are for private use. Whether a code point of the
    # others is one depends on the version of Unicode, and what is built must not.
    return read if ord(read) < 0x40000 or 0xE0000 <= ord(read) < 0xE1000 else ""


def _encode(stands: str, name: str) -> bytes:
    return bytes(_CODES[name][char] for char in stands)


def _read_again(run: list[_Read], depth: int) -> list[_Read]:
    """Puts sequences together that come to a sequence again: they were damaged twice."""
    read = "".join(one.would_be for one in run)  # a character each, or more where joined before
    inner = _find_runs(read)
    if depth == 1 or not inner.runs:
        return run
    owners = [place for place, one in enumerate(run) for _ in one.would_be]
    joined, at = [], 0
    for again in (one for of_run in inner.runs for one in of_run):
        first, last = owners[again.start], owners[again.end - 1]
        joined += run[at:first]
        joined.append(_Read(run[first].start, run[last].end, again.would_be, True))
        at = last + 1
    return _read_again(joined + run[at:], depth - 1)
