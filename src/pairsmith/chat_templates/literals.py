"""Constant text around contents: taken from what was read of a template, fitted, joined again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, pairwise

from pairsmith.chat_templates.probes import Probe
from pairsmith.chat_templates.sandbox import ReadContent
from pairsmith.schema.templates import (
    DatasetSegments,
    Layout,
    Segments,
    Template,
    Trim,
    common_start,
    prompt_end,
    whole_marks,
)

HEAD, TAIL = 4, 3
"""At most this many segments at the beginning and at the end may differ from those between."""

TRIMS: dict[Trim, Callable[[str], str]] = {
    Trim.NONE: str,
    Trim.BOTH: str.strip,
    Trim.LEFT: str.lstrip,
    Trim.RIGHT: str.rstrip,
}

KINDS = {
    (False, False): Trim.NONE,
    (True, True): Trim.BOTH,
    (True, False): Trim.LEFT,
    (False, True): Trim.RIGHT,
}
"""By whether white space is trimmed at the left and at the right end."""


class Uncompiled(Exception):  # noqa: N818  (an outcome, not an error)
    """Why constant strings do not describe a template."""


def segments_of(pieces: Sequence[str | ReadContent], contents: int) -> tuple[str, ...]:
    """The m + 1 segments around m contents.

    Raises:
        Uncompiled: The text leaves out, repeats or reorders contents; the system text may be moved.
    """
    held = [piece for piece in pieces if isinstance(piece, ReadContent)]
    places = [piece.place for piece in held]
    if len(set(places)) < contents:
        raise Uncompiled("it leaves out a content")
    if len(places) > contents:
        raise Uncompiled("it repeats a content")
    turns = [piece.place for piece in held if piece.role != "system"]
    if any(left > right for left, right in pairwise(turns)):
        raise Uncompiled("it writes contents in another order")
    segments = [""]
    for piece in pieces:
        if isinstance(piece, str):
            segments[-1] = piece
        else:
            segments.append("")
    return tuple(segments)


def contents_behind_first(pieces: Sequence[str | ReadContent]) -> int:
    """How many contents follow the first message's in a text."""
    places = [piece.place for piece in pieces if isinstance(piece, ReadContent)]
    return len(places) - 1 - places.index(0)


def completes(token: str, segments: Sequence[str]) -> bool:
    """Whether a text may begin with a token of which only a part is in its constant text.

    A part is the whole of what stands before the first content; or else it comes behind that
    content, which is the rest.
    """
    first, behind = segments[0], segments[1]
    if first or not token:
        return first not in ("", token) and token.startswith(first)
    if len(segments) == 2 and not behind:
        return False
    return any(_meet(behind, token[cut:]) for cut in range(1, len(token)))


def bares(token: str, segments: Sequence[str]) -> bool:
    """Whether a text may begin with a token, or part of it, where its first content is blank."""
    return bool(token) and not segments[0] and _meet(segments[1], token)


def backwards(segments: Sequence[str]) -> tuple[str, ...]:
    """The segments of a text read from its end, without white space beside contents there."""
    last, before = segments[-1].rstrip()[::-1], segments[-2].rstrip()[::-1]
    return (last, before, *(segment[::-1] for segment in segments[-3::-1]))


def _meet(segment: str, rest: str) -> bool:
    """Whether a segment begins with a string, or is a beginning of it."""
    return segment.startswith(rest) or rest.startswith(segment)


def fit(samples: Mapping[int, tuple[str, ...]]) -> Segments:
    """Segments by their number of contents, those of long conversations by a pattern if it fits."""
    longest = samples[max(samples)]
    if len(longest) > HEAD + TAIL + 1:
        short = {m: segments for m, segments in samples.items() if m < HEAD + TAIL + 1}
        middle = (longest[HEAD], longest[HEAD + 1])
        segments = Segments(short, longest[:HEAD], middle, longest[-TAIL:])
        if all(segments.of(contents) == sample for contents, sample in samples.items()):
            return segments
    return Segments(dict(samples), (), ("", ""), ())


def assemble(layout: Layout, probe: Probe) -> str | None:
    """A conversation's text by a layout, content by content: what columns must come to.

    Returns:
        The text; None where the layout does not describe this conversation.
    """
    if len(probe.contents) > layout.most:
        return None
    contents = []
    for role, given in zip(probe.roles, probe.contents, strict=True):
        trim = layout.trims[role]
        least, most = layout.sizes.get(role, (0, None))
        if trim is None and given != given.strip():
            return None
        content = TRIMS[trim or Trim.NONE](given)
        if not content.strip() and role not in layout.blanks:
            return None
        if len(given.strip()) < least or (most is not None and len(given) > most):
            return None
        contents.append(content)
    if probe.system and layout.system_back is not None:
        contents.insert(
            len(contents) - 1 - layout.system_back - (not probe.ends_with_user), contents.pop(0)
        )
    which = (
        layout.generation
        if probe.generation
        else layout.ends_with_user
        if probe.ends_with_user
        else layout.full
    )
    segments = which.of(len(contents))
    return segments[0] + "".join(chain(*zip(contents, segments[1:], strict=True)))


def straddles(prompt: str, whole: str, marks: Sequence[str]) -> bool:
    """Whether a content may complete a control token that a prompt would then end within.

    Args:
        prompt: The segment behind the last content of a prompt.
        whole: The segment between that content and the reply.
        marks: The control tokens.
    """
    ends = {len(common_start([prompt, whole])), prompt_end([prompt, whole], marks)}
    return any(
        _straddles_at(mark, cut, prompt, whole, end)
        for end in ends
        for mark in marks
        for cut in range(1, len(mark))
    )


def _straddles_at(mark: str, cut: int, prompt: str, whole: str, end: int) -> bool:
    """Whether a mark may begin `cut` characters before the segments, or end behind them."""
    begun = whole.endswith(mark[:cut]) and len(whole) - cut < end
    shared, rest = whole[:end], mark[cut + end :]
    if begun or not rest or not mark.startswith(shared, cut):
        return begun
    return prompt[end:].startswith(rest) or _meet(whole[end:], rest)


def make_dataset_segments(layout: Layout, template: Template, system: bool) -> DatasetSegments:
    """The segments of a dataset's texts; see `DatasetSegments`."""
    prompts, replies, wholes, asked = {}, {}, {}, {}
    marks = whole_marks(template)
    for contents in range(2 + system, layout.most + 1, 2):
        prompt, whole = layout.generation.of(contents - 1), layout.full.of(contents)
        around = prompt[-1], whole[-2]
        boundary = around[0][: prompt_end(around, marks)]
        front, end = template.opened(whole[0]), template.closed(whole[-1])
        prompts[contents - 1] = (front, *prompt[1:-1], boundary)
        replies[contents] = (front, *whole[1:-2], whole[-2][len(boundary) :], end)
        wholes[contents] = (front, *whole[1:-1], end)
        question = layout.ends_with_user.of(contents - 1)
        asked[contents - 1] = (front, *question[1:-1], template.closed(question[-1]))
    return DatasetSegments(fit(prompts), fit(replies), fit(wholes), fit(asked))
