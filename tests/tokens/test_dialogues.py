"""Dialogues as ids up to each reply: which, whether they begin alike, and what is left out."""

import numpy as np
import pyarrow as pa
import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import entries_of, kept_batches
from pairsmith.schema.rows import MESSAGES
from pairsmith.tokens.dialogues import (
    NO_REPLY,
    REFUSED,
    UNKNOWN_TURNS,
    DialogueEncoder,
    open_dialogues,
)
from pairsmith.tokens.render import open_chat
from support.models.by_hand import ids_of_messages
from support.tiny import chat_template, llama_tokenizer

pytest.importorskip("transformers")


def user(text):
    return {"role": "user", "content": text}


def reply(text):
    return {"role": "assistant", "content": text}


TALK = [user("Tea?"), reply("Yes."), user("With milk?"), reply("No, thank you.")]
LAST = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if loop.last %}!{% endif %}{% endfor %}"
)
PICKY = (
    "{% for m in messages %}{% if 'mint' in m.content %}{{ raise_exception('no mint') }}{% endif %}"
    "<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
)


def encode(dialogues, template):
    tokenizer = llama_tokenizer(["Tea with milk?"])
    tokenizer.chat_template = template
    stored = pa.RecordBatch.from_pydict({"messages": pa.array(dialogues, MESSAGES)})
    with open_chat(tokenizer, "tiny") as chat:
        return tokenizer, DialogueEncoder(tokenizer, chat, as_text=False).encode(stored)


def test_a_dialogue_is_encoded_up_to_each_reply():
    tokenizer, held = encode([TALK, TALK[:2], [*TALK, user("Sugar?")]], chat_template())
    assert held.rows == [0, 1, 2]
    assert held.owners.tolist() == [0, 0, 1, 2, 2]
    for number, end in enumerate([2, 4, 2, 2, 4]):
        assert held.prefixes.row(number) == ids_of_messages(tokenizer, TALK[:end])
    assert held.stable.tolist() == [True, True, True]


def test_a_template_that_closes_the_last_turn_is_not_stable():
    _, held = encode([TALK, TALK[:2]], LAST)
    assert held.stable.tolist() == [False, True]


def test_dialogues_without_a_reply_and_refused_ones_are_left_out():
    silent, refused = [user("Tea?")], [user("Tea?"), reply("mint"), user("More?"), reply("Yes.")]
    _, held = encode([silent, TALK, refused, TALK[:2]], PICKY)
    assert held.rows == [1, 3]
    assert held.left_out == {0: NO_REPLY, 2: REFUSED}
    assert held.owners.tolist() == [0, 0, 1]


def dialogues_of(out, tokenizer):
    built = read_manifest(out)
    [entry] = entries_of(built, "red-team-attempts")
    [stored] = kept_batches(out, built, entry, 512)
    return built, stored


def test_a_text_that_is_not_its_transcript_is_left_out(sample_text):
    tokenizer = llama_tokenizer(["Tea with milk?"])
    built, stored = dialogues_of(sample_text, tokenizer)
    texts = stored["text"].to_pylist()
    texts[1] = texts[1].replace("[INST]", "[inst]")
    changed = stored.set_column(stored.schema.names.index("text"), "text", pa.array(texts))
    with open_dialogues(built.recipe, tokenizer, "tiny") as encoder:
        whole, held = encoder.encode(stored), encoder.encode(changed)
        bare = encoder.encode(stored.drop_columns(["transcript"]))
    assert whole.left_out == {}
    assert held.left_out == {1: UNKNOWN_TURNS}
    assert held.rows == [0, *range(2, len(stored))]
    assert {*bare.left_out.values()} == {UNKNOWN_TURNS}
    assert bare.rows == []


def test_turns_that_a_policy_joined_are_found(tmp_path):
    import json

    said = (
        "\n\nHuman: Tea?\n\nHuman: With milk?\n\nAssistant: Yes.\n\nHuman: Sugar?\n\nAssistant: No."
    )
    place = tmp_path / "in" / "red-team-attempts"
    place.mkdir(parents=True)
    (place / "red_team_attempts.jsonl").write_text(json.dumps([{"transcript": said}]))
    out = tmp_path / "out"
    pairsmith.build(tmp_path / "in", out, template="llama2", policies={"bad_roles": "merge"})
    tokenizer = llama_tokenizer(["Tea with milk?"])
    built, stored = dialogues_of(out, tokenizer)
    with open_dialogues(built.recipe, tokenizer, "tiny") as encoder:
        held = encoder.encode(stored)
    assert held.left_out == {}
    assert np.bincount(held.owners).tolist() == [2]
    text = tokenizer.decode(held.prefixes.row(1)).removeprefix("<s>").strip()
    assert text == stored["text"][0].as_py().strip()
