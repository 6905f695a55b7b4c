"""Reasoning and tools, as templates read them: what is control text, and under which names."""

import json

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers.utils.chat_template_utils import render_jinja_template

import pairsmith
from pairsmith.auditing.content.patterns import control_strings
from pairsmith.schema.reasoning import MARKS, split_reasoning
from pairsmith.schema.templates import Conversation, Refusal
from support.chats import AGENT, QUESTION, SYSTEM, TOOLS, said
from support.examples import examples
from support.formats import prepared, source
from support.slow import quick, slow
from support.trl_table import TOKENS, trl_templates

LOOP = (
    "{% for m in messages %}{% set c = m.content %}@{{ '<|' + m.role + '|>' + c + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
LOOKS = {
    "in": "{% if 'CLOSE' in c %}{% set c = c[2:] %}{% endif %}",
    "split": "{% set c = c.split('CLOSE')[-1] %}",
    "a filter": "{% set c = c | replace('OPEN', '') %}",
    "a longer string": "{% if c.startswith('OPEN\\n') %}{% set c = c[9:] %}{% endif %}",
    "a name": "{% set mark = 'CLOSE' %}{% if mark in c %}{% set c = c[2:] %}{% endif %}",
}
WRITES = "{{ 'OPEN\\n\\nCLOSE' if m.role == 'assistant' }}"


def control(template, looks, marks=MARKS[0], name="odd.jinja"):
    """The control text of a template that looks for marks so."""
    made = LOOP.replace("@", looks).replace("OPEN", marks[0]).replace("CLOSE", marks[1])
    return set(prepared(template(made, name)).compiled.template.control)


@pytest.mark.parametrize("name", quick(LOOKS, "in"))
def test_marks_that_a_template_looks_for_are_no_control_text(name, template):
    assert control(template, LOOKS[name] + WRITES) == {"<|user|>", "<|assistant|>", "<|system|>",
                                                       "<|end|>"}  # fmt: skip


def test_marks_that_a_template_only_writes_are_control_text(template):
    assert {"<think>", "</think>"} <= control(template, WRITES)
    assert {"[THINK]", "[/THINK]"} <= control(template, WRITES, ("[THINK]", "[/THINK]"), "2.jinja")


@pytest.mark.parametrize("place", quick(range(len(MARKS)), 4))
def test_marks_of_every_family(place, template):
    """Looked for, none of them is control text; what a template writes besides is."""
    marks = MARKS[place]
    found = control(template, LOOKS["split"] + WRITES, marks)
    assert not [text for text in found if text in "".join(marks)]
    assert "<|end|>" in found


def test_added_tokens_of_a_tokenizer_are_treated_alike(tmp_path):
    held = {"1": {"content": "<think>", "special": False}, "2": {"content": "</think>"},
            "3": {"content": "<|end|>", "special": True}}  # fmt: skip
    made = LOOP.replace("@", LOOKS["split"] + WRITES)
    made = made.replace("OPEN", "<think>").replace("CLOSE", "</think>")
    config = {"chat_template": made, "added_tokens_decoder": held}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    found = prepared(tmp_path).compiled.template.control
    assert "<|end|>" in found
    assert "<think>" not in found


def test_the_audit_looks_for_them_as_ever():
    assert control_strings()["<think>"] == ["deepseek-r1", "qwen3"]


@pytest.mark.parametrize(
    "read",
    [
        "m.thinking", "m['thinking']", "m.get('reasoning')", "m.reasoning", "m.reasoning_content",
        "m.thinking or m.reasoning",
    ],
)  # fmt: skip
def test_reasoning_has_the_name_that_the_template_reads(read, template):
    made = (
        f"{{% for m in messages %}}<|{{{{ m.role }}}}|>{{{{ {read} or '' }}}}|{{{{ m.content }}}}"
    )
    ready = prepared(template(made.replace("READ", read) + "<|end|>{% endfor %}"))
    messages = [QUESTION, said("Moist.", reasoning_content="Is it a fern?")]
    [text] = ready.jinja([Conversation(messages)])
    assert text.endswith("<|assistant|>Is it a fern?|Moist.<|end|>")


TWINS = {"qwen2.5": "qwen2_5", "qwen3": "qwen3"}


@pytest.mark.parametrize("name", TWINS)
def test_built_in_templates_write_tools_as_the_models_own(name):
    theirs = {path.stem: path for path in trl_templates()}[TWINS[name]].read_text()
    ready = prepared(name)
    tokens = dict(ready.compiled.template.tokens)
    asked = []
    for pair, _ in AGENT:
        for side in pair:
            for led in (side, [SYSTEM, *side]):
                asked += [Conversation(led), Conversation(led, tools=TOOLS)]
                asked += [Conversation(led[:-1], True, TOOLS)]
    for conversation, text in zip(asked, ready.jinja(asked), strict=True):
        [expected], _ = render_jinja_template(
            [conversation.messages],
            chat_template=theirs,
            tools=conversation.tools,
            add_generation_prompt=conversation.generation,
            **tokens,
        )
        assert text == expected


@pytest.mark.parametrize("name", ["chatml", "deepseek-r1", "gemma", "llama2", "llama3", "phi3"])
def test_built_in_templates_refuse_what_their_format_has_not(name):
    ready = prepared(name)
    tool = {"role": "tool", "content": "12 percent", "name": "measure_soil"}
    call = said("", tool_calls=[{"type": "function", "function": {"name": "x", "arguments": {}}}])
    odd = [
        Conversation([QUESTION, said("Yes.")], tools=TOOLS),
        Conversation([QUESTION, call]),
        Conversation([QUESTION, said("Wait."), tool, said("Dry.")]),
        Conversation([QUESTION, {"role": "critic", "content": "Hm."}]),
    ]
    told = ready.jinja(odd)
    assert all(isinstance(text, Refusal) and "in this format" in text.message for text in told)
    assert isinstance(ready.jinja([Conversation([QUESTION, said("Yes.")])])[0], str)


CALLS = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for c in m.tool_calls or [] %}"
    "{{ '<call>' + c.function.name + ARGUMENTS + '</call>' }}{% endfor %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.mark.parametrize(
    "written",
    ["c.function.arguments", "(c.function.arguments | tojson)"],
    ids=["joined", "as-json"],
)
def test_arguments_are_written_as_the_template_takes_them(written, template, tmp_path):
    """As text where it joins them to one, which with objects it cannot; else as objects."""
    arguments = {"pot": "thé", "leaves": [1, "two"]}
    call = {"type": "function", "function": {"name": "soil", "arguments": arguments}}
    row = {
        "prompt": [{"role": "user", "content": "Is the mint dry?"}],
        "chosen": [{"role": "assistant", "content": "Hm.", "tool_calls": [call]}],
        "rejected": [{"role": "assistant", "content": "Surely."}],
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    chat_template = template(CALLS.replace("ARGUMENTS", written))
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out", template=str(chat_template))
    [shard] = (tmp_path / "out" / "pairs").glob("*.parquet")
    [held] = pq.read_table(shard).to_pylist()
    assert held["chosen"] == ('Hm.<call>soil{"pot": "thé", "leaves": [1, "two"]}</call><|end|>')


def test_qwen_never_writes_empty_reasoning_where_there_is_some():
    assert "<think>" in source("qwen3")
    ready = prepared("qwen3")
    texts = ready.jinja(
        [
            Conversation([QUESTION, said("Moist.", reasoning_content="Is it a fern?")]),
            Conversation([QUESTION, said("<think>Is it a fern?</think>Moist.")]),
        ]
    )
    assert texts[0] == texts[1]
    assert "<think>\nIs it a fern?\n</think>\n\nMoist." in texts[0]


@examples(100)
@given(
    st.lists(
        st.sampled_from(["fern", " ", "\n", *(mark for marks in MARKS[:9] for mark in marks)]),
        max_size=8,
    ).map("".join)
)
def test_a_content_is_the_sum_of_its_parts(content):
    parts = split_reasoning(content)
    assert "".join("".join(part) for part in parts) == content
    assert all(part.closing or not part.opening for part in parts)


@slow
def test_every_template_of_trl_reads_the_marks_that_it_looks_for():
    """Those whose source has the mark in a test or a split; the rest keep it as control text."""
    for path in trl_templates():
        text = path.read_text()
        looks = any(f"{quote}</think>{quote}" in text for quote in "'\"")
        if "llava" in path.stem or "idefics" in path.stem or "smolvlm" in path.stem:
            continue
        found = prepared(path, **TOKENS).compiled.template.control
        if looks and ("split('</think>')" in text or 'split("</think>")' in text):
            assert "</think>" not in found, path.stem
