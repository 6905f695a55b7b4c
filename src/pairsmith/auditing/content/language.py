"""The languages of texts, told by py3langid: a naive Bayes model of bytes, of 139 languages.

The model comes with the package, and nothing is loaded from elsewhere. What it is not sure of is
`unsure`: short texts, numbers, code.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LIBRARY = "py3langid"
SURE = 0.7
"""The least probability by which a language is told. Of HH-RLHF's 4,624 replies, all English, none
is taken for another language at 0.5 and more; of short sentences in other languages a few are."""
UNSURE = "unsure"
NOT_A_LANGUAGE = "zxx"
READ = 500
"""The characters of a text that are looked at: more change little, and take longer."""


class Told(NamedTuple):
    """The language of a text.

    Attributes:
        language: Its code by ISO 639, or `UNSURE`.
        chance: The probability that the model gives to the likeliest one.
    """

    language: str
    chance: float


def is_there() -> bool:
    """Whether the library is installed."""
    return find_spec(LIBRARY) is not None


def tell_languages(texts: Iterable[str]) -> list[Told]:
    """Tells the language of each text.

    Args:
        texts: The texts; of each the first `READ` characters are looked at.
    """
    model = _model()
    return [_tell(model, text[:READ].strip()) for text in texts]


def _tell(model: LanguageIdentifier, text: str) -> Told:
    language, chance = model.classify(text) if text else (UNSURE, 0.0)
    sure = chance >= SURE and language != NOT_A_LANGUAGE
    return Told(str(language) if sure else UNSURE, float(chance))


@cache
def _model() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
