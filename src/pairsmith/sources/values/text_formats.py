"""The marks of chat templates' formats, as their makers publish them, and as TRL ships them."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

ANY = frozenset({"user", "assistant", "system", "tool"})
_USER = frozenset({"user"})
_ASSISTANT = frozenset({"assistant"})
_EOS = r"</s>|<\|endoftext\|>|<\|end_of_text\|>"
BEGINS_OR_ENDS = (
    rf"<s>|<bos>|<eos>|{_EOS}|<\|begin_of_text\|>|<\|startoftext\|>|<BOS_TOKEN>|<EOS_TOKEN>"
)
"""What tokenizers of any make set before and behind a text."""
_NAMED = r"<\|(?P<role>system|user|assistant)\|>"


class Format(NamedTuple):
    """One format: what begins turns and what ends them.

    Attributes:
        name: Its name.
        opens: A pattern of what begins a turn; its group `role` tells whose.
        closes: A pattern of what ends one.
        pad: What follows the mark that begins a turn, and belongs to it.
        outside: A pattern of what may stand before the first turn, or between two, besides
            `BEGINS_OR_ENDS`.
        foreign: A pattern of control text that is no part of a content: what holds it is not read.
        roles: Of names that `sources.values.roles` has not.
        closed: The roles whose turns `closes` ends.
        next_closes: The roles whose turns end where the next begins.
        lead: Whether a bare text in front of the first turn is the system's.
        strips: Whether contents are stripped, as the format's template does.
        readable: Whether its texts are taken apart.
    """

    name: str
    opens: str
    closes: str
    pad: str = ""
    outside: str = r"(?!)"
    foreign: str = r"(?!)"
    roles: tuple[tuple[str, str], ...] = ()
    closed: frozenset[str] = ANY
    next_closes: frozenset[str] = frozenset()
    lead: bool = False
    strips: bool = False
    readable: bool = True

    @property
    def marks(self) -> re.Pattern[str]:
        """All of its marks, in one pattern with the groups `open`, `close` and `outside`."""
        return re.compile(
            f"(?P<open>{self.opens})|(?P<close>{self.closes})"
            f"|(?P<outside>{self.outside}|{BEGINS_OR_ENDS})"
        )


_ALL = (
    Format(
        "chatml",
        r"<\|im_start\|>(?P<role>\w{1,30})(?=\s|\Z)",
        r"<\|im_end\|>",
        pad="\n",
        foreign=r"<\|(?:im_\w+|endoftext|vision_\w+|\w+_pad)\|>",
    ),
    Format(
        "phi-4",
        r"<\|im_start\|>(?P<role>\w{1,30})<\|im_sep\|>",
        r"<\|im_end\|>",
        foreign=r"<\|(?:im_\w+|endoftext)\|>",
    ),
    Format(
        "llama-3",
        r"<\|start_header_id\|>(?P<role>\w{1,30})<\|end_header_id\|>",
        r"<\|eot_id\|>|<\|eom_id\|>",
        pad="\n\n",
        foreign=r"<\|(?:\w+_header_id|begin_of_text|python_tag|image)\|>",
        strips=True,
    ),
    Format(
        "llama-4",
        r"<\|header_start\|>(?P<role>\w{1,30})<\|header_end\|>",
        r"<\|eot\|>|<\|eom\|>",
        pad="\n\n",
        foreign=r"<\|(?:header_\w+|begin_of_text|python_\w+|image\w*)\|>",
        strips=True,
    ),
    Format(
        "gemma",
        r"<start_of_turn>(?P<role>\w{1,30})(?=\s|\Z)",
        r"<end_of_turn>",
        pad="\n",
        foreign=r"<(?:start_of_turn|bos|eos|start_of_image)>",
        strips=True,
    ),
    Format(
        "gemma-4",
        r"<\|turn>(?P<role>\w{1,30})(?=\s|\Z)",
        r"<turn\|>",
        pad="\n",
        foreign=r"<\|[\w\"]+>|<[\w\"]+\|>|<bos>|<eos>",
        strips=True,
    ),
    Format(
        "granite",
        r"<\|start_of_role\|>(?P<role>\w{1,30})<\|end_of_role\|>",
        r"<\|end_of_text\|>",
        foreign=r"<\|(?:\w+_of_role|tool_call)\|>",
    ),
    Format(
        "cohere",
        r"<\|START_OF_TURN_TOKEN\|><\|(?P<role>USER|CHATBOT|SYSTEM)_TOKEN\|>",
        r"<\|END_OF_TURN_TOKEN\|>",
        foreign=r"<\|[A-Z_]+\|>",
        strips=True,
    ),
    Format(
        "deepseek",
        r"(?P<role><｜User｜>|<｜Assistant｜>)",
        r"<｜end▁of▁sentence｜>",
        outside=r"<｜begin▁of▁sentence｜>",
        foreign=r"<｜[^｜<>]{1,60}｜>",
        roles=(("<｜User｜>", "user"), ("<｜Assistant｜>", "assistant")),
        closed=_ASSISTANT,
        next_closes=_USER,
        lead=True,
    ),
    Format(
        "llama-2",
        r"(?P<role>\[INST\]|\[/INST\]|\[SYSTEM_PROMPT\])",
        r"</s>|\[/SYSTEM_PROMPT\]",
        foreign=r"\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT|IMG)\]|<</?SYS>>",
        roles=(("[INST]", "user"), ("[/INST]", "assistant"), ("[SYSTEM_PROMPT]", "system")),
        closed=frozenset({"assistant", "system"}),
        next_closes=frozenset({"user", "assistant"}),
        strips=True,
    ),
    Format(
        "openchat",
        r"(?P<role>GPT4 (?:Correct )?(?:User|Assistant)):",
        r"<\|end_of_turn\|>",
        pad=" ",
        foreign=r"<\|end_of_turn\|>",
        roles=(
            *(("GPT4 Correct User", "user"), ("GPT4 Correct Assistant", "assistant")),
            *(("GPT4 User", "user"), ("GPT4 Assistant", "assistant")),
        ),
    ),
    Format(
        "phi-3",
        _NAMED,
        r"<\|end\|>",
        pad="\n",
        foreign=r"<\|(?:end|endoftext|user|assistant|system|im_\w+)\|>",
    ),
    Format(
        "phi-4-mini",
        _NAMED,
        r"<\|end\|>",
        foreign=r"<\|(?:end|endoftext|user|assistant|system|tool\w*|im_\w+)\|>",
    ),
    Format(
        "zephyr",
        _NAMED,
        r"</s>|<\|endoftext\|>",
        pad="\n",
        foreign=r"<\|(?:end|endoftext|user|assistant|system)\|>",
    ),
    Format(
        "openassistant",
        r"<\|(?P<role>prompter|assistant|system)\|>",
        rf"{_EOS}",
        foreign=r"<\|(?:prompter|assistant|system|endoftext)\|>",
    ),
    Format(
        "tulu",
        _NAMED,
        _EOS,
        pad="\n",
        foreign=r"<\|(?:end|endoftext|user|assistant|system)\|>",
        closed=_ASSISTANT,
        next_closes=ANY,
    ),
    Format(
        "glm",
        r"<\|(?P<role>system|user|assistant|observation)\|>",
        r"(?!)",
        pad="\n",
        outside=r"\[gMASK\]\s?<sop>",
        foreign=r"<\|(?:system|user|assistant|observation)\|>|<sop>",
        next_closes=ANY,
    ),
    Format(
        "exaone",
        r"\[\|(?P<role>system|user|assistant)\|\]",
        r"\[\|endofturn\|\]",
        foreign=r"\[\|\w+\|\]",
        next_closes=_USER,
        strips=True,
    ),
    Format("harmony", r"<\|start\|>(?P<role>\w{1,30})", r"<\|end\|>|<\|return\|>", readable=False),
)
FORMATS: dict[str, Format] = {format.name: format for format in _ALL}
"""The formats, those that say more of a text before those that say less."""


class Patterns(NamedTuple):
    """The patterns of a format, which take longer to get ready than to be used.

    Attributes:
        opens: What opens a turn.
        starts: What a text begins with.
        marks: All marks.
        foreign: What no content holds.
    """

    opens: re.Pattern[str]
    starts: re.Pattern[str]
    marks: re.Pattern[str]
    foreign: re.Pattern[str]


@functools.cache
def patterns_of(name: str) -> Patterns:
    """The patterns of a format, by its name."""
    format = FORMATS[name]
    starts = rf"\s*(?:(?:{format.outside}|{BEGINS_OR_ENDS})\s*)*(?:{format.opens})"
    return Patterns(
        re.compile(format.opens), re.compile(starts), format.marks, re.compile(format.foreign)
    )
