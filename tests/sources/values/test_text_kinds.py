"""Which kind of text a column has, and transcripts with other marks than HH-RLHF's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.dialogues import read_conversation
from pairsmith.sources.values.speaker_marks import MARKS
from pairsmith.sources.values.text_kinds import (
    HELPSTEER,
    PLAIN,
    TextKind,
    settle_kinds,
    settle_prompt,
    tell_text_kind,
)

SPOKEN = {"s": "system", "u": "user", "a": "assistant"}
BLANK = TextKind("transcript", "Human: Assistant: / blank line")


def read(text: str, kind: TextKind, speaker: str = "user") -> list[tuple[str, str]]:
    """The messages as pairs of a role's first letter and a content."""
    messages = read_conversation(text, "prompt", set(), speaker, kind)
    return [(message["role"][0], message["content"]) for message in messages]


def read_told(*texts: str, role: str = "prompt") -> list[list[tuple[str, str]]]:
    kind = tell_text_kind(texts, role)
    assert kind.name == "transcript", kind
    return [read(text, kind) for text in texts]


def assert_refused(text: str, kind: TextKind, speaker: str = "user") -> str:
    with pytest.raises(UnreadableError) as raised:
        read(text, kind, speaker)
    assert raised.value.reason == "malformed"
    return raised.value.detail


@pytest.mark.parametrize(
    "text",
    [
        " Human: Basil? Assistant: Dry. Human: Mint? Assistant:",
        "Human: Basil?\n\nAssistant: Dry.\n\nHuman: Mint?\n\nAssistant:",
        "\n\nHuman: Basil? \n\nAssistant: Dry. \n\nHuman: Mint? \n\nAssistant:",
        "Human：Basil?\nAssistant：Dry.\nHuman：Mint?\nAssistant：",
        "Human：Basil?Assistant：Dry.Human：Mint?Assistant：",
        "### Human: Basil?### Assistant: Dry.### Human: Mint?### Assistant:",
        "### Human: Basil?\n### Assistant: Dry.\n### Human: Mint?\n### Assistant:",
        "USER: Basil? ASSISTANT: Dry.</s>USER: Mint? ASSISTANT:",
        "USER: Basil?\nASSISTANT: Dry.</s>\nUSER: Mint?\nASSISTANT: ",
        "User: Basil?\n\nAssistant: Dry.\n\nUser: Mint?\n\nAssistant:",
        "<human>: Basil?\n<bot>: Dry.\n<human>: Mint?\n<bot>:",
        "**User:** Basil?\n\n**Assistant:** Dry.\n\n**User:** Mint?\n\n**Assistant:**",
        "### User\nBasil?\n### Assistant\nDry.\n### User\nMint?\n### Assistant\n",
        "用户：Basil?\n助手：Dry.\n用户：Mint?\n助手：",
        "human: Basil?\nbot: Dry.\nhuman: Mint?\nbot:",
    ],
)
def test_marks_of_other_makes(text: str) -> None:
    assert read_told(text) == [[("u", "Basil?"), ("a", "Dry."), ("u", "Mint?")]]


@pytest.mark.parametrize(
    "text",
    [
        "You garden.\n\nHuman: Basil?\n\nAssistant:",
        "System: You garden.\n\nHuman: Basil?\n\nAssistant:",
        "You garden. USER: Basil? ASSISTANT:",
        "You garden.\n### Human: Basil?\n### Assistant:",
        "### System:\nYou garden.\n\n### User:\nBasil?\n\n### Assistant:\n",
        "You garden.\n\n### Instruction:\nBasil?\n\n### Response:\n",
        "<extra_id_0>System\nYou garden.\n<extra_id_1>User\nBasil?\n<extra_id_1>Assistant\n",
    ],
)
def test_a_system_text_in_front(text: str) -> None:
    assert read_told(text) == [[("s", "You garden."), ("u", "Basil?")]]


def test_an_instruction_with_an_input() -> None:
    text = "### Instruction:\nWhich plant?\n\n### Input:\nIt smells of basil.\n\n### Response:"
    assert read_told(text) == [[("u", "Which plant?\nIt smells of basil.")]]


def test_questions_and_answers_frame_a_text_or_are_words() -> None:
    kind = tell_text_kind(["Question: Basil?\nAnswer:", "Question: Mint? Answer:"], "prompt")
    assert read("Question: Mint?\nAnswer:", kind) == [("u", "Mint?")]
    for texts in (
        ["Question: Basil?", "Question: Mint?"],
        ["Read this. Question: Basil?\nAnswer:"],
        ["Question: A?\nAnswer: B.\nQuestion: C?\nAnswer:"],
        ["Q: Which vitamin? A:"],
    ):
        assert tell_text_kind(texts, "prompt") == PLAIN, texts


def test_prompts_that_end_in_what_the_user_says() -> None:
    texts = ["\n\nHuman: Basil?", "\n\nHuman: Basil?\n\nAssistant: Dry.\n\nHuman: Mint?"]
    assert read_told(*texts) == [
        [("u", "Basil?")],
        [("u", "Basil?"), ("a", "Dry."), ("u", "Mint?")],
    ]
    assert read("\n\nAssistant: Dry.", BLANK, "assistant") == [("a", "Dry.")]


def test_some_prompts_of_helpsteer_have_marks() -> None:
    first, second = "c#", "Basil?\n<extra_id_1>Assistant\nDry.\n<extra_id_1>User\nMint?"
    texts = [first] * 9 + [second]
    assert tell_text_kind(texts, "prompt") == HELPSTEER
    assert read(first, HELPSTEER) == [("u", "c#")]
    assert read(second, HELPSTEER) == [("u", "Basil?"), ("a", "Dry."), ("u", "Mint?")]
    twice = "Basil?\n<extra_id_1>User\nMint?"
    assert "do not alternate" in assert_refused(twice, HELPSTEER)
    assert tell_text_kind([first, "What is <extra_id_1> for?"], "prompt") == PLAIN


def test_whole_conversations() -> None:
    text = "You garden. USER: Basil? ASSISTANT: Dry.</s>"
    assert (
        read_told(text, text, role="whole")
        == [[("s", "You garden."), ("u", "Basil?"), ("a", "Dry.")]] * 2
    )
    told = [f"{word} in front.\n\nUser: Basil?\n\nAssistant: Dry." for word in ("A", "B", "C")]
    assert tell_text_kind(told, "whole") == PLAIN


def test_replies_that_repeat_the_conversation() -> None:
    text = "User: Basil?\nAssistant: Dry."
    kind = tell_text_kind([text] * 5, "reply")
    assert settle_kinds(PLAIN, [kind]) == [kind]
    assert read(text, kind, "assistant") == [("u", "Basil?"), ("a", "Dry.")]
    assert tell_text_kind(["Question: Basil?\nAnswer: Dry."], "reply") == PLAIN
    assert tell_text_kind(["They said: User: Basil?\nAssistant: Dry."], "reply") == PLAIN


def test_replies_to_a_transcript_are_stripped_as_its_turns_are() -> None:
    [kind] = settle_kinds(BLANK, [PLAIN])
    assert read("  When dry.\n", kind, "assistant") == [("a", "When dry.")]
    assert read("", kind, "assistant") == [("a", "")]
    assert read("It is as Human: says.", kind, "assistant") == [("a", "It is as Human: says.")]
    assert "whose turns alternate" in assert_refused("Dry.\n\nAssistant: Dry.", kind, "assistant")
    assert "not end in the reply" in assert_refused("Dry.\n\nHuman: And mint?", kind, "assistant")


def test_one_text_of_another_kind_decides_nothing_and_is_refused() -> None:
    texts = [f"\n\nHuman: {plant}?\n\nAssistant:" for plant in ("Basil", "Mint", "Ivy", "Sage")]
    assert tell_text_kind([*texts, "How often?"], "prompt") == BLANK
    assert tell_text_kind([texts[0], "Basil?", "Mint?", "Ivy?"], "prompt") == PLAIN
    assert "unlike others of its column" in assert_refused("How often?", BLANK)
    assert "whose turns alternate" in assert_refused("Human: A\n\nHuman: B\n\nAssistant:", BLANK)


def test_what_could_be_cut_in_two_ways() -> None:
    text = "Human: Read: Assistant: Dry. Human: Mint?\n\nAssistant:"
    assert assert_refused(text, BLANK) == (
        "prompt is a transcript with the marks Human: and Assistant:, and could be cut in two ways"
    )
    about = "Human: Why does it say Assistant: here?\n\nAssistant:"
    assert read(about, BLANK) == [("u", "Why does it say Assistant: here?")]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ([json.dumps([{"role": "user", "content": "Hi."}])], TextKind("json", "messages")),
        ([json.dumps([{"from": "gpt", "value": "Hi."}])], TextKind("json", "messages")),
        (
            [json.dumps({"messages": [{"role": "user", "content": "Hi."}]})],
            TextKind("json", "messages"),
        ),
        (['["Basil?", "Mint?"]', '["Ivy?"]', '["Sage", null]'], TextKind("json", "texts")),
        ([repr([{"role": "user", "content": "It's \n 'dry'."}])], TextKind("python", "messages")),
        (["['Basil?', \"Mint's?\"]"], TextKind("python", "texts")),
        (['{"plants": ["basil"]}', '{"plants": ["mint"]}'], PLAIN),
        (["[1, 2, 3]"], PLAIN),
        (["[Basil] Which plant?", "{Mint}"], PLAIN),
        (["", "  "], PLAIN),
        ([], PLAIN),
    ],
)
def test_text_of_json_and_python(texts: list[str], kind: TextKind) -> None:
    for role in ("prompt", "reply", "whole"):
        assert tell_text_kind(texts, role) == kind


def test_lists_of_texts_are_turns_only_beside_such_a_prompt() -> None:
    texts = TextKind("json", "texts")
    assert settle_kinds(texts, [texts, texts]) == [texts, texts]
    assert settle_kinds(PLAIN, [texts]) == settle_kinds(None, [texts]) == [PLAIN]
    assert settle_prompt(texts, texts) == texts
    assert settle_prompt(texts, PLAIN) == PLAIN


def test_json_that_is_what_was_asked_or_said_is_words() -> None:
    for text in (
        '{"content": "Mint needs water.", "language": "en"}',
        '{"role": "gardener", "tools": ["spade"]}',
        '{"messages": 3}',
        "{'content': 'Mint', 'depth': 2}",
    ):
        for role in ("prompt", "reply", "whole"):
            assert tell_text_kind([text] * 5, role) == PLAIN
    assert_refused('{"content": "Mint needs water."}', TextKind("json", "messages"))
    assert_refused('{"input": "Mint?", "output": "Dry."}', TextKind("json", "messages"))


def test_what_is_long_and_no_conversation_is_words() -> None:
    for text in ("[" + "1," * 5_000 + "1]", "x" * (1 << 17)):
        for role in ("prompt", "reply", "whole"):
            assert tell_text_kind([text], role) == PLAIN


def test_long_texts_are_told_by_few() -> None:
    long = json.dumps([{"role": "user", "content": "x" * (5 << 20)}])
    assert tell_text_kind([long] * 200, "whole") == TextKind("json", "messages")


@pytest.mark.parametrize(
    "text",
    [
        "How often?",
        '[{"role": "user", "content": "Hi."}',
        '[{"role": "user", "role": "gpt", "content": "Hi."}]',
        '[{"role": "user", "content": NaN}]',
        '"Hi."',
        "7",
    ],
)
def test_text_of_a_column_of_json_that_is_none(text: str) -> None:
    assert_refused(text, TextKind("json", "messages"))


@pytest.mark.parametrize(
    "text",
    [
        "How often?",
        "__import__('os').getcwd()",
        "[{'role': 'user', 'content': 'Dry' 'Wet'}]",
        "list([{'role': 'user', 'content': 'Dry'}])",
        "[{'role': 'user', 'content': 'Dry'} 'Wet' 'Dry']",
        "[{'role': 'user', 'content': 'Dry'}][0]",
        "[{'role': 'user', 'content': 'Dry'}...]",
        "[{'role': 'user', 'role': 'gpt', 'content': 'Dry'}]",
        "[{'role': 'user', 'content': b'Dry'}]",
        "[{'role': 'user', 'content': 'a' + 'b'}]",
        "{'Dry', 'Wet'}",
        "[{'role': 'user', 'content': '\\d'}]",
    ],
)
def test_text_of_a_column_of_python_that_is_none(text: str) -> None:
    assert_refused(text, TextKind("python", "messages"))


def test_arrays_as_data_frames_write_them() -> None:
    kind = TextKind("python", "messages")
    told = [("u", "Basil?"), ("a", "Dry.")]
    items = [{"role": SPOKEN[role], "content": content} for role, content in told]
    first, second = (repr(item) for item in items)
    for text in (
        f"[{first}\n {second}]",
        f"array([{first}, {second}], dtype=object)",
        f"{{'messages': array([{first},\n       {second}], dtype=object)}}",
    ):
        assert tell_text_kind([text], "whole") == kind
        assert read(text, kind) == told


@pytest.mark.parametrize(
    "text", ['[{"role": "user", "content": "Dry"', "[{'role': user, 'content': 'Dry'}]"]
)
def test_columns_of_messages_of_which_none_can_be_read_are_no_words(text: str) -> None:
    kind = tell_text_kind([text] * 5, "whole")
    assert kind.name in ("json", "python")
    assert_refused(text, kind)


def test_lists_of_pairs_are_conversations_but_for_replies() -> None:
    for text in ('[["Basil?", "Dry."]]', '[{"input": "Basil?", "output": "Dry."}]'):
        kind = tell_text_kind([text], "prompt")
        assert read(text, kind) == [("u", "Basil?"), ("a", "Dry.")]
        assert tell_text_kind([text], "reply") == PLAIN


WORDS = st.text(alphabet="ab cé", max_size=12).map(lambda text: f"x{text}y")


@given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(sorted(MARKS)), st.booleans())
def test_any_transcript_comes_back(contents: list[str], name: str, opened: bool) -> None:
    marks = MARKS[name]
    contents = contents[: 1 if marks.once else 6]
    for gap, space in (("blank line", "\n\n"), ("line", "\n"), ("space", " "), ("none", "")):
        if gap not in marks.gaps:
            continue
        turns = [("ua"[place % 2], content) for place, content in enumerate(contents)]
        if len(turns) % 2 == 0:
            turns = turns[:-1]
        text = space.join(
            f"{marks.user if who == 'u' else marks.assistant} {content}" for who, content in turns
        )
        text += f"{space}{marks.assistant}"
        kind = tell_text_kind([text], "prompt")
        assert kind.name == "transcript"
        assert read(text, kind) == turns
        assert read(f" {contents[0]}", kind, "assistant") == [("a", contents[0])]


@given(st.text(alphabet="Hu:man As\n#", max_size=60), st.sampled_from(sorted(MARKS)))
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    text = text.replace("H", "Human:").replace("A", "Assistant:")
    for speaker in ("user", "assistant"):
        for gap in MARKS[name].gaps:
            try:
                turns = read(text, TextKind("transcript", f"{name} / {gap}"), speaker)
            except UnreadableError:
                continue
            assert all(content in text for _, content in turns)
    for role in ("prompt", "reply", "whole"):
        tell_text_kind([text, name, text + name], role)
