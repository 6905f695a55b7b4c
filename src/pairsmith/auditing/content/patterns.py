"""Patterns to search texts for: control strings, personal data.

A search has two stages. An RE2 expression selects the texts that may match, a whole column at a
time; what RE2 cannot express (look-arounds, check digits) is then checked on those texts only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.chat_templates.builtin import FAMILIES
from pairsmith.text.spans import Mask, to_numpy

WORDS = ("USER:", "ASSISTANT:")
"""Control strings of Vicuna that are plain words: common in ordinary text, so not searched for."""

OTHERS = {
    "llama4": ("<|header_start|>", "<|header_end|>", "<|eot|>", "<|python_tag|>"),
    "phi4": ("<|im_sep|>",),
    "mistral-tekken": ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
    "gpt-oss": ("<|start|>", "<|message|>", "<|channel|>", "<|return|>", "<|call|>"),
    "granite": ("<|start_of_role|>", "<|end_of_role|>"),
    "glm": ("[gMASK]", "<sop>", "<|observation|>"),
}
"""Control strings of families without a built-in template."""


def control_strings() -> dict[str, list[str]]:
    """The control strings of common chat templates, each with the families that use it."""
    used: dict[str, list[str]] = {}
    for name, family in FAMILIES.items():
        for text in (*family.control, *family.reasoning, family.bos, family.eos):
            if text and text not in WORDS:
                used.setdefault(text, []).append(name)
    for name, texts in OTHERS.items():
        for text in texts:
            used.setdefault(text, []).append(name)
    return used


class Pattern(NamedTuple):
    """A pattern in two stages.

    Attributes:
        sought: A description of what matches, for the report.
        prefilter: An RE2 expression that matches every text in which `exact` matches.
        exact: The expression that decides, on the texts that passed the prefilter.
        check: A further condition on each match of `exact`; None if there is none.
    """

    sought: str
    prefilter: str
    exact: re.Pattern[str]
    check: Callable[[str], bool] | None = None

    def find(self, texts: pa.StringArray) -> Mask:
        """Flags the texts with a match: n booleans for n texts, none null."""
        matches = to_numpy(pc.match_substring_regex(texts, self.prefilter))
        candidates = texts.filter(pa.array(matches)).to_pylist()
        matches[matches] = [self._matches(text) for text in candidates]
        return matches

    def _matches(self, text: str) -> bool:
        found = self.exact.finditer(text)
        return any(self.check is None or self.check(match[0]) for match in found)


def passes_luhn(text: str) -> bool:
    """Whether the digits of a text end with Luhn's check digit (ISO/IEC 7812-1, annex B).

    >>> passes_luhn("4111 1111 1111 1111"), passes_luhn("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(character) for character in text if character.isdecimal()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def passes_mod_97(text: str) -> bool:
    """Whether an IBAN has valid check digits (ISO 13616) and 15 to 34 characters.

    >>> passes_mod_97("GB82 WEST 1234 5698 7654 32"), passes_mod_97("GB83 WEST 1234 5698 7654 32")
    (True, False)
    """
    bare = text.replace(" ", "")
    rotated = bare[4:] + bare[:4]
    return 15 <= len(bare) <= 34 and int("".join(str(int(c, 36)) for c in rotated)) % 97 == 1


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"

PERSONAL = {
    "email": Pattern(
        "an address with an @ and a domain of two labels or more",
        r"@[A-Za-z0-9-]+\.[A-Za-z0-9]",
        re.compile(
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@"
            r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,}"
        ),
    ),
    "phone": Pattern(
        "a + and 8 to 15 digits, or ten digits as 3-3-4 with separators, as in North America; "
        "other national ways of writing are not found",
        r"\+[0-9]|[0-9]{3}\)?[ .-]?[0-9]{3}[ .-][0-9]{4}",
        re.compile(
            r"(?<![\w+])\+[1-9](?:[ .()-]{0,2}[0-9]){7,14}(?![0-9])|"
            r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])"
            r"[2-9][0-9]{2}[ .-][0-9]{4}(?![\w-]|\.[0-9])"
        ),
    ),
    "ipv4": Pattern(
        "four numbers up to 255 with dots; a version number may look the same",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        re.compile(rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w]|\.[0-9])"),
    ),
    "url": Pattern(
        "http://, https:// or www. and what follows",
        r"(?i)https?://[^\s]|www\.[0-9a-z]",
        re.compile(r"https?://[^\s]|\bwww\.[0-9a-z][0-9a-z-]*\.", re.IGNORECASE),
    ),
    "iban": Pattern(
        "two capitals, two digits, up to 30 more, with the check digits of ISO 13616",
        r"[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4}",
        re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?!\w)"),
        passes_mod_97,
    ),
    "card": Pattern(
        "13 to 19 digits from 2 to 6, with single spaces or hyphens, that pass Luhn's check",
        r"[2-6](?:[ -]?[0-9]){12}",
        re.compile(r"(?<![\w.+-])[2-6](?:[ -]?[0-9]){12,18}(?![\w-])"),
        passes_luhn,
    ),
    "us_ssn": Pattern(
        "three, two and four digits with hyphens, in ranges that are given out in the US",
        r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        re.compile(
            r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])", re.ASCII
        ),
    ),
}
"""Patterns of personal data, by the kind of finding."""
