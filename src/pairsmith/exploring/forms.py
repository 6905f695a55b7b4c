"""The form of replies: what can be seen of a text without knowing what it is about.

Patterns are of RE2, which takes time in proportion to the text, whatever stands in it. Words among
them are English; marks are of any script.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.content.refusals import find_phrases
from pairsmith.text.spans import Mask, to_numpy

Check: TypeAlias = Callable[[pa.StringArray], Mask]

QUESTION = "[?\uff1f\u061f\u037e]"
STOP = "[.!?\u2026\u3002\uff01\uff1f\u061f\u06d4\u0964][\"'\u201d\u2019\u00bb)\\]*_]*$"


def _holds(pattern: str, texts: pa.StringArray) -> Mask:
    return to_numpy(pc.match_substring_regex(texts, pattern))


def _refuses(texts: pa.StringArray) -> Mask:
    found: Mask = find_phrases(texts)[0]
    return found


def _breaks_off(texts: pa.StringArray) -> Mask:
    """Texts that do not end with a stop; one without any text does not end at all."""
    return ~_holds(STOP, texts) & ~_is_blank(texts)


def _is_blank(texts: pa.StringArray) -> Mask:
    return to_numpy(pc.equal(texts, ""))


FORMS: dict[str, Check] = {
    "a phrase of refusal": _refuses,
    "an apology": partial(_holds, r"(?i)\b(sorry|apologi[sz]e|apolog(y|ies)|forgive me)\b"),
    "the first person": partial(_holds, r"\bI\b|\b(?i:my|mine|myself)\b"),
    "the second person": partial(_holds, r"(?i)\b(you|your|yours|yourself)\b"),
    "what it is: an AI, a model": partial(
        _holds, r"\b(AI|A\.I\.)\b|(?i)\blanguage model\b|\bartificial intelligence\b"
    ),
    "a hedge (maybe, perhaps, I think)": partial(
        _holds, r"(?i)\b(maybe|perhaps|possibly|probably|might|i think|i guess|i'm not sure)\b"
    ),
    "thanks or please": partial(_holds, r"(?i)\b(thanks|thank you|please)\b"),
    "yes or no as its first word": partial(_holds, r"(?i)^(yes|no|yeah|yep|nope|sure)\b"),
    "a question mark": partial(_holds, QUESTION),
    "a question at its end": partial(_holds, QUESTION + "[\"'\u201d\u2019\u00bb)\\]*_]*$"),
    "an exclamation mark": partial(_holds, "[!\uff01]"),
    "a list": partial(_holds, r"(?m)^[ \t]*([-*+\x{2022}]|\d{1,3}[.)])[ \t]+\S"),
    "a heading": partial(_holds, r"(?m)^#{1,6}[ \t]+\S"),
    "bold text": partial(_holds, r"\*\*[^*\n]+\*\*"),
    "code": partial(_holds, r"```|`[^`\n]+`"),
    "a table": partial(_holds, r"(?m)^[ \t]*\|.*\|[ \t]*$"),
    "a URL": partial(_holds, r"(?i)\bhttps?://|\bwww\."),
    "a digit": partial(_holds, r"\d"),
    "quotation marks": partial(_holds, '["\u201c\u201d\u201e\u00ab\u300c]'),
    "an emoji": partial(_holds, "[\u2600-\u27bf\U0001f300-\U0001faff]"),
    "several paragraphs": partial(_holds, r"\n[ \t\r]*\n"),
    "no stop at its end": _breaks_off,
    "no text at all": _is_blank,
}
"""What a reply may have, by what it is called."""


def check_forms(texts: pa.StringArray) -> Mask:
    """Which of `FORMS` each of n texts has, white space around them left out: shape (n, forms).

    Args:
        texts: n texts, none null.
    """
    if not len(texts):
        return np.zeros((0, len(FORMS)), bool)
    return np.stack([check(texts) for check in FORMS.values()], axis=1)
