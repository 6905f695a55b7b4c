"""The kinds of damage, and what is found of each in a column of texts.

An RE2 expression selects the texts that may be damaged, a whole column at a time, and those alone
are looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.text.damage.edits import Damaged, Edit, apply_edits
from pairsmith.text.damage.encodings import PREFILTER, read_encoding
from pairsmith.text.damage.escapes import ABOUT_LINE_ENDS, read_line_ends
from pairsmith.text.damage.invisible import read_directions, read_replacements, read_zero_widths
from pairsmith.text.damage.markup import ABOUT_MARKUP, read_entities, read_tags
from pairsmith.text.spans import Mask, to_numpy


class Damage(NamedTuple):
    """A kind of damage.

    Attributes:
        sought: A description of what is looked for, for the report.
        prefilter: An RE2 expression that matches in every text that may be damaged.
        read: The damage of a text, in order.
        cure: What to do about it, where `--mend` does not.
        about: An RE2 expression of words that a conversation has which is about what this is taken
            for; empty for none.
    """

    sought: str
    prefilter: str
    read: Callable[[str], list[Edit]]
    cure: str
    about: str = ""

    def find(self, texts: pa.StringArray) -> tuple[Mask, list[Counter[Damaged]]]:
        """Flags the damaged ones of n texts, none null, and says what is damaged in each of them.

        Returns:
            n booleans, and a counter for each of them that is true, in their order.
        """
        flags = to_numpy(pc.match_substring_regex(texts, self.prefilter))
        found = [self.read(text.as_py()) for text in texts.filter(pa.array(flags))]
        flags[flags] = [bool(edits) for edits in found]
        return flags, [Counter(edit.damaged for edit in edits) for edits in found if edits]

    def mend(self, texts: pa.StringArray, spared: Mask) -> tuple[pa.StringArray, Mask]:
        """Puts right what is certain.

        Args:
            texts: n texts, none null.
            spared: n flags: those that stay as they are.

        Returns:
            n texts, and which of them are not as they were.
        """
        flags = to_numpy(pc.match_substring_regex(texts, self.prefilter)) & ~spared
        held = texts.filter(pa.array(flags)).to_pylist()
        mended = [apply_edits(text, self.read(text)) for text in held]
        differ = [text != other for text, other in zip(held, mended, strict=True)]
        flags[flags] = differ
        if not any(differ):
            return texts, flags
        changed = pa.array(mended, texts.type).filter(pa.array(differ))
        return pc.replace_with_mask(texts, pa.array(flags), changed), flags


DAMAGES = {
    "encoding": Damage(
        "characters whose bytes in Windows-1252, Latin-1 or Mac Roman are UTF-8",
        PREFILTER,
        read_encoding,
        "Read the source again as UTF-8 where it can be had.",
    ),
    "html_entity": Damage(
        "entities of HTML, outside of Markdown's code",
        r"&[#0-9A-Za-z]{2,33};",
        read_entities,
        "Other texts may be about HTML: read them, and mend the source where they are not.",
        ABOUT_MARKUP,
    ),
    "html_tag": Damage(
        "common tags of HTML, outside of Markdown's code",
        r"</?[A-Za-z]",
        read_tags,
        "Other texts hold pages, links or tables: where those are not meant, mend the source.",
        ABOUT_MARKUP,
    ),
    "escaped_line_end": Damage(
        r"\n as two characters, outside of Markdown's code, and more often than real line ends",
        r"\\n",
        read_line_ends,
        "Other texts may be about line ends: read them, and mend the source where they are not.",
        ABOUT_LINE_ENDS,
    ),
    "replacement": Damage(
        "U+FFFD",
        "\ufffd",
        read_replacements,
        "Replacement characters stand for what is lost: go back to a source before it was decoded.",
    ),
    "zero_width": Damage(
        "soft hyphens, zero-width spaces, joiners and byte order marks, but for joiners in scripts "
        "and emoji that need them",
        r"[\x{ad}\x{180e}\x{200b}-\x{200d}\x{2060}\x{feff}]",
        read_zero_widths,
        "They are tokens that nobody sees.",
    ),
    "bidirectional": Damage(
        "marks that turn the direction of text, where no letter is of a script that runs to the "
        "left; overrides anywhere",
        r"[\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]",
        read_directions,
        "With them, what is shown is not what is trained on.",
    ),
}
"""What is looked for, by the kind of finding; those of `MENDS` can be mended, in its order."""


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
