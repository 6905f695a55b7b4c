"""Rows rendered row by row hold what was read, or are refused with what is left out."""

import json
import re

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.chat_templates.prepare import as_uncompiled
from pairsmith.kernel.render import Pairs, Writer, write_pairs
from pairsmith.kernel.row_render import RenderedPair, dialogues_by_row, pairs_by_row
from pairsmith.schema.templates import Refusal
from support.chats import (
    ANSWERED,
    CALLED,
    EARLIER,
    MEASURE,
    QUESTION,
    REASONED,
    SEVERAL,
    SYSTEM,
    TOOLS,
    result,
    said,
    turns_of,
)
from support.examples import examples
from support.formats import prepared
from support.slow import quick, slow

EVERYTHING = (
    "{% if tools %}<tools>{% for t in tools %}{{ t | tojson }}{% endfor %}</tools>{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>"
    "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}"
    "{% for c in m.tool_calls or () %}<call>{{ c.function.name }} "
    "{{ c.function.arguments | tojson }}</call>{% endfor %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TWO = [*ANSWERED, said("Water it.")], [*ANSWERED, said("Leave it.")]
PLAIN = [QUESTION, said("Yes.")], [QUESTION, said("No.")]
LED = [SYSTEM, *PLAIN[0]], [SYSTEM, *PLAIN[1]]
LONG = (
    [QUESTION, said("ok"), {"role": "user", "content": "So?"}, said("Moist.")],
    [QUESTION, said("ok"), {"role": "user", "content": "So?"}, said("Dry.")],
)


def without(part, instead=""):
    """The template that writes everything, less a part of it."""
    assert part in EVERYTHING
    return EVERYTHING.replace(part, instead)


CONTENT = "{{ m.content }}"
MESSAGES = "{% for m in messages %}<"
FAULTS = {  # a template, a pair, and what is said of it
    "tools": (without("{{ t | tojson }}"), TWO, "leaves out the tools"),
    "tools by name": (without("t | tojson", "t.type"), TWO, "leaves out the tools"),
    "reasoning": (without("{{ m.reasoning_content }}"), REASONED, "part of a reply: its reasoning"),
    "calls": (without("{{ c.function.name }}"), CALLED, "part of a reply: its tool calls"),
    "arguments": (
        without("{{ c.function.arguments | tojson }}"), CALLED, "part of a reply: its tool calls"
    ),
    "calls in a prompt": (
        without("{{ c.function.name }}"), TWO, r"part of turn 2 \(assistant\): its tool calls"
    ),
    "results": (
        without(CONTENT, "{{ m.content if m.role != 'tool' }}"), TWO, r"drops turn 3 \(tool\)"
    ),
    "results of a reply": (
        without(CONTENT, "{{ m.content if m.role != 'tool' }}"), SEVERAL, "of a reply: its text"
    ),
    "a role": (
        without(MESSAGES, "{% for m in messages if m.role != 'tool' %}<"), TWO,
        r"drops turn 3 \(tool\)",
    ),
    "a system turn": (
        without(MESSAGES, "{% for m in messages if m.role != 'system' %}<"), LED,
        r"drops turn 1 \(system\)",
    ),
    "an earlier turn": (
        without(MESSAGES, "{% for m in messages[-2:] %}<"), LONG, r"drops turn 1 \(user\)"
    ),
    "a short turn": (
        without(CONTENT, "{{ m.content if m.role != 'assistant' or loop.last else 'took it' }}"),
        LONG, r"drops turn 2 \(assistant\)",
    ),
    "another order": (
        without(MESSAGES, "{% for m in messages | sort(attribute='role', reverse=true) %}<"), LONG,
        r"drops turn 2 \(assistant\)|drops part of|drops turn 3",
    ),
    "part of a turn": (
        without(CONTENT, "{{ m.content.rsplit(' ', 1)[0] }}"), TWO,
        r"drops (part of )?turn 1 \(user\)",
    ),
    "the end of a reply": (
        without(CONTENT, "{{ m.content.split(' ')[0] if m.role == 'assistant' else m.content }}"),
        ([QUESTION, said("Keep it moist.")], [QUESTION, said("Keep it dry.")]),
        "drops part of a reply: its text",
    ),
}  # fmt: skip


def render(source, pair, template, tools=None, **options):
    """One pair, row by row; its prompt is what both sides begin with."""
    better, worse = pair
    same = [left == right for left, right in zip(better, worse, strict=False)]
    ends = [same.index(False) if False in same else len(same)]
    ready = prepared(template(source, f"{hash(source)}.jinja"))
    given_tools = [tools] if tools else None
    [made] = pairs_by_row(
        [better], [worse], ready.compiled.template, ready.jinja, prompts=ends, tools=given_tools,
        **options,
    )  # fmt: skip
    return made


def test_what_holds_everything_is_written(template):
    for pair in (TWO, PLAIN, LED, LONG, REASONED, CALLED, SEVERAL):
        made = render(EVERYTHING, pair, template, TOOLS)
        assert isinstance(made, RenderedPair)
        assert not made.reasoning_left_out
        assert "How moist the soil of a pot is." in made.prompt
        for message in pair[0]:
            assert message["content"] in made.prompt + made.chosen


@pytest.mark.parametrize("name", quick(FAULTS, "tools", "reasoning", "results", "a short turn"))
def test_what_is_left_out_is_said(name, template):
    source, pair, told = FAULTS[name]
    made = render(source, pair, template, TOOLS if "tools" in name else None)
    assert isinstance(made, Refusal), made
    assert re.search(told, made.message), made.message
    for message in [*pair[0], *pair[1]]:
        assert not message["content"] or message["content"] not in made.message
    assert "qq" not in made.message


def test_reasoning_of_earlier_turns_may_be_left_out(template):
    pair = [*EARLIER, said("Keep it moist.")], [*EARLIER, said("None.")]
    made = render(without("{{ m.reasoning_content }}"), pair, template)
    assert isinstance(made, RenderedPair)
    assert made.reasoning_left_out
    assert not render(EVERYTHING, pair, template).reasoning_left_out


def test_reasoning_inside_of_contents():
    first, second = said("<think>Is it a fern?</think>Moist."), said("<think>Or not?</think>Dry.")
    pair = [[QUESTION, first]], [[QUESTION, second]]
    qwen, deepseek = prepared("qwen3"), prepared("deepseek-r1")
    [made] = pairs_by_row(*pair, qwen.compiled.template, qwen.jinja)
    assert isinstance(made, RenderedPair)
    assert made.chosen == "<think>\nIs it a fern?\n</think>\n\nMoist.<|im_end|>"
    [made] = pairs_by_row(*pair, deepseek.compiled.template, deepseek.jinja)
    assert made == Refusal("the template drops part of a reply: its reasoning")
    later = [{"role": "user", "content": "And in winter?"}, said("Less."), said("More.")]
    sides = [[QUESTION, first, later[0], reply] for reply in later[1:]]
    for ready in (qwen, deepseek):
        better, worse = ([side] for side in sides)
        [made] = pairs_by_row(better, worse, ready.compiled.template, ready.jinja)
        assert isinstance(made, RenderedPair)
        assert made.reasoning_left_out
        assert "Is it a fern?" not in made.prompt
        assert "Moist." in made.prompt


def test_replies_that_are_written_alike_are_refused():
    ready = prepared("deepseek-r1")
    pair = [[QUESTION, said(f"{mark}Moist.")] for mark in ("", "</think>")]
    [made] = pairs_by_row([pair[0]], [pair[1]], ready.compiled.template, ready.jinja)
    assert made == Refusal("the template leaves out what the two replies differ in")


def test_white_space_may_be_changed_but_not_what_replies_differ_in(template):
    source = without(CONTENT, "{{ m.content.split() | join(' ') }}")
    made = render(source, ([QUESTION, said("a  b")], [QUESTION, said("c\n\nd")]), template)
    assert made[1:3] == ("a b<|end|>", "c d<|end|>")
    made = render(source, ([QUESTION, said("a  b")], [QUESTION, said("a\n\nb")]), template)
    assert isinstance(made, Refusal)


def test_results_may_be_written_as_json(template):
    source = without(CONTENT, "{{ m.content | tojson if m.role == 'tool' else m.content }}")
    table = result('{"pot": "sill",\n "moisture": "é 12"}')
    pair = [QUESTION, MEASURE, table, said("Dry.")], [QUESTION, MEASURE, table, said("Wet.")]
    assert isinstance(render(source, pair, template), RenderedPair)


@slow
@pytest.mark.parametrize("source", [EVERYTHING, without("</call>", "</call>{{ c.id }}")])
@examples(20)
@given(
    values=st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
        ),
        max_size=4,
    ).filter(lambda held: "\\u0000" not in json.dumps(held) and "\\ud" not in json.dumps(held))
)
def test_any_arguments_stand_in_the_text(source, values, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"held{len(source)}.jinja"
    path.write_text(source)
    ready = prepared(path)
    call = {"type": "function", "id": "x", "function": {"name": "sow", "arguments": values}}
    pair = [[QUESTION, said("", tool_calls=[call])]], [[QUESTION, said("I cannot.")]]
    [made] = pairs_by_row(*pair, ready.compiled.template, ready.jinja)
    assert isinstance(made, RenderedPair), made
    assert json.dumps(values, ensure_ascii=False) in made.chosen


def test_tools_that_nest_without_end_are_refused_by_themselves(template):
    deep = []
    for _ in range(3000):
        deep = [deep]
    ready = prepared(template(EVERYTHING))
    bad = {"type": "function", "function": {"name": "x", "parameters": deep}}
    made = pairs_by_row(
        [PLAIN[0]] * 3, [PLAIN[1]] * 3, ready.compiled.template, ready.jinja,
        tools=[None, [bad], TOOLS],
    )  # fmt: skip
    assert [type(row) for row in made] == [RenderedPair, Refusal, RenderedPair]
    assert "nest more than 64 levels" in str(made[1])


def test_a_row_is_judged_by_itself(template):
    """Beside others, or alone, and in whatever order."""
    source, *_ = FAULTS["a short turn"]
    ready = prepared(template(source))
    pairs = [PLAIN, LONG, LED, PLAIN]
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    made = pairs_by_row(sides[0], sides[1], ready.compiled.template, ready.jinja)
    alone = [
        pairs_by_row([better], [worse], ready.compiled.template, ready.jinja)[0]
        for better, worse in pairs
    ]
    assert made == alone


def test_dialogues_hold_what_was_read_too(template):
    source, *_ = FAULTS["a system turn"]
    ready = prepared(template(source))
    rows = [LED[0], PLAIN[0], PLAIN[0][:1]]
    first, *others = dialogues_by_row(rows, ready.compiled.template, ready.jinja)
    assert first == Refusal("the template drops turn 1 (system)")
    assert others == [
        "<|user|>How much water does a fern want?<|end|><|assistant|>Yes.<|end|>",
        "<|user|>How much water does a fern want?<|end|>",
    ]


@pytest.mark.parametrize("name", quick(["a system turn", "an earlier turn", "another order"]))
def test_what_is_compiled_leaves_nothing_out_either(name, template):
    """A template that drops or reorders is not compiled for such rows; both ways say the same."""
    source, pair, _ = FAULTS[name]
    ready = prepared(template(source))
    rows = [pair, PLAIN]
    chosen, rejected = (turns_of([row[side] for row in rows]) for side in (0, 1))
    uncompiled = as_uncompiled(ready.compiled, "for comparison")
    written, by_row = (
        write_pairs(
            Pairs.of(chosen, rejected),
            chosen.counts > 0,
            Writer(compiled, ready.jinja),
        )
        for compiled in (ready.compiled, uncompiled)
    )
    assert list(written.refused) == [0]
    assert written.refused == by_row.refused
    assert [c.to_pylist() for c in written.columns] == [c.to_pylist() for c in by_row.columns]


def test_a_build_says_what_the_template_drops(template, tmp_path):
    source, *_ = FAULTS["a system turn"]
    data, out = tmp_path / "data.jsonl", tmp_path / "out"
    rows = [
        {"prompt": pair[0][:-1], "chosen": pair[0][-1:], "rejected": pair[1][-1:]}
        for pair in (LED, PLAIN)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    built = pairsmith.build(data, out, template=str(template(source)))
    assert built.totals.kept == 1
    [line] = (out / "quarantine").glob("*.jsonl")
    assert json.loads(line.read_text())["reason"] == "template_error"
    assert json.loads(line.read_text())["detail"] == "the template drops turn 1 (system)"
    [shard] = (out / "pairs").glob("*.parquet")
    assert len(pq.read_table(shard)) == 1
