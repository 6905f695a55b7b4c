"""Compiled templates give what Jinja gives: for anything, and for every template that TRL ships."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith import PairsmithError
from pairsmith.chat_templates.builtin import FAMILIES
from pairsmith.chat_templates.literals import assemble
from pairsmith.chat_templates.probes import Probe
from pairsmith.kernel.dialogues import dialogue_kernel
from pairsmith.kernel.pairs import pair_kernel
from pairsmith.kernel.render import Pairs, Writer, write_pairs
from pairsmith.schema.recipe import make_recipe
from pairsmith.schema.rows import MESSAGES
from pairsmith.text.messages import read_messages
from pairsmith.text.turns import prepend_system
from support import reference
from support.examples import examples
from support.formats import kernel_for, prepared, recipe_for
from support.slow import quick
from support.transcripts import conversations, dialogue_batch, pair_batch
from support.trl_table import TOKENS, VISION, table_row, trl_templates

SYSTEM = "You are careful.\n\nAnd brief."
PAGE = Path(__file__).parents[2] / "docs" / "internals" / "trl-templates.md"

every = pytest.mark.parametrize("name", FAMILIES)


def render(source, conversation, generation=False, **tokens):
    """A conversation by transformers' own renderer."""
    from transformers.utils.chat_template_utils import render_jinja_template

    texts, _ = render_jinja_template(
        [conversation], chat_template=source, add_generation_prompt=generation, **tokens
    )
    return texts[0]


def pytest_generate_tests(metafunc):
    if "trl_template" in metafunc.fixturenames:
        pytest.importorskip("trl")
        paths = trl_templates()
        # every eighth for a quick look; `make test-slow` reads every one, on all rows
        metafunc.parametrize(
            "trl_template", quick(paths, *paths[::8]), ids=[path.stem for path in paths]
        )


@pytest.fixture(scope="module")
def real_batch(real_rows):
    return pair_batch(real_rows)


@pytest.mark.parametrize("most", quick([50, 2312], 50))
@pytest.mark.parametrize("system", quick([None, SYSTEM]), ids=["plain", "system"])
def test_every_template_of_trl_on_real_rows(trl_template, system, most, real_rows, real_batch):
    """prompt + chosen, with the BOS and the line end that texts leave out, are the rendering."""
    name = trl_template.stem.removesuffix("_training")
    if name in VISION:
        with pytest.raises(PairsmithError, match="vision template"):
            prepared(trl_template, **TOKENS)
        return
    ready = prepared(trl_template, **TOKENS)
    template = ready.compiled.template
    assert False in ready.compiled.layouts, ready.compiled.faults
    recipe = make_recipe(template=template, system=system)
    out = pair_kernel(recipe, Writer(ready.compiled, ready.jinja))(real_batch[:most]).to_pylist()
    if system and True not in ready.compiled.layouts:
        assert name == "gemma"
        assert {row["reason"] for row in out if row["reason"]} >= {"template_error"}
        assert not any(row["prompt"] for row in out)
        return
    front = [{"role": "system", "content": system}] if system else []
    kept = 0
    for row, made in zip(real_rows[:most], out, strict=True):
        if made["reason"] is not None:
            continue
        kept += 1
        prompt, chosen, rejected = reference.messages(row)
        for column, reply in (("chosen", chosen), ("rejected", rejected)):
            whole = render(trl_template.read_text(), front + prompt + reply, **TOKENS)
            text = made["prompt"] + made[column]
            assert template.closed(template.opened(whole)) == text
            assert whole.removeprefix("<BOS>").rstrip() == text.rstrip()
    assert kept == {50: 50, 2312: 2299}[most]


def test_the_table_says_how_it_compiles(trl_template):
    assert table_row(trl_template, prepared) in PAGE.read_text(encoding="utf-8").splitlines()


TRL_TWINS = {
    "cohere": "cohere",
    "deepseek-r1": "deepseek_r1_distill",
    "gemma": "gemma",
    "gemma3": "gemma3",
    "llama3": "llama3",
    "phi3": "phi3",
    "qwen2.5": "qwen2_5",
    "qwen3": "qwen3",
}


@pytest.mark.parametrize("name", TRL_TWINS)
@examples(30)
@given(data=st.data())
def test_built_in_templates_render_as_the_models_own(name, data):
    """Ours, written from the definition, against the file that a model's makers ship."""
    paths = {path.stem: path for path in trl_templates()}
    theirs = paths[TRL_TWINS[name]].read_text()
    ready = prepared(name)
    system = name != "gemma" and data.draw(st.booleans())
    probe = data.draw(probes(system))
    [ours] = ready.jinja([probe.conversation])
    tokens = dict(ready.compiled.template.tokens)
    messages, generation, _ = probe.conversation
    assert ours == render(theirs, messages, generation, **tokens)


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - set(TRL_TWINS)))
@pytest.mark.parametrize("system", [None, "Be kind."], ids=["plain", "system"])
@pytest.mark.parametrize("turns", [1, 2, 3, 6])
def test_built_in_templates_render_as_their_definitions_say(name, system, turns):
    """Where no shipped file is at hand: against the format written out in plain Python."""
    words = [f"text {place}" for place in range(turns)]
    contents = (*([system] if system else []), *words)
    generation = turns % 2 == 1
    [ours] = prepared(name).jinja([Probe(bool(system), contents, generation).conversation])
    assert ours == reference.FORMATS[name](system, words)


CONTENT = st.lists(
    st.sampled_from(
        [
            "hello", "two words", " ", "\n", "\n\n", "\t", "é", "日本", "<", "|", "<think>",
            "</think>", "<think>\n\n</think>", "<tool_response>", "</tool_response>", "USER:",
            "{{ x }}", "\\", "'",
        ]
    ),
    max_size=5,
).map("".join)  # fmt: skip


@st.composite
def probes(draw, system=None):
    system = draw(st.booleans()) if system is None else system
    turns = draw(st.integers(1, 9))
    contents = tuple(draw(CONTENT) for _ in range(turns + system))
    return Probe(system, contents, generation=turns % 2 == 1 and draw(st.booleans()))


@every
@given(data=st.data())
def test_any_conversation(name, data):
    """The compiled form gives what Jinja gives, where it says that it describes a conversation."""
    ready = prepared(name)
    probe = data.draw(probes(system=False if name == "gemma" else None))
    [text] = ready.jinja([probe.conversation])
    guarded = any(
        trigger in content for trigger in ready.compiled.triggers for content in probe.contents
    )
    made = assemble(ready.compiled.layouts[probe.system], probe)
    if not guarded and made is not None:
        assert made == text


@st.composite
def pairs(draw, system=None):
    """A prompt and two replies as whole conversations."""
    system = draw(st.booleans()) if system is None else system
    turns = draw(st.integers(0, 4)) * 2 + 1
    prompt = Probe(
        system, tuple(draw(CONTENT) for _ in range(turns + system))
    ).conversation.messages
    replies = [{"role": "assistant", "content": draw(CONTENT)} for _ in range(2)]
    return [[*prompt, reply] for reply in replies]


def turns_of(conversations):
    return read_messages(pa.array(conversations, MESSAGES))


@pytest.mark.parametrize("name", quick(FAMILIES, "llama2", "qwen3"))
@examples(50)
@given(data=st.data())
def test_any_pair_in_columns(name, data):
    """Columns, with Jinja for what they do not describe, give what Jinja gives row by row."""
    ready = prepared(name)
    template = ready.compiled.template
    rows = data.draw(st.lists(pairs(False if name == "gemma" else None), min_size=1, max_size=4))
    chosen, rejected = (turns_of([row[side] for row in rows]) for side in (0, 1))
    kept = chosen.counts > 0
    written = write_pairs(Pairs.of(chosen, rejected), kept, Writer(ready.compiled, ready.jinja))
    for row in written.refused:  # the template leaves reasoning out
        assert any("</think>" in message["content"] for side in rows[row] for message in side)
    columns = [column.to_pylist() for column in written.columns]
    for row, prompt, *replies in zip(rows, *columns, strict=True):
        if prompt is None:
            continue
        for conversation, reply in zip(row, replies, strict=True):
            whole = render(template.source, conversation, **dict(template.tokens))
            assert template.opened(template.closed(whole)) in (
                prompt + reply,
                template.closed(prompt + reply),
            )
        asked = render(template.source, row[0][:-1], generation=True, **dict(template.tokens))
        assert template.opened(asked).startswith(prompt)


@every
@examples(25)
@given(texts=st.lists(st.builds(str) | conversations() | conversations(False), max_size=4))
def test_any_dialogue_in_columns(name, texts):
    """Whole conversations, whoever speaks last."""
    ready = prepared(name)
    template = ready.compiled.template
    kernel = kernel_for(dialogue_kernel, recipe_for(name, policies={"empty_turn": "keep"}))
    for text, row in zip(texts, kernel(dialogue_batch(texts)).to_pylist(), strict=True):
        if row["reason"] is None:
            _, turns = reference.turns(text)
            messages = [{"role": role, "content": content} for role, content in turns]
            whole = render(template.source, messages, **dict(template.tokens))
            assert row["text"] == template.closed(template.opened(whole))


def test_a_system_turn_goes_in_front_of_the_rows_without_one():
    rows = [
        [{"role": "user", "content": "a"}],
        [{"role": "system", "content": "own"}, {"role": "user", "content": "b"}],
    ]
    turns = turns_of(rows)
    led = prepend_system(turns, "given", turns.counts > 0)
    assert led.role_names.to_pylist() == ["system", "user", "system", "user"]
    assert led.content.texts().to_pylist() == ["given", "a", "own", "b"]
