"""Llama 2 text byte for byte as transformers renders it from a Jinja template."""

import pytest

import reference
from pairsmith import PairsmithError, templates
from pairsmith.kernel.pair import pair_kernel
from pairsmith.kernel.recipe import make_recipe
from tiny import TEMPLATE
from transcripts import pair_batch

SYSTEM = "  You are careful.\n\nAnd brief. "


def render(conversation):
    """The conversation by transformers' own renderer, less the `<s>` that a tokenizer adds."""
    pytest.importorskip("transformers")
    from transformers.utils.chat_template_utils import render_jinja_template

    rendered, _ = render_jinja_template(
        [conversation], chat_template=TEMPLATE, bos_token="<s>", eos_token="</s>"
    )
    return rendered[0].removeprefix("<s>")


@pytest.mark.parametrize("system", [None, SYSTEM], ids=["plain", "system"])
def test_every_real_row_is_what_transformers_renders(real_rows, system):
    recipe = make_recipe("llama2", system=system)
    out = pair_kernel(recipe, templates.find("llama2"))(pair_batch(real_rows)).to_pylist()
    front = [{"role": "system", "content": system}] if system else []
    kept = 0
    for row, made in zip(real_rows, out, strict=True):
        if made["reason"] is not None:
            continue
        kept += 1
        prompt, chosen, rejected = reference.messages(row)
        assert made["prompt"] == render(front + prompt)
        for name, reply in (("chosen", chosen), ("rejected", rejected)):
            assert made["prompt"] + made[name] == render(front + prompt + reply)
    assert kept == 2299


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(PairsmithError, match="no template called 'llama7'") as caught:
        templates.find("llama7")
    assert "llama2" in caught.value.hint
