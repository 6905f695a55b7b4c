"""A template from a tokenizer's files: its source, its tokens, its control text, and a BOS."""

import json

import pytest

import pairsmith
from pairsmith import PairsmithError
from pairsmith.chat_templates import resolve as finding
from pairsmith.chat_templates.prepare import prepare
from support.formats import prepared
from support.slow import quick
from support.tiny import llama_tokenizer


def find(name, tokens=None):
    return finding.locate_template(name, tokens).template


CHAT = (
    "{{ bos_token }}{% for m in messages %}{{ m.role + ': ' + m.content + eos_token }}{% endfor %}"
)


@pytest.fixture
def folder(tmp_path):
    """Writes a tokenizer's files."""

    def write(jinja=None, special=None, tokenizer=None, **config):
        made = tmp_path / "tokenizer"
        made.mkdir()
        (made / "tokenizer_config.json").write_text(json.dumps(config))
        for name, held in (("special_tokens_map", special), ("tokenizer", tokenizer)):
            if held is not None:
                (made / f"{name}.json").write_text(json.dumps(held))
        if jinja is not None:
            (made / "chat_template.jinja").write_text(jinja)
        return made

    return write


def test_tokens_are_texts_or_objects(folder):
    made = folder(
        chat_template=CHAT, bos_token="<a>", eos_token={"content": "<z>", "lstrip": False}
    )
    found = find(str(made))
    assert found.tokens == (("bos_token", "<a>"), ("eos_token", "<z>"))
    assert found.control == ("<a>", "<z>")
    assert found.name == "tokenizer"
    assert find(str(made / "tokenizer_config.json")).source == CHAT


def test_older_files_hold_tokens_elsewhere(folder):
    made = folder(chat_template=CHAT, special={"bos_token": "<a>", "eos_token": "<z>"})
    assert find(str(made)).eos == "<z>"


def test_of_several_templates_the_default_one(folder):
    several = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": CHAT}]
    assert find(str(folder(chat_template=several))).source == CHAT


def test_the_file_goes_before_the_configuration(folder):
    made = folder(jinja=CHAT, chat_template="x", bos_token="<a>")
    assert find(str(made)).source == CHAT
    beside = find(str(made / "chat_template.jinja"))
    assert (beside.source, beside.bos) == (CHAT, "<a>")


@pytest.mark.parametrize(
    ("config", "tokenizer", "adds"),
    [
        ({}, None, True),
        ({"add_bos_token": True}, None, True),
        ({"add_bos_token": True}, {"post_processor": None}, False),
        ({}, {"post_processor": {"type": "RobertaProcessing", "cls": ["<a>", 0]}}, True),
        ({}, {"post_processor": {"type": "Sequence", "processors": None}}, False),
        ({"add_bos_token": False}, None, False),
        ({}, {"post_processor": None}, False),
        (
            {},
            {
                "post_processor": {
                    "type": "TemplateProcessing",
                    "single": [
                        {"SpecialToken": {"id": "<a>", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}},
                    ],
                }
            },
            True,
        ),
        (
            {"add_bos_token": True},
            {
                "post_processor": {
                    "type": "Sequence",
                    "processors": [
                        {"type": "ByteLevel"},
                        {"single": [{"Sequence": {"id": "A", "type_id": 0}}]},
                    ],
                }
            },
            False,
        ),
    ],
)
def test_whether_the_tokenizer_adds_a_bos(folder, config, tokenizer, adds):
    made = folder(chat_template=CHAT, bos_token="<a>", tokenizer=tokenizer, **config)
    assert find(str(made)).adds_bos is adds


@pytest.mark.parametrize("adds", quick([True, False]))
def test_text_and_messages_make_the_same_ids(tmp_path, adds):
    """With a real tokenizer, whether or not it adds the BOS: one BOS in either form."""
    tokenizer = llama_tokenizer(["hello there, how are you?"], "bos" if adds else "none")
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    pairsmith.build("sample", tmp_path / "out", template=str(tmp_path / "tokenizer"))
    import pyarrow.parquet as pq

    [shard] = (tmp_path / "out" / "helpful-base").glob("test*")
    for row in pq.read_table(shard).to_pylist():
        ids = tokenizer(row["prompt"])["input_ids"]
        assert ids[0] == tokenizer.bos_token_id
        assert ids[1] != tokenizer.bos_token_id


def test_control_text_is_what_a_tokenizer_reads_as_ids(folder):
    entries = {
        "0": {"content": "<a>", "special": True},
        "1": {"content": "<|pad|>", "special": True},
        "2": {"content": "<tool>", "special": False},
        "3": {"content": "assistant", "special": False},
        "4": {"content": "plain", "special": False},
    }
    chat = "{% for m in messages %}{{ '<tool>' + m.role + ': ' + m.content }}{% endfor %}"
    made = folder(chat_template=chat, added_tokens_decoder=entries, eos_token="<z>")
    control = find(str(made)).control
    assert set(control) == {"<z>", "<a>", "<|pad|>", "<tool>"}
    with prepare(str(made)) as ready:
        assert ready.compiled.template.control == control


def test_marks_that_a_template_writes_are_control_text(tmp_path):
    path = tmp_path / "mine.jinja"
    path.write_text(
        "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<end>' }}{% endfor %}"
        "{% if tools %}[TOOLS]<table>{% endif %}"
    )
    control = prepared(path).compiled.template.control
    assert set(control) == {"<|user|>", "<|assistant|>", "<|system|>", "<end>", "[TOOLS]"}


def test_escaped_control_text_is_kept_and_noted(tmp_path):
    built = pairsmith.build(
        "sample", tmp_path / "out", template="llama2", policies={"control_token": "escape"}
    )
    assert "control_token" not in built.totals.quarantined
    assert built.totals.noted["control_token"] == 2
    assert pairsmith.check(tmp_path / "out") == []


def test_a_token_that_is_given_goes_before_one_that_is_found(folder):
    made = folder(chat_template=CHAT, bos_token="<a>", eos_token="<z>")
    assert find(str(made), {"eos_token": "<end>"}).eos == "<end>"


@pytest.mark.parametrize("config", [{}, {"chat_template": 5}, {"chat_template": [{"name": "x"}]}])
def test_a_tokenizer_without_a_template(folder, config):
    with pytest.raises(PairsmithError, match="tokenizer has no chat template"):
        find(str(folder(**config)))
