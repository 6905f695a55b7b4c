"""Messages of many fields are rendered as `apply_chat_template` renders them, tools and all."""

import pyarrow as pa
import pytest

from exporting.test_rich_trl import TEMPLATE
from pairsmith.tokens.render import open_chat, render_messages
from support.rich import PAIRS, rows
from support.tiny import llama_tokenizer

pytest.importorskip("transformers")


@pytest.mark.parametrize("parted", [True, False])
def test_texts_are_those_of_the_template(parted):
    tokenizer = llama_tokenizer(["Does the mint need water?"])
    tokenizer.chat_template = TEMPLATE
    batch = pa.RecordBatch.from_pylist(rows())
    with open_chat(tokenizer, "tiny") as chat:
        texts = render_messages(batch, chat, parted)
    assert not texts.refused
    assert texts.rows == list(range(len(PAIRS)))
    for number, (prompt, chosen, rejected, tools) in enumerate(PAIRS.values()):
        for side, reply in ((texts.chosen, chosen), (texts.rejected, rejected)):
            told = tokenizer.apply_chat_template(prompt + reply, tools=tools, tokenize=False)
            assert side[number].as_py() == told
        told = tokenizer.apply_chat_template(
            prompt, tools=tools, tokenize=False, add_generation_prompt=True
        )
        assert texts.prompt[number].as_py() == told
