"""Constant text around contents: read from rendered probes, fitted, put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from pairsmith.chat_templates.probes import LENGTHS, Probe
from pairsmith.schema.templates import (
    DatasetSegments,
    Layout,
    Refusal,
    Segments,
    Template,
    Trim,
    common_start,
)

HEAD, TAIL = 4, 3
"""At most this many segments at the beginning and at the end may differ from those between."""

TRIMS: dict[Trim, Callable[[str], str]] = {
    Trim.NONE: str,
    Trim.BOTH: str.strip,
    Trim.LEFT: str.lstrip,
    Trim.RIGHT: str.rstrip,
}


class Uncompiled(Exception):  # noqa: N818  (an outcome, not an error)
    """Why constant strings do not describe a template."""


def extract_segments(text: str, probe: Probe) -> tuple[int, tuple[str, ...]]:
    """Reads the segments of a rendered probe.

    Returns:
        How many contents follow the first one in the text, and the m + 1 segments around m
        contents.

    Raises:
        Uncompiled: It leaves out, repeats or reorders contents.
    """
    places = []
    for mark in probe.contents:
        if text.count(mark) != 1:
            how = "leaves out" if mark not in text else "repeats"
            raise Uncompiled(f"it {how} a content")
        places.append(text.index(mark))
    order = sorted(range(len(places)), key=places.__getitem__)
    others = [place for place in order if not probe.system or place]
    if others != sorted(others):
        raise Uncompiled("it writes contents in another order")
    segments, end = [], 0
    for place in order:
        segments.append(text[end : places[place]])
        end = places[place] + len(probe.contents[place])
    return len(order) - 1 - order.index(0), (*segments, text[end:])


def fit(samples: dict[int, tuple[str, ...]]) -> Segments:
    """Joints that all samples, by their number of contents, agree with."""
    longest = samples[max(samples)]
    middle = (longest[HEAD], longest[HEAD + 1])
    short = {m: segments for m, segments in samples.items() if m < HEAD + TAIL + 1}
    segments = Segments(short, longest[:HEAD], middle, longest[-TAIL:])
    if any(segments.of(contents) != sample for contents, sample in samples.items()):
        raise Uncompiled("its constant text changes along a conversation")
    return segments


def system_place(probes: Sequence[Probe], backs: Sequence[int]) -> int | None:
    """See `Layout`; from the number of contents that follow the first one in each probe."""
    pairs = list(zip(probes, backs, strict=True))
    if all(back == len(probe.contents) - 1 for probe, back in pairs):
        return None
    from_asked = {back - (not probe.ends_with_user) for probe, back in pairs}
    if len(from_asked) > 1:
        raise Uncompiled("the system text moves about")
    return from_asked.pop()


def assemble(layout: Layout, probe: Probe) -> str | None:
    """A conversation's text by a layout, content by content: what columns must come to.

    Returns:
        The text; None where the layout does not describe this conversation.
    """
    contents = []
    for role, content in zip(probe.roles, probe.contents, strict=True):
        trim = layout.trims[role]
        if trim is None and content != content.strip():
            return None
        content = TRIMS[trim or Trim.NONE](content)
        if not content and role not in layout.blanks:
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


def agree(layout: Layout, probes: Sequence[Probe], texts: Sequence[str | Refusal]) -> bool:
    """Whether the layout gives these texts, for all of these."""
    return all(assemble(layout, probe) == text for probe, text in zip(probes, texts, strict=True))


def make_dataset_segments(layout: Layout, template: Template, system: bool) -> DatasetSegments:
    """The segments of a dataset's texts; see `DatasetSegments`."""
    prompts, replies, wholes, asked = {}, {}, {}, {}
    for contents in range(2 + system, max(LENGTHS) + 1, 2):
        prompt, whole = layout.generation.of(contents - 1), layout.full.of(contents)
        boundary = _boundary(prompt, whole)
        front, end = template.opened(whole[0]), template.closed(whole[-1])
        prompts[contents - 1] = (front, *prompt[1:-1], boundary)
        replies[contents] = (front, *whole[1:-2], whole[-2][len(boundary) :], end)
        wholes[contents] = (front, *whole[1:-1], end)
        question = layout.ends_with_user.of(contents - 1)
        asked[contents - 1] = (front, *question[1:-1], template.closed(question[-1]))
    return DatasetSegments(fit(prompts), fit(replies), fit(wholes), fit(asked))


def _boundary(prompt: tuple[str, ...], whole: tuple[str, ...]) -> str:
    """What the segment behind a prompt's last content and the one before its reply begin with."""
    return common_start([prompt[-1], whole[-2]])
