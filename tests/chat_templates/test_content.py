"""Templates that treat some contents otherwise: what comes out is what Jinja gives, row for row."""

import json

import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith import PairsmithError

BEGIN = "{% for m in messages %}{% set c = m.content %}"
END = (
    "{{ '<|' + m.role + '|>' + c + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
ODD = [
    "plain words", "<a>both</b>", "<a>one", "one</b>", "/NO_THINK please", "{\"a\": 1}", "it’s",
    "a\u00a0b", "\"quoted\"", "wait...", "\u3000first", "x\x0b", "\x85y\x85", "  ", "x</s>", "</s>",
    "<s>", "12 eggs", "use REASONING strength low",
]  # fmt: skip
CASES = {
    "two ends": "{% if c.startswith('<a>') and c.endswith('</b>') %}{% set c = 'T' %}{% endif %}",
    "two inside": "{% if '<a>' in c and '</b>' in c %}{% set c = c.split('</b>')[-1] %}{% endif %}",
    "any case": "{% if '/no_think' in c.lower() %}{% set c = 'quiet' %}{% endif %}",
    "upper": "{% if 'reasoning strength' in (c | lower) %}{% set c = 'R' %}{% endif %}",
    "one character": "{% if c.startswith('{') %}{% set c = 'json' %}{% endif %}",
    "apostrophe": "{% set c = c | replace('’', \"'\") %}",
    "no-break space": "{% set c = c | replace('\u00a0', ' ') %}",
    "strip characters": "{% set c = c.strip('\"') %}",
    "strip points": "{% set c = c.rstrip('.!?') %}",
    "strip some space": "{% set c = c.strip(' \\n\\t\\r') %}",
    "blank": "{% set c = c if c.strip() else '' %}",
    "the token": "{% set c = c | replace(eos_token, '') %}",
    "digits": "{% set c = 'number' if c[:1].isdigit() else c %}",
    "as it is": "",
}


def rows():
    """Every odd content in the prompt, in a reply, and in a system turn, behind plain ones."""
    held = []
    for odd in ODD:
        for place in range(4):
            said = ["Be kind", "hello", "fine", "bad"]
            said[place] = odd
            front = [{"role": "system", "content": said[0]}] if place == 0 else []
            prompt = [*front, {"role": "user", "content": said[1]}]
            sides = {name: [{"role": "assistant", "content": t}] for name, t in
                     (("chosen", said[2]), ("rejected", said[3]))}  # fmt: skip
            held.append({"prompt": prompt, **sides})
    plain = {"prompt": [{"role": "user", "content": "q"}]} | {
        name: [{"role": "assistant", "content": name * 3}] for name in ("chosen", "rejected")
    }
    return [plain] * 50 + held


@pytest.mark.parametrize("name", CASES)
def test_what_comes_out_is_what_jinja_gives(name, tmp_path):
    from transformers.utils.chat_template_utils import render_jinja_template

    source = BEGIN + CASES[name] + END
    path, data = tmp_path / "odd.jinja", tmp_path / "data.jsonl"
    path.write_text(source, encoding="utf-8")
    data.write_text("".join(json.dumps(row) + "\n" for row in rows()), encoding="utf-8")
    tokens = {"eos_token": "</s>", "bos_token": "<s>"}
    policies = dict.fromkeys(("empty_turn", "empty_reply", "identical", "control_token"), "keep")
    out = tmp_path / "out"
    built = pairsmith.build(data, out, template=str(path), tokens=tokens, policies=policies)
    assert built.totals.kept == len(rows())
    [shard] = (out / "pairs").glob("*.parquet")
    for row, made in zip(rows(), pq.read_table(shard).to_pylist(), strict=True):
        for side in ("chosen", "rejected"):
            [whole], _ = render_jinja_template(
                [row["prompt"] + row[side]], chat_template=source, **tokens
            )
            whole = whole.removeprefix("<s>")
            closed = whole.rstrip() if whole.rstrip().endswith("</s>") else whole
            assert made["prompt"] + made[side] == closed, (row, side)


def test_a_template_that_leaves_things_to_chance_is_refused(tmp_path):
    path = tmp_path / "odd.jinja"
    path.write_text(BEGIN + "{{ ['a', 'b'] | random }}" + END)
    with pytest.raises(PairsmithError, match="uses random: it does not write the same twice"):
        pairsmith.build("sample", tmp_path / "out", template=str(path))


def test_a_template_that_writes_megabytes_is_refused(tmp_path):
    path = tmp_path / "odd.jinja"
    path.write_text("{{ 'x' * 3000000 }}" + BEGIN + END)
    with pytest.raises(PairsmithError, match="writes 3,000,... characters around"):
        pairsmith.build("sample", tmp_path / "out", template=str(path))


def test_a_template_that_refuses_long_conversations_takes_a_system_text(tmp_path):
    path = tmp_path / "odd.jinja"
    path.write_text(
        "{% if messages | length > 20 %}{{ raise_exception('long') }}{% endif %}" + BEGIN + END
    )
    built = pairsmith.build("sample", tmp_path / "out", template=str(path), system="Be kind.")
    assert built.totals.kept
    assert not built.remarks  # longer ones are left to Jinja, which refuses them


def test_a_template_that_wants_something_in_every_reply(tmp_path):
    path, data = tmp_path / "odd.jinja", tmp_path / "data.jsonl"
    want = "{% if m.role == 'assistant' and '!' not in c %}{{ raise_exception('no !') }}{% endif %}"
    path.write_text(BEGIN + want + END)
    sides = {name: f"\n\nHuman: hi\n\nAssistant: {name}!" for name in ("chosen", "rejected")}
    data.write_text(json.dumps(sides) + "\n")
    built = pairsmith.build(data, tmp_path / "out", template=str(path))
    assert built.totals.kept == 1


def test_a_folder_called_like_a_built_in_keeps_its_marks(tmp_path):
    folder = tmp_path / "mistral"
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": BEGIN + END}))
    from pairsmith.chat_templates.prepare import prepare

    with prepare(str(folder)) as ready:
        assert "<|user|>" in ready.compiled.template.control
