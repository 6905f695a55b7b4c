"""Constant text around contents: read from rendered probes, fitted, put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from pairsmith.chat_templates.probes import LENGTHS, Talk
from pairsmith.schema.templates import Joints, Layout, Refusal, Template, Texts, Trim, common_start

HEAD, TAIL = 4, 3
"""So many joints at either end may differ from those between."""

TRIMS: dict[Trim, Callable[[str], str]] = {
    Trim.NONE: str,
    Trim.BOTH: str.strip,
    Trim.LEFT: str.lstrip,
    Trim.RIGHT: str.rstrip,
}


class Uncompiled(Exception):  # noqa: N818  (an outcome, not an error)
    """Why constant strings do not describe a template."""


def take_apart(text: str, talk: Talk) -> tuple[int, tuple[str, ...]]:
    """How many contents follow the first in the text, and what stands around the contents."""
    places = []
    for mark in talk.contents:
        if text.count(mark) != 1:
            how = "leaves out" if mark not in text else "repeats"
            raise Uncompiled(f"it {how} a content")
        places.append(text.index(mark))
    order = sorted(range(len(places)), key=places.__getitem__)
    others = [place for place in order if not talk.system or place]
    if others != sorted(others):
        raise Uncompiled("it writes contents in another order")
    joints, end = [], 0
    for place in order:
        joints.append(text[end : places[place]])
        end = places[place] + len(talk.contents[place])
    return len(order) - 1 - order.index(0), (*joints, text[end:])


def fit(samples: dict[int, tuple[str, ...]]) -> Joints:
    """Joints that all samples, by their number of contents, agree with."""
    longest = samples[max(samples)]
    middle = (longest[HEAD], longest[HEAD + 1])
    short = {m: joints for m, joints in samples.items() if m < HEAD + TAIL + 1}
    joints = Joints(short, longest[:HEAD], middle, longest[-TAIL:])
    if any(joints.of(contents) != sample for contents, sample in samples.items()):
        raise Uncompiled("its constant text changes along a conversation")
    return joints


def system_place(talks: Sequence[Talk], backs: Sequence[int]) -> int | None:
    """See `Layout`; from the number of contents that follow the first one in each probe."""
    pairs = list(zip(talks, backs, strict=True))
    if all(back == len(talk.contents) - 1 for talk, back in pairs):
        return None
    from_asked = {back - (not talk.asked) for talk, back in pairs}
    if len(from_asked) > 1:
        raise Uncompiled("the system text moves about")
    return from_asked.pop()


def assemble(layout: Layout, talk: Talk) -> str | None:
    """A conversation's text by a layout, content by content: what columns must come to.

    Returns:
        The text; None where the layout does not describe this conversation.
    """
    contents = []
    for role, content in zip(talk.roles, talk.contents, strict=True):
        trim = layout.trims[role]
        if trim is None and content != content.strip():
            return None
        content = TRIMS[trim or Trim.NONE](content)
        if not content and role not in layout.blanks:
            return None
        contents.append(content)
    if talk.system and layout.system_back is not None:
        contents.insert(len(contents) - 1 - layout.system_back - (not talk.asked), contents.pop(0))
    which = layout.prompt if talk.generation else layout.asked if talk.asked else layout.whole
    joints = which.of(len(contents))
    return joints[0] + "".join(chain(*zip(contents, joints[1:], strict=True)))


def agree(layout: Layout, talks: Sequence[Talk], texts: Sequence[str | Refusal]) -> bool:
    """Whether the layout gives these texts, for all of these."""
    return all(assemble(layout, talk) == text for talk, text in zip(talks, texts, strict=True))


def dataset_texts(layout: Layout, template: Template, system: bool) -> Texts:
    """The joints of a dataset's texts; see `Texts`."""
    prompts, replies, wholes, asked = {}, {}, {}, {}
    for contents in range(2 + system, max(LENGTHS) + 1, 2):
        prompt, whole = layout.prompt.of(contents - 1), layout.whole.of(contents)
        boundary = _boundary(prompt, whole)
        front, end = template.opened(whole[0]), template.closed(whole[-1])
        prompts[contents - 1] = (front, *prompt[1:-1], boundary)
        replies[contents] = (front, *whole[1:-2], whole[-2][len(boundary) :], end)
        wholes[contents] = (front, *whole[1:-1], end)
        question = layout.asked.of(contents - 1)
        asked[contents - 1] = (front, *question[1:-1], template.closed(question[-1]))
    return Texts(fit(prompts), fit(replies), fit(wholes), fit(asked))


def _boundary(prompt: tuple[str, ...], whole: tuple[str, ...]) -> str:
    """What the joint behind a prompt's last content and the one before its reply begin with."""
    return common_start([prompt[-1], whole[-2]])
