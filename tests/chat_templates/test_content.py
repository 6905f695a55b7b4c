"""Templates that treat some contents otherwise: what comes out is what Jinja gives, row for row."""

import json
from random import Random

import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith import PairsmithError
from support.slow import quick
from support.templates.conversations import Row, talk
from support.templates.grammar import Case
from support.templates.trial import holds, try_case

BEGIN = "{% for m in messages %}{% set c = m.content %}"
END = (
    "{{ '<|' + m.role + '|>' + c + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
ODD = [
    "plain words", "<a>both</b>", "<a>one", "one</b>", "/NO_THINK please", "{\"a\": 1}", "it’s",
    "a\u00a0b", "\"quoted\"", "wait...", "\u3000first", "x\x0b", "\x85y\x85", "  ", "x</s>", "</s>",
    "<s>", "12 eggs", "use REASONING strength low",
    "first", "x\u0130y", "SX\u0130", "a & b",
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
    "quoted": "{{ 'T' if '<a>' in ('%s' % m) }}",
    "looked up": "{{ loop[c] }}",
    "two cases": "{% if 'xİ' in c and 'xi' not in c %}{% set c = 'T' %}{% endif %}",
    "one letter": "{% if 'x' not in c and 'i' in c.lower() %}{% set c = 'T' %}{% endif %}",
    "title": "{% if 'Sxi' in c.title() %}{% set c = 'T' %}{% endif %}",
    "from the right": "{% set c = (c ~ ' ---- x').rsplit('---')[0] %}",
    "escaped": "{% set c = ('<b>' | safe) + c %}",
    "very long": "{% if c | length > 9 ** 30 %}{% set c = 'T' %}{% endif %}",
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


SOON = ("two ends", "two inside", "any case", "no-break space", "strip some space", "the token")


@pytest.mark.parametrize("name", quick(CASES, *SOON))
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
    [shard] = (out / "pairs").glob("*.parquet")
    made = {row["id"]: row for row in pq.read_table(shard).to_pylist()}
    assert len(made) == built.totals.kept
    for place, row in enumerate(rows(), 1):
        # a system turn that says nothing is none
        prompt = [m for m in row["prompt"] if m["role"] != "system" or m["content"].strip()]
        sides = [prompt + row[side] for side in ("chosen", "rejected")]
        wholes, _ = render_jinja_template(sides, chat_template=source, **tokens)
        written = made.get(f"pairs/train/{place}")
        if written is None:  # what was read does not stand in what the template writes
            assert not all(map(holds, sides, wholes)), row
            continue
        for side, whole in zip(("chosen", "rejected"), wholes, strict=True):
            whole = whole.removeprefix("<s>")
            closed = whole.rstrip() if whole.rstrip().endswith("</s>") else whole
            assert written["prompt"] + written[side] == closed, (row, side)


WHOLES = {
    "part of BOS": "{% for m in messages %}{{ m.content }}{{ '>' if loop.first }}.\n{% endfor %}",
    "blank before BOS": "{% for m in messages %}{{ m.content }}{{ bos_token }}\n{% endfor %}",
    "part of EOS": "{% for m in messages %}{{ '</' }}{{ m.content }}{{ '\n' }}{% endfor %}",
    "moved": (
        "{{ bos_token }}{% set ms = messages[1:2] + messages[:1] + messages[2:]"
        " if messages | length in (9, 10) else messages %}"
        "{% for m in ms %}[{{ m.content }}]{% endfor %}."
    ),
    "a NUL": "{{ '\\x00' if messages | length in (9, 10) }}" + BEGIN + END,
    "a surrogate": "{{ '<|\\ud800|>' if messages | length in (9, 10) }}" + BEGIN + END,
    "a refusal": (
        BEGIN + "{% if m.role == 'system' %}{{ raise_exception('not ' ~ c) }}{% endif %}" + END
    ),
}


@pytest.mark.parametrize("name", WHOLES)
def test_whole_texts_are_what_jinja_gives(name):
    """Rows that are in the middle of a batch, where no sample is taken."""
    rng = Random(name)
    plain = [Row(talk(rng, 1, short=True), "fine " * 60, "bad", "plain")]
    rare = [Row([{"role": "user", "content": said}], reply, "bad", "rare")
            for said, reply in (("<s", "ok"), ("", "ok"), ("hi", "s>"), ("hi", ""))]  # fmt: skip
    long, longer = (Row(talk(rng, turns, short=True), "fine", "bad", "") for turns in (9, 19))
    rows = [*plain * 24, *plain, longer, *rare, long, *plain * 60]
    tried = try_case(Case(name, (), WHOLES[name], "", tuple(rows)))
    assert (tried.wrong, tried.crashed, tried.refused, tried.unfaithful) == ((), "", "", False)


@pytest.mark.parametrize("drawn", ["['a', 'b'] | random", "[['a', 'b']] | map('random') | join"])
def test_a_template_that_leaves_things_to_chance_is_refused(drawn, tmp_path):
    path = tmp_path / "odd.jinja"
    path.write_text(BEGIN + "{{ " + drawn + " }}" + END)
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
