"""The built-in templates: what a `.jinja` file beside this one does not tell.

Each is written from the format's public definition, named as `source`. Control strings are what
a tokenizer of the family reads from text as ids, and what the format itself is made of.
"""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

from pairsmith.schema.templates import Template


class Family(NamedTuple):
    """A model family's format.

    Attributes:
        model: A model that it belongs to.
        source: Where the format is defined.
        bos, eos: The tokens that open and end a sequence; empty where there is none.
        control: Strings that a content must not hold, besides those two.
        reasoning: What stands around reasoning, which a content may hold.
    """

    model: str
    source: str
    bos: str
    eos: str
    control: tuple[str, ...]
    reasoning: tuple[str, ...] = ()


_LLAMA3 = ("<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>")
_QWEN = ("<|im_start|>", "<|endoftext|>", "<tool_call>", "</tool_call>")
_GEMMA = ("<start_of_turn>", "<end_of_turn>", "<pad>", "<unk>")
_DEEPSEEK = ("<｜User｜>", "<｜Assistant｜>", "<｜▁pad▁｜>", "<｜tool▁calls▁begin｜>")
_THINK = ("<think>", "</think>")
_BEGIN, _END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
_HUB = "https://huggingface.co"

FAMILIES = {
    "chatml": Family(
        "any model that was trained on ChatML",
        "https://github.com/openai/openai-python/blob/release-v0.28.0/chatml.md",
        "",
        "<|im_end|>",
        ("<|im_start|>",),
    ),
    "cohere": Family(
        "CohereLabs/aya-expanse-8b",
        "https://docs.cohere.com/docs/command-r-hf",
        "<BOS_TOKEN>",
        "<|END_OF_TURN_TOKEN|>",
        (
            "<|START_OF_TURN_TOKEN|>",
            "<|USER_TOKEN|>",
            "<|CHATBOT_TOKEN|>",
            "<|SYSTEM_TOKEN|>",
            "<EOS_TOKEN>",
        ),
    ),
    "deepseek-r1": Family(
        "deepseek-ai/DeepSeek-R1",
        f"{_HUB}/deepseek-ai/DeepSeek-R1",
        _BEGIN,
        _END,
        _DEEPSEEK,
        _THINK,
    ),
    "deepseek-v3": Family(
        "deepseek-ai/DeepSeek-V3", f"{_HUB}/deepseek-ai/DeepSeek-V3", _BEGIN, _END, _DEEPSEEK
    ),
    "gemma": Family(
        "google/gemma-2-9b-it",
        "https://ai.google.dev/gemma/docs/core/prompt-structure",
        "<bos>",
        "<eos>",
        _GEMMA,
    ),
    "gemma3": Family(
        "google/gemma-3-4b-it",
        "https://ai.google.dev/gemma/docs/core/prompt-structure",
        "<bos>",
        "<eos>",
        (*_GEMMA, "<start_of_image>", "<end_of_image>"),
    ),
    "llama2": Family(
        "meta-llama/Llama-2-7b-chat-hf",
        "https://arxiv.org/abs/2307.09288 and the reference implementation's chat_completion",
        "<s>",
        "</s>",
        ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
    ),
    "llama3": Family(
        "meta-llama/Meta-Llama-3-8B-Instruct",
        "https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/",
        "<|begin_of_text|>",
        "<|eot_id|>",
        _LLAMA3,
    ),
    "mistral": Family(
        "mistralai/Mistral-7B-Instruct-v0.3",
        "https://github.com/mistralai/cookbook/blob/main/concept-deep-dive/tokenization",
        "<s>",
        "</s>",
        (
            "[INST]",
            "[/INST]",
            "[TOOL_CALLS]",
            "[AVAILABLE_TOOLS]",
            "[/AVAILABLE_TOOLS]",
            "[TOOL_RESULTS]",
            "[/TOOL_RESULTS]",
        ),
    ),
    "phi3": Family(
        "microsoft/Phi-3-mini-4k-instruct",
        f"{_HUB}/microsoft/Phi-3-mini-4k-instruct",
        "<s>",
        "<|endoftext|>",
        ("<|user|>", "<|assistant|>", "<|system|>", "<|end|>"),
    ),
    "qwen2.5": Family(
        "Qwen/Qwen2.5-7B-Instruct",
        "https://qwen.readthedocs.io/en/v2.5/",
        "",
        "<|im_end|>",
        _QWEN,
    ),
    "qwen3": Family(
        "Qwen/Qwen3-8B",
        "https://qwen.readthedocs.io/en/latest/",
        "",
        "<|im_end|>",
        (*_QWEN, "<tool_response>", "</tool_response>"),
        _THINK,
    ),
    "vicuna": Family(
        "lmsys/vicuna-7b-v1.5",
        "https://github.com/lm-sys/FastChat/blob/main/docs/vicuna_weights_version.md",
        "<s>",
        "</s>",
        ("USER:", "ASSISTANT:"),
    ),
    "zephyr": Family(
        "HuggingFaceH4/zephyr-7b-beta",
        f"{_HUB}/HuggingFaceH4/zephyr-7b-beta",
        "<s>",
        "</s>",
        ("<|user|>", "<|assistant|>", "<|system|>"),
    ),
}


def built_in(name: str) -> Template:
    """The built-in template of this name, which must be one of `FAMILIES`."""
    family = FAMILIES[name]
    source = (resources.files(__name__) / f"{name}.jinja").read_text(encoding="utf-8")
    tokens = {"bos_token": family.bos, "eos_token": family.eos}
    return Template(
        name=name,
        source=source,
        tokens=tuple((token, text) for token, text in tokens.items() if text),
        control=tuple(text for text in (*family.control, family.bos, family.eos) if text),
    )


def is_built_in(template: Template) -> bool:
    """Whether this is a built-in template, by its name and its source."""
    return template.name in FAMILIES and template.source == built_in(template.name).source
