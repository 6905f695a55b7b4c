"""What is looked for in texts: control strings, what tells of persons, phrases of refusal.

Each pattern is told by what it takes and what it leaves. RE2 finds the texts that may match, all at
once; what RE2 cannot say (look-arounds, check digits) is asked of those alone.
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
"""Control strings of Vicuna that are words: anyone may write them, so they are not looked for."""

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
    """Control strings of common chat templates, each with the families that use it."""
    used: dict[str, list[str]] = {}
    for name, family in FAMILIES.items():
        for text in (*family.control, family.bos, family.eos):
            if text and text not in WORDS:
                used.setdefault(text, []).append(name)
    for name, texts in OTHERS.items():
        for text in texts:
            used.setdefault(text, []).append(name)
    return used


class Pattern(NamedTuple):
    """Something that is looked for.

    Attributes:
        sought: What it takes, in words.
        may: An RE2 expression that every text with a match matches.
        exact: What decides, on the texts that it found.
        check: Asked of each match; None where none is wanted.
    """

    sought: str
    may: str
    exact: re.Pattern[str]
    check: Callable[[str], bool] | None = None

    def find(self, texts: pa.StringArray) -> Mask:
        """Which of these texts hold it."""
        held = to_numpy(pc.match_substring_regex(texts, self.may))
        some = texts.filter(pa.array(held)).to_pylist()
        held[held] = [self._holds(text) for text in some]
        return held

    def _holds(self, text: str) -> bool:
        found = self.exact.finditer(text)
        return any(self.check is None or self.check(match[0]) for match in found)


def passes_luhn(text: str) -> bool:
    """Whether the digits of a text have the check digit of ISO/IEC 7812-1, annex B."""
    digits = [int(character) for character in text if character.isdecimal()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def passes_mod_97(text: str) -> bool:
    """Whether an IBAN has the check digits of ISO 13616, and a length that there is."""
    bare = text.replace(" ", "")
    turned = bare[4:] + bare[:4]
    return 15 <= len(bare) <= 34 and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


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
"""What may tell of a person, by the kind of finding."""

REFUSALS = (
    "i'm sorry, but i can't",
    "i'm sorry, but i cannot",
    "i can't help with",
    "i cannot",
    "i can't assist",
    "i won't",
    "i'm not able to",
    "i'm unable to",
    "i am unable to",
    "i don't feel comfortable",
    "i'm not comfortable",
    "as an ai",
    "i'm just an ai",
    "i'd rather not",
)
"""Phrases of refusal, in lower case and with a straight apostrophe, as texts are compared."""
