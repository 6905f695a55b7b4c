"""Where prompts end: before the reply, and never inside a control token."""

import json
import re

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

import pairsmith
from pairsmith import PairsmithError
from pairsmith.chat_templates.builtin import FAMILIES
from pairsmith.chat_templates.prepare import remarks
from pairsmith.kernel.render import Pairs, Writer, write_pairs
from pairsmith.kernel.row_render import RenderedPair, pairs_by_row
from pairsmith.kernel.unrender import unrender
from pairsmith.schema.templates import Refusal
from support.chats import AGENT, TOOLS, system_and_plain, turns_of
from support.formats import prepared
from support.slow import quick
from support.trl_table import TOKENS, VISION, trl_templates

LOOP = "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}"
REPLY = (
    "{% for m in messages %}{{ '<|' + m.role + '|>' }}"
    "{% if m.role == 'assistant' and loop.last %}{{ CLOSED }}{% endif %}"
    "{{ m.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' + OPEN }}{% endif %}"
)
MARKUP = re.compile(
    r"<\|[^|<>\s]+\|>|</?[a-z_:]+>|<\|[a-z_]+>|<[a-z_]+\|>|\[/?[A-Z_]+\]|<｜[^｜]+｜>"
)
"""What a reader sees as a control token, told apart from what the software takes for one."""

OPENINGS = {  # what a generation prompt ends in, what a finished reply begins with, where it is cut
    "think": ("<think>", "</think>", "<|assistant|>"),
    "text": ("<|START_THINKING|>", "<|START_TEXT|>", "<|assistant|>"),
    "full width": ("<｜think▁begin｜>", "<｜think▁end｜>", "<|assistant|>"),
    "gemma": ("<|channel>thought\n", "<|channel|>", "<|assistant|>"),
    "brackets": ("[THINK]", "[THOUGHT]", "<|assistant|>"),
    "seed": ("<seed:think>", "<seed:answer>", "<|assistant|>"),
    "line end": ("\n<think>\n", "\n<tool_call>", "<|assistant|>\n"),
    "whole": ("<think>\n", "<think>\n\n</think>\n\n", "<|assistant|><think>\n"),
    "between": ("<think>\n", "<think></think>", "<|assistant|><think>"),
    "words": ("Thoughts: ", "Therefore: ", "<|assistant|>Th"),
}


def cut_inside(front, behind):
    """The control tokens that a text is cut in two within."""
    found = MARKUP.finditer(front + behind)
    return [m[0] for m in found if m.start() < len(front) < m.end()]


def texts_of(ready, rows):
    """Rows in columns, with what Jinja renders of them."""
    chosen, rejected = (turns_of([row[side] for row in rows]) for side in (0, 1))
    written = write_pairs(
        Pairs.of(chosen, rejected), chosen.counts > 0, Writer(ready.compiled, ready.jinja)
    )
    assert not written.refused
    return list(zip(*(column.to_pylist() for column in written.columns), strict=True))


@pytest.mark.parametrize("name", quick(OPENINGS, "think", "text", "whole"))
def test_the_cut_is_before_the_token_in_columns_and_row_by_row(name, template):
    opened, closed, end = OPENINGS[name]
    source = REPLY.replace("OPEN", repr(opened)).replace("CLOSED", repr(closed))
    ready = prepared(template(source))
    compiled = ready.compiled
    assert set(compiled.layouts) == {True, False}
    rows = [pair for pair in system_and_plain() for _ in range(3)]
    made = texts_of(ready, rows)
    better, worse = ([row[side] for row in rows] for side in (0, 1))
    by_row = pairs_by_row(better, worse, compiled.template, ready.jinja)
    assert made == [pair[:3] for pair in by_row]
    for row, (prompt, chosen, rejected) in zip(rows, made, strict=True):
        assert prompt.endswith(f"{row[0][-2]['content']}<|end|>{end}")
        assert not cut_inside(prompt, chosen)
        wholes, _ = render_jinja_template(list(row), chat_template=source)
        assert [prompt + chosen, prompt + rejected] == wholes
    parted = opened[len(end) - len("<|assistant|>") :]
    assert compiled.generation_suffix == parted
    told = [sentence for sentence in remarks(compiled) if "prompts end before" in sentence]
    assert bool(told) == bool(parted)


@pytest.mark.parametrize("name", quick(["think", "between", "words"]))
def test_texts_of_a_moved_cut_are_taken_apart_again(name, template):
    import pyarrow as pa

    opened, closed, _ = OPENINGS[name]
    source = REPLY.replace("OPEN", repr(opened)).replace("CLOSED", repr(closed))
    ready = prepared(template(source))
    rows = [pair for pair in system_and_plain() if pair[0][0]["role"] == "user"]
    columns = [pa.array(column) for column in zip(*texts_of(ready, rows), strict=True)]
    apart = unrender(columns[0], columns[1:], ready.compiled, None)
    assert apart.exact.all()
    replies = apart.sides[1].content.texts().to_pylist()
    assert replies[-1] == rows[-1][1][-1]["content"]


def test_a_content_that_could_complete_a_token_is_left_to_jinja(template):
    """`<` and a reply of `think>…` make a token that no constant shows."""
    source = LOOP.replace("'|>' + m", "('|><' if m.role == 'assistant' else '|>') + m")
    source += "{% if add_generation_prompt %}<|assistant|><{% endif %}<think>"
    ready = prepared(template(source))
    assert "complete a control token" in ready.compiled.faults[False]
    prompt = {"role": "user", "content": "Tea?"}
    sides = [[prompt, {"role": "assistant", "content": c}] for c in ("think>Yes.", "think>No.")]
    [(prompt, chosen, _)] = texts_of(ready, [tuple(sides)])
    assert not cut_inside(prompt, chosen)


def all_templates():
    pytest.importorskip("trl")
    return [*trl_templates(), *FAMILIES]


def pytest_generate_tests(metafunc):
    if "any_template" in metafunc.fixturenames:
        found = all_templates()
        ids = [getattr(path, "stem", path) for path in found]
        metafunc.parametrize("any_template", quick(found, *found[::10]), ids=ids)


def test_no_prompt_ends_inside_a_token(any_template):
    """With and without a system turn, reasoning, tools and several messages."""
    tokens = {} if isinstance(any_template, str) else TOKENS
    if getattr(any_template, "stem", "").removesuffix("_training") in VISION:
        return  # refused as a whole
    ready = prepared(any_template, **tokens)
    template = ready.compiled.template
    plain = system_and_plain()
    rows = [(*pair, len(pair[0]) - 1, None) for pair in plain] + [
        (*pair, ends, held) for pair, ends in AGENT for held in (None, TOOLS)
    ]
    better, worse, ends, tools = map(list, zip(*rows, strict=True))
    made = pairs_by_row(
        better, worse, template, ready.jinja, prompts=ends, tools=tools, check=False
    )
    for row, pair in zip(rows, made, strict=True):
        if isinstance(pair, Refusal):
            assert row[0][0]["role"] == "system" or row not in rows[: len(plain)]
            continue
        for side, reply in zip(row[:2], pair[1:3], strict=True):
            assert not cut_inside(pair.prompt, reply)
            [whole], _ = render_jinja_template(
                [renamed(as_joined(side, template.source), template.source)],
                chat_template=template.source,
                tools=row[3],
                **dict(template.tokens),
            )
            assert template.closed(template.opened(whole)) == pair.prompt + reply
    assert any(isinstance(pair, RenderedPair) for pair in made)


def as_joined(messages, source):
    """Messages whose calls have arguments as text, where the template joins them to one."""
    if "+ tool['function']['arguments'] +" not in source:
        return messages
    calls = {
        place: [
            {**call, "function": {**call["function"], "arguments": json.dumps(
                call["function"]["arguments"], ensure_ascii=False)}}
            for call in message["tool_calls"]
        ]
        for place, message in enumerate(messages)
        if message.get("tool_calls")
    }  # fmt: skip
    return [
        {**message, "tool_calls": calls[place]} if place in calls else message
        for place, message in enumerate(messages)
    ]


def renamed(messages, source):
    """Messages as someone would write them who has read the template."""
    names = [name for name in ("thinking", "reasoning") if re.search(rf"\b{name}\b", source)]
    if "reasoning_content" in source:
        return messages
    return [
        {**m, **dict.fromkeys(names, m["reasoning_content"])} if "reasoning_content" in m else m
        for m in messages
    ]


PARTED = (
    "{% for m in messages %}{{ '<' + m.role + '>' }}"
    "{{ ('Q: ' if loop.last else '') + m.content + '</end>' }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.mark.parametrize(
    "source",
    [
        PARTED,
        "{% for m in messages %}{{ m.role ~ ': ' ~ (m.content | upper if add_generation_prompt "
        "else m.content) ~ '\n' }}{% endfor %}",
        "{% for m in messages %}{{ raise_exception('no room for ' ~ m.content) }}{% endfor %}",
    ],
    ids=["question", "capitals", "refusal"],
)
def test_what_stands_for_contents_is_never_shown(source, template, tmp_path):
    said, told = say(str(template(source)), tmp_path / "out")
    assert told in said
    assert "qq" not in said.lower()
    assert "qw" not in said.lower()


def say(template, out):
    """What a build says of a template, and what that should hold."""
    try:
        remarks = pairsmith.build("sample", out, template=template).remarks
    except PairsmithError as error:
        return error.message, "no room for …"
    return " ".join(remarks), "prompts end where the two part"
