"""Spaces at which a tokenizer always ends a token, whatever stands before and behind.

    Is the bus late?   =   Is | the | bus | late?

Where every step of a tokenizer looks at one side of such an edge only, the ids of a text are those
of its words, one after the other, and a word has to be tokenized once however often it occurs.
That is read from the tokenizer's parts, each of which is known to keep to its side or is not known.
An edge is a single space between two visible ASCII characters:

- Added tokens: none spans an edge, since none holds a space between two characters. One that takes
  the white space before it stands nowhere behind an edge, one that takes the white space behind it
  nowhere before; no added token does either where the tokenizer puts a space before each text, for
  it puts one behind each added token too.
- Normalizers: those that change characters one by one, or compose accents, do not see past an
  ASCII character and a space. Each visible ASCII character must stay one.
- Pre-tokenizers: one of them begins a new piece at each edge; those before it cut by the kind of
  each character. Expressions are taken apart into alternatives of which each is known: none that
  begins at a visible character takes a space behind it, and nothing looks back.
- The model sees one piece at a time. Where there are none, because spaces are characters of the
  vocabulary (Llama 2, Gemma), no merge passes an edge if no entry of the vocabulary holds one.
- What is added around a text is always the same.

`None` for all else: such a tokenizer is given whole texts.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SPACE = "▁"
"""What vocabularies without pre-tokenizer write for a space."""
VISIBLE = "".join(map(chr, range(33, 127)))

_NORMALIZERS = {
    "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "BertNormalizer", "Precompiled",
}  # fmt: skip
_REPLACED = (("String", "``"), ("String", "''"), ("Regex", " {2,}"))
"""What may be replaced, besides a space by `SPACE`."""
_BY_CHARACTER = {"Digits", "Punctuation"}
"""Pre-tokenizers that cut where one kind of character ends."""
_AT_SPACES = {"BertPreTokenizer", "Whitespace", "WhitespaceSplit"}
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_MARKED = r"[^\r\n\p{L}\p{N}]?"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_RUN = r"\s+"
_CASED = (rf"{_MARKED}{_UPPER}*{_LOWER}+", rf"{_MARKED}{_UPPER}+{_LOWER}*")
_ALTERNATIVES = {
    _RUN, r"\s+(?!\S)", r"\s*[\r\n]+", r"\s*[\r\n]",
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", _CONTRACTIONS, r"'(?i:[sdmt]|ll|ve|re)",
    r" ?\p{L}+", rf"{_MARKED}\p{{L}}+", rf"{_MARKED}[\p{{L}}\p{{M}}]+",
    *_CASED, *(f"{cased}{_CONTRACTIONS}?" for cased in _CASED),
    r"\p{N}", r"\p{N}+", r" ?\p{N}+", r"\p{N}{1,3}", r"\p{N}{1,3}+", "[0-9]", "[0-9][0-9][0-9]",
    r" ?[^\s\p{L}\p{N}]+", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*",
}  # fmt: skip
"""Of the expressions of GPT-2, GPT-4, GPT-4o, Llama 3, Qwen, Mistral's tekken, Falcon."""
_AROUND = {"ByteLevel", "BertProcessing", "RobertaProcessing"}


class Edges(NamedTuple):
    """Where texts may be cut, for one tokenizer.

    Attributes:
        before: For each byte whether an edge may stand behind it, bool, shape (256,).
        behind: For each byte whether an edge's space may stand before it.
        keep_space: Whether the space is given to the tokenizer with the word behind it; else the
            tokenizer puts one before every text by itself.
    """

    before: NDArray[np.bool_]
    behind: NDArray[np.bool_]
    keep_space: bool


def find_edges(tokenizer: PreTrainedTokenizerBase) -> Edges | None:
    """Where the texts of a tokenizer may be cut, or None where that is not known."""
    if not is_plain(tokenizer):
        return None
    inner: Any = tokenizer.backend_tokenizer
    normalizers = _parts(inner.normalizer, "normalizers")
    prepends, swaps = _read_normalizers(normalizers)
    if prepends is None or not _keeps_visible(inner.normalizer, prepends):
        return None
    piecewise = _read_pre_tokenizers(_parts(inner.pre_tokenizer, "pretokenizers"), swaps)
    if piecewise is None or not (piecewise or _holds_no_edge(inner)):
        return None
    around = _parts(inner.post_processor, "processors")
    if not all(map(_adds_around, around)) or getattr(inner.model, "dropout", None):
        return None
    return _avoid_added(inner, keep_space=not prepends)


def is_plain(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the ids of a text are those of the inner tokenizer, with nothing done in Python."""
    kind: Any = type(tokenizer)
    encode = getattr(kind, "_encode_plus", None)
    return (
        getattr(encode, "__module__", None) == "transformers.tokenization_utils_tokenizers"
        and kind.__call__.__module__ == "transformers.tokenization_utils_base"
    )


def _parts(component: Any, name: str) -> list[dict[str, Any]]:
    """The parts of a component, in order, as their JSON has them."""
    return [] if component is None else list(_flat(json.loads(component.__getstate__()), name))


def _flat(part: dict[str, Any], name: str) -> list[dict[str, Any]]:
    if part["type"] != "Sequence":
        return [part]
    return [inner for held in part[name] for inner in _flat(held, name)]


def _read_normalizers(parts: list[dict[str, Any]]) -> tuple[str | None, bool]:
    """What is put before each text, None where a part is not known; whether spaces are swapped."""
    prepends, swaps = "", False
    for part in parts:
        if part["type"] in _NORMALIZERS:
            continue
        if part["type"] == "Prepend" and part["prepend"] == SPACE and not (swaps or prepends):
            prepends = SPACE
        elif part["type"] == "Replace":
            pattern, content = next(iter(part["pattern"].items())), part["content"]
            swaps = swaps or (pattern, content) == (("String", " "), SPACE)
            if pattern not in _REPLACED and (pattern, content) != (("String", " "), SPACE):
                return None, swaps
        else:
            return None, swaps
    # a word whose space the prepended one stands in for
    return (None if prepends and not swaps else prepends), swaps


def _keeps_visible(normalizer: Any, prepended: str) -> bool:
    """Whether each visible ASCII character stays one."""
    if normalizer is None:
        return True
    told = [normalizer.normalize_str(character) for character in VISIBLE]
    return all(text.removeprefix(prepended) in VISIBLE and text != prepended for text in told)


def _read_pre_tokenizers(parts: list[dict[str, Any]], swapped: bool) -> bool | None:
    """Whether a new piece begins at each edge; None where that is not known."""
    for part in parts:
        kind = part["type"]
        if kind == "Metaspace" and part["replacement"] == SPACE:
            swapped = True
            if part.get("split", True):
                return True
        elif swapped:  # what follows does not see spaces
            if kind != "Split" or part["pattern"] != {"String": " "}:
                return None
        elif kind in _AT_SPACES or (kind == "ByteLevel" and part["use_regex"]):
            return True
        elif kind == "Split":
            known = _read_split(part)
            if known is not False:
                return known
        elif kind not in _BY_CHARACTER:
            return None
    return False if swapped else None


def _read_split(part: dict[str, Any]) -> bool | None:
    """Whether an expression cuts at each edge; None where it is not known."""
    ways = (("Isolated", False), ("Removed", True))
    source = part["pattern"].get("Regex")
    if source is None or (part["behavior"], part["invert"]) not in ways:
        return None
    alternatives = _alternatives(source)
    return _RUN in alternatives if alternatives <= _ALTERNATIVES else None


def _alternatives(source: str) -> set[str]:
    """The alternatives of an expression, without those in parentheses."""
    pieces, depth = [""], 0
    for piece in re.findall(r"\\.|\[(?:\\.|[^\]])*\]|.", source, re.DOTALL):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "|" and not depth:
            pieces.append("")
        else:
            pieces[-1] += piece
    # of GPT-4's own, which differ in what they try again only
    return {re.sub(r"([?+*])\+", r"\1", whole) for whole in pieces}


def _adds_around(part: dict[str, Any]) -> bool:
    """Whether what is added to a text is the same for each, and the text is there once."""
    if part["type"] == "TemplateProcessing":
        return sum("Sequence" in piece for piece in part["single"]) == 1
    return part["type"] in _AROUND


def _holds_no_edge(inner: Any) -> bool:
    """Whether a model that sees whole texts has no token that spans an edge."""
    model, vocabulary = inner.model, inner.get_vocab(with_added_tokens=False)
    spans = re.compile(rf"[!-~]{SPACE}")
    return (
        type(model).__name__ == "BPE"
        and SPACE in vocabulary
        and not (model.continuing_subword_prefix or model.end_of_word_suffix)
        and not any(spans.search(token) for token in vocabulary)
    )


def _avoid_added(inner: Any, keep_space: bool) -> Edges | None:
    """The edges at which no added token takes white space from the other side."""
    before = np.isin(np.arange(256), list(VISIBLE.encode()))
    behind = before.copy()
    for token in inner.get_added_tokens_decoder().values():
        for content in {token.content, _normalized(inner.normalizer, token)}:
            blank = re.sub(rf"[\s{SPACE}]", "", content) == ""
            if (not blank and re.search(rf"[\s{SPACE}]", content)) or (blank and not keep_space):
                return None
            if token.lstrip or not keep_space:
                _leave_out(behind, content[:1])
            if token.rstrip or not keep_space:
                _leave_out(before, content[-1:])
    return Edges(before, behind, keep_space)


def _normalized(normalizer: Any, token: Any) -> str:
    """What a token looks for, where it looks in text that is normalized."""
    sees = normalizer is not None and token.normalized
    return str(normalizer.normalize_str(token.content)) if sees else str(token.content)


def _leave_out(characters: NDArray[np.bool_], character: str) -> None:
    for case in (character.lower(), character.upper()):
        characters[list(case.encode())] = False
