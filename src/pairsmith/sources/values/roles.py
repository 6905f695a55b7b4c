"""Who speaks, under the names that data sets have for it.

OpenAI: `user`, `assistant`, `system`, `developer`, `tool`, formerly `function`. ShareGPT:
`human`, `gpt`, also `chatgpt`, `bing`, `bard`, `bot`, `chatbot`. LLaMA-Factory, ms-swift and
Hermes: `observation`, `function_call`, `tool_call`, `tool_response`. OpenAssistant: `prompter`.
Gemma and Gemini: `model`, `function_response`. Llama 3.1: `ipython`.
"""

from __future__ import annotations

from typing import Any

from pairsmith.sources.values.literals import malformed

CALLS = "calls"
"""The role of a turn of the assistant whose content is a call in JSON."""

ROLES = {
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "model", "bot", "chatbot", "ai"), "assistant"),
    **dict.fromkeys(("chatgpt", "bing", "bard"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "observation", "ipython", "function"), "tool"),
    **dict.fromkeys(("tool_response", "tool_result", "function_response"), "tool"),
    **dict.fromkeys(("function_call", "tool_call"), CALLS),
}
_LONGEST = 40


def read_role(name: Any, what: str) -> str:
    """The role that a name means: user, assistant, system, tool, or `CALLS`.

    Raises:
        UnreadableError: `malformed`: it is no text, or a name that is not known.
    """
    if name is None:
        raise malformed(f"{what} has no role")
    if not isinstance(name, str):
        raise malformed(f"the role of {what} is not text")
    role = ROLES.get(name.strip().lower())
    if role is None:
        # a name, not a text: short, and of letters
        shown = name.strip()
        named = shown.isascii() and shown.replace("_", "").replace("-", "").isalnum()
        raise malformed(
            f"{what} has the role {shown}, which is not known"
            if named and len(shown) <= _LONGEST
            else f"{what} has a role that is not known"
        )
    return role
