"""Text that chat templates have written, taken apart again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.chat_templates.builtin import FAMILIES, built_in
from pairsmith.chat_templates.environment import make_environment
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.dialogues import read_conversation
from pairsmith.sources.values.text_formats import FORMATS
from pairsmith.sources.values.text_kinds import PLAIN, TextKind, settle_kinds, tell_text_kind

TALK = [
    {"role": "system", "content": "You are a gardener."},
    {"role": "user", "content": "How often do I water basil?"},
    {"role": "assistant", "content": "In a pot,\n\nor outside?"},
    {"role": "user", "content": "In a pot."},
]
REPLY = {"role": "assistant", "content": "When the soil is dry: every 2 days."}
NO_SYSTEM = {"gemma"}
SYSTEM_INSIDE = {"gemma3", "mistral"}
"""Formats that write a system text into a user turn, where nobody can tell it any more."""
MADE = sorted(set(FAMILIES) - {"vicuna", "deepseek-r1", "qwen3"})


def render(name: str, messages: list, generation: bool) -> str:
    family = FAMILIES[name]
    return (
        make_environment()
        .from_string(built_in(name).source)
        .render(
            messages=messages,
            bos_token=family.bos,
            eos_token=family.eos,
            add_generation_prompt=generation,
        )
    )


def read_all(texts: list[str], role: str = "prompt", speaker: str = "user") -> list:
    kind = tell_text_kind(texts, role)
    assert kind.name == "templated"
    return [read_conversation(text, "prompt", set(), speaker, kind) for text in texts]


def without_system(name: str) -> list:
    return TALK[1:] if name in NO_SYSTEM | SYSTEM_INSIDE else TALK


@pytest.mark.parametrize("name", MADE)
def test_what_a_template_writes_is_taken_apart(name: str) -> None:
    talk = without_system(name)
    prompt, whole = render(name, talk, True), render(name, [*talk, REPLY], False)
    assert read_all([prompt]) == [talk]
    assert read_all([whole], "whole") == [[*talk, REPLY]]


@pytest.mark.parametrize("name", MADE)
def test_a_reply_is_what_follows_the_prompt(name: str) -> None:
    talk = without_system(name)
    prompt, whole = render(name, talk, True), render(name, [*talk, REPLY], False)
    reply = whole.removeprefix(prompt)
    assert reply != whole
    kinds = settle_kinds(tell_text_kind([prompt], "prompt"), [tell_text_kind([reply], "reply")])
    assert read_conversation(reply, "chosen", set(), "assistant", kinds[0]) == [REPLY]
    bare = settle_kinds(tell_text_kind([prompt], "prompt"), [PLAIN])
    said = read_conversation(REPLY["content"], "chosen", set(), "assistant", bare[0])
    assert said == [REPLY]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("<s>[INST] Basil? [/INST] Yes. </s><s>[INST] Mint? [/INST]", "uau"),
        ("[INST]Basil?[/INST]Yes.</s>[INST]Mint?[/INST]", "uau"),
        ("<s>[SYSTEM_PROMPT]Garden.[/SYSTEM_PROMPT][INST]Basil?[/INST]", "su"),
        ("<|im_start|>user\nBasil?<|im_end|><|im_start|>assistant\n", "u"),
        ("<|im_start|>user\nBasil?<|im_end|>\n<|im_start|>assistant", "u"),
        ("<|im_start|>user<|im_sep|>Basil?<|im_end|><|im_start|>assistant<|im_sep|>", "u"),
        ("<|user|>Basil?<|end|><|assistant|>", "u"),
        (
            "<|user|>\nBasil?</s>\n<|assistant|>\nYes.</s>\n<|user|>\nMint?</s>\n<|assistant|>\n",
            "uau",
        ),
        (
            "<|user|>\nBasil?\n<|assistant|>\nYes.<|endoftext|>\n<|user|>\nMint?\n<|assistant|>\n",
            "uau",
        ),
        ("<|prompter|>Basil?<|endoftext|><|assistant|>", "u"),
        ("Garden.<｜User｜>Basil?<｜Assistant｜>", "su"),
        ("[gMASK]<sop><|system|>\nGarden.<|user|>\nBasil?<|assistant|>\n", "su"),
        ("GPT4 Correct User: Basil?<|end_of_turn|>GPT4 Correct Assistant:", "u"),
        ("<|begin_of_text|><|header_start|>user<|header_end|>\n\nBasil?<|eot|>", "u"),
        ("<bos><|turn>user\nBasil?<turn|>\n<|turn>model\n", "u"),
    ],
)
def test_formats_of_other_makes(text: str, messages: str) -> None:
    said = {"u": ("Basil?", "Mint?"), "a": ("Yes.",), "s": ("Garden.",)}
    [read] = read_all([text])
    assert "".join(message["role"][0] for message in read) == messages
    assert all(message["content"] in said[message["role"][0]] for message in read)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<|im_start|>user\nBasil?<|im_end|>\nand more\n<|im_start|>assistant\n", "outside of its"),
        ("<|im_start|>user\nBasil?<|im_start|>assistant\n", "does not end"),
        ("<|im_start|>user\nBasil?", "not ended"),
        ("<|im_start|>gardener\nBasil?<|im_end|>\n", "the role gardener"),
        ("<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\n<think>\n", "begun"),
        ("How often?", "is not text in the format chatml, unlike others"),
    ],
)
def test_what_cannot_be_taken_apart_names_the_format(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why) as raised:
        read_conversation(text, "prompt", set(), "user", TextKind("templated", "chatml"))
    assert raised.value.reason == "malformed"
    assert "Basil" not in raised.value.detail


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<|start|>user<|message|>Basil?<|end|><|start|>assistant", "the format harmony"),
        ("<|seed|>user: Basil?<|stop|>", "not known"),
    ],
)
def test_formats_that_are_only_recognised(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_all([text] * 5)


def test_people_may_write_about_marks() -> None:
    texts = ["What is <|im_start|>user?", "<|im_start|>user\nis what?", "Basil?", "Mint?", "Ivy?"]
    assert tell_text_kind(texts, "prompt") == PLAIN
    assert tell_text_kind(["It is <|im_end|>, I think.", "Yes.", "No."], "reply") == PLAIN


WORDS = st.text(alphabet="abc \n.:<|>[]/", max_size=20).map(lambda text: f"x{text}y")


@given(st.lists(WORDS, min_size=1, max_size=5), st.sampled_from(MADE))
def test_any_conversation_comes_back_or_is_refused(contents: list[str], name: str) -> None:
    talk = [
        {"role": ("user", "assistant")[place % 2], "content": content}
        for place, content in enumerate(contents)
    ]
    if name == "qwen2.5":
        talk.insert(0, TALK[0])
    text = render(name, talk, talk[-1]["role"] == "user")
    format = tell_text_kind([render(name, TALK[1:], True)], "prompt")
    assert read_conversation(text, "prompt", set(), "user", format) == talk


@given(st.text(alphabet="a \n<|>_[]/INSTims:｜", max_size=60), st.sampled_from(sorted(FORMATS)))
def test_any_text_is_read_or_refused(text: str, format: str) -> None:
    for speaker in ("user", "assistant"):
        try:
            read = read_conversation(text, "it", set(), speaker, TextKind("templated", format))
        except UnreadableError:
            continue
        assert read
        assert all(message["content"] in text for message in read)
