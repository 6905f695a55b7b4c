"""pairsmith templates: the list, one template, and faults."""

import json

from pairsmith.chat_templates.builtin import FAMILIES


def test_the_list_has_a_turn_of_each(run):
    code, printed, errors = run("templates")
    assert (code, errors) == (0, "")
    for name in FAMILIES:
        assert f"\n {name} " in printed
    assert '"<s>[INST] QUESTION [/INST] ANSWER </s>"' in printed
    code, printed, _ = run("templates", "--json")
    told = {template["name"]: template["turn"] for template in json.loads(printed)}
    assert told.keys() == FAMILIES.keys()
    assert told["zephyr"] == "<|user|>\nQUESTION</s>\n<|assistant|>\nANSWER</s>\n"


def test_one_template_in_all_its_parts(run):
    code, printed, _ = run("templates", "mistral", "--json")
    told = json.loads(printed)
    assert code == 0
    assert told["tokens"] == {"bos_token": "<s>", "eos_token": "</s>"}
    assert list(told["plain"]["text"].values()) == [
        "<s>[INST] ", "[/INST] ", "</s>[INST] ", "[/INST] ", "</s>",
    ]  # fmt: skip
    system = told["system"]["text"]
    assert system["behind the system text"] == "\n\n"
    assert list(system) == [
        "opens", "user → assistant", "assistant → user", "behind the system text",
        "user → assistant, last", "closes",
    ]  # fmt: skip
    assert told["plain"]["in_a_dataset"] == {"opens": "[INST] ", "closes": "</s>"}
    assert "[INST]" in told["control"]


def test_what_a_template_leaves_out_and_looks_for_is_shown(run):
    code, printed, _ = run("templates", "deepseek-r1")
    assert code == 0
    assert '"<think>\\n"' in printed
    assert "left to Jinja: </think>" in printed
    _, printed, _ = run("templates", "gemma")
    assert "with a system turn: not compiled, it refuses them: there is no system turn" in printed


def test_a_template_in_a_file_and_its_tokens(run, tmp_path):
    path = tmp_path / "mine.jinja"
    path.write_text(
        "{% for m in messages %}{{ m.role + '> ' + m.content + eos_token }}{% endfor %}"
    )
    code, _, errors = run("templates", path)
    assert code == 2
    assert "writes eos_token, which a template alone does not tell" in errors
    assert "--token eos_token='…'" in errors
    code, printed, _ = run("templates", path, "--token", "eos_token=<end>")
    assert code == 0
    assert "eos_token  <end>" in printed
    assert "control text: <end>" in printed


def test_a_terminal_is_not_steered(run, tmp_path):
    path = tmp_path / "mine.jinja"
    path.write_text("\x1b[2J{% for m in messages %}{{ m.role + m.content }}{% endfor %}")
    code, printed, _ = run("templates", path)
    assert code == 0
    assert "\x1b" not in printed
