"""Before the first step, the ids are those that TRL itself and a preview make of the same rows."""

import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import TokenizerError
from pairsmith.schema.rows import Form
from pairsmith.tokens.preview import open_writer
from pairsmith.training.reward.proof import prove_ids
from pairsmith.training.rows import RowWriter, Wanted
from support.slow import quick
from support.tiny import ADDED, llama_tokenizer

pytest.importorskip("trl")

# datasets warns of what it forks, and of its own pickles
pytestmark = pytest.mark.filterwarnings("default")


def sampled(out, path, tokenizer):
    built = read_manifest(out)
    with open_writer(built, tokenizer, "a test's") as chat:
        return RowWriter(path, tokenizer, chat, Wanted(frozenset(), 4096)).write(out, built).sample


@pytest.mark.parametrize("form", ["text", "messages"])
@pytest.mark.parametrize("added", quick(ADDED, "bos"))
def test_they_are_equal(small, tmp_path, added, form):
    tokenizer = llama_tokenizer(["How long does tea steep?"], added)
    sample = sampled(getattr(small, form), tmp_path / "rows", tokenizer)
    assert prove_ids(sample, tokenizer, Form(form)) == len(sample) > 1


def test_messages_with_tools_and_reasoning(tmp_path):
    call = {"type": "function", "function": {"name": "steep", "arguments": {"minutes": 3}}}
    rows = [
        {
            "prompt": [{"role": "user", "content": f"Tea {n}?"}],
            "chosen": [{"role": "assistant", "content": "", "tool_calls": [call]}] if n % 2
            else [{"role": "assistant", "content": "Soon.", "reasoning_content": "Boil."}],
            "rejected": [{"role": "assistant", "content": "No."}],
        }
        for n in range(4)
    ]  # fmt: skip
    pairsmith.build({"train": rows}, tmp_path / "out", messages="full")
    tokenizer = llama_tokenizer(["Tea? Soon. No. steep minutes"])
    tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.reasoning_content or '' }}|{{ m.content }}"
        "{% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments|tojson }}"
        "{% endfor %}</s>{% endfor %}"
    )
    sample = sampled(tmp_path / "out", tmp_path / "rows", tokenizer)
    assert prove_ids(sample, tokenizer, Form.MESSAGES) == len(sample) > 1


@pytest.mark.parametrize("form", quick(["text", "messages"]))
def test_a_difference_ends_it_with_the_row(small, tmp_path, form):
    tokenizer = llama_tokenizer(["How long does tea steep?"])
    sample = sampled(getattr(small, form), tmp_path / "rows", tokenizer)
    other = llama_tokenizer(["How long does tea steep?"], "eos")
    other.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(TokenizerError, match=rf"^{sample[0].id} would be trained on with other"):
        prove_ids(sample, other, Form(form))
