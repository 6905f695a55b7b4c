r"""The Llama 2 chat format, compiled by hand from Meta's published definition.

``<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nu1 [/INST] a1 </s><s>[INST] u2 [/INST]``

Source: *Llama 2: Open Foundation and Fine-Tuned Chat Models* (arXiv 2307.09288) and the
reference implementation's `chat_completion`. That one refuses contents with the four bracket
strings; the two sequence tokens are added here because tokenizers read them from text as ids.
"""

from __future__ import annotations

from pairsmith.schema import Template, Wrap

LLAMA2 = Template(
    name="llama2",
    bos="<s>",
    eos="</s>",
    user=Wrap("<s>[INST] ", " [/INST]"),
    assistant=Wrap(" ", " </s>"),
    system=Wrap("<<SYS>>\n", "\n<</SYS>>\n\n"),
    control=("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>"),
)
