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


def _turns(system, contents, marks, end=""):
    """Contents between the marks of their roles, user first, and a generation prompt if asked."""
    turns = [("system", system)] if system else []
    turns += [(("user", "assistant")[n % 2], text) for n, text in enumerate(contents)]
    text = "".join(marks[role][0] + content + marks[role][1] for role, content in turns)
    asked = len(contents) % 2 == 1
    return text + (marks["assistant"][0] if asked else end)


def chatml(system, contents):
    marks = {r: (f"<|im_start|>{r}\n", "<|im_end|>\n") for r in ("system", "user", "assistant")}
    return _turns(system, contents, marks)


def zephyr(system, contents):
    return _turns(
        system,
        contents,
        {role: (f"<|{role}|>\n", "</s>\n") for role in ("system", "user", "assistant")},
    )


def deepseek_v3(system, contents):
    marks = {
        "system": ("", ""),
        "user": ("<｜User｜>", ""),
        "assistant": ("<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
    }
    return "<｜begin▁of▁sentence｜>" + _turns(system, contents, marks)


def vicuna(system, contents):
    system = system or (
        "A chat between a curious user and an artificial intelligence assistant. The assistant "
        "gives helpful, detailed, and polite answers to the user's questions."
    )
    text = system + " "
    for n, content in enumerate(contents):
        text += f"USER: {content} " if n % 2 == 0 else f"ASSISTANT: {content}</s>"
    return text + ("ASSISTANT:" if len(contents) % 2 else "")


def mistral(system, contents):
    contents = list(contents)
    if system:
        contents[(len(contents) - 1) // 2 * 2] = (
            f"{system}\n\n" + contents[(len(contents) - 1) // 2 * 2]
        )
    marks = {"user": ("[INST] ", "[/INST]"), "assistant": (" ", "</s>")}
    text = "<s>"
    for n, content in enumerate(contents):
        before, behind = marks["assistant" if n % 2 else "user"]
        text += before + content + behind
    return text


def llama2_whole(system, contents):
    front = [{"role": "system", "content": system}] if system else []
    turns = [
        {"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(contents)
    ]
    return "<s>" + llama2(front + turns)


FORMATS = {
    "chatml": chatml,
    "deepseek-v3": deepseek_v3,
    "llama2": llama2_whole,
    "mistral": mistral,
    "vicuna": vicuna,
    "zephyr": zephyr,
}
