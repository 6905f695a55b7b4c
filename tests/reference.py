"""What a kernel should do, again, row by row in plain Python; it shares nothing with it."""

import re

ROLES = {"Human": "user", "Assistant": "assistant"}
CONTROL = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>")


def turns(text):
    head, *rest = re.split(r"\n\n(Human|Assistant):", text)
    return head.strip(), [(ROLES[r], c.strip()) for r, c in zip(rest[::2], rest[1::2], strict=True)]


def alternates(roles):
    return roles == ["user" if place % 2 == 0 else "assistant" for place in range(len(roles))]


def reason(row, control=CONTROL):
    """The reason a row of pairs is refused, or None."""
    if any(not isinstance(row.get(k), str) or "\0" in row[k] for k in ("chosen", "rejected")):
        return "malformed"
    (head, chosen), (other_head, rejected) = turns(row["chosen"]), turns(row["rejected"])
    if head or other_head or not chosen or not rejected:
        return "malformed"
    if chosen[-1][0] != "assistant" or rejected[-1][0] != "assistant":
        return "no_reply"
    if chosen[:-1] != rejected[:-1]:
        return "prompt_mismatch"
    prompt = chosen[:-1]
    if not alternates([role for role, _ in prompt]) or len(prompt) % 2 == 0:
        return "bad_roles"
    if not all(content for _, content in prompt):
        return "empty_turn"
    if not chosen[-1][1] or not rejected[-1][1]:
        return "empty_reply"
    if chosen[-1] == rejected[-1]:
        return "identical"
    if any(token in content for _, content in [*chosen, rejected[-1]] for token in control):
        return "control_token"
    return None


def messages(row):
    """Prompt, chosen and rejected of a sound row as message lists."""
    chosen, rejected = turns(row["chosen"])[1], turns(row["rejected"])[1]
    parts = (chosen[:-1], chosen[-1:], rejected[-1:])
    return [[{"role": role, "content": content} for role, content in part] for part in parts]


def llama2(conversation):
    """A conversation in the Llama 2 format without the first `<s>`, by its definition."""
    conversation = [dict(message) for message in conversation]
    if conversation[0]["role"] == "system":
        system = conversation.pop(0)["content"]
        first = conversation[0]
        first["content"] = f"<<SYS>>\n{system}\n<</SYS>>\n\n{first['content']}"
    text = ""
    for message in conversation:
        if message["role"] == "user":
            text += f"<s>[INST] {message['content'].strip()} [/INST]"
        else:
            text += f" {message['content'].strip()} </s>"
    return text.removeprefix("<s>")


def texts(row, system=None):
    """Prompt, chosen and rejected of a sound row in the Llama 2 format."""
    prompt, chosen, rejected = messages(row)
    front = [{"role": "system", "content": system}] if system is not None else []
    return [llama2(front + prompt), llama2(chosen), llama2(rejected)]
