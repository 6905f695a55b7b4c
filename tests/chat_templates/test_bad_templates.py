"""Templates that are wrong, hostile or odd: one clear sentence, in bounded time and memory."""

import json
import subprocess
import sys
import time
from datetime import date, datetime

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

import pairsmith
from pairsmith import PairsmithError
from pairsmith.chat_templates.builtin import FAMILIES, built_in
from pairsmith.chat_templates.prepare import prepare
from pairsmith.chat_templates.resolve import locate_template
from pairsmith.chat_templates.sandbox import Sandbox
from pairsmith.chat_templates.worker import _outcome, _own_renderer
from pairsmith.schema.templates import Conversation
from support.formats import prepared
from support.slow import quick, slow

PLAIN = "{% for m in messages %}{{ '<' + m.role + '>' + m.content + '</end>' }}{% endfor %}"


def build(path, tmp_path, **options):
    return pairsmith.build("sample", tmp_path / "out", template=str(path), **options)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% for m in messages %}{{ m.content", "is not Jinja: .*line 1"),
        pytest.param("{% frobnicate %}", "is not Jinja: .*frobnicate", marks=slow),
        pytest.param(
            "{{ ''.__class__.__mro__ }}",
            "refuses every conversation: access to attribute '__class__'",
            marks=slow,
        ),
        ("{{ ().__class__.__base__.__subclasses__() }}", "refuses every conversation: access to"),
        ("{{ messages.append(1) }}", "refuses every conversation: .*append"),
        pytest.param("{{ namespace(__init__=1) }}", "refuses every conversation: ", marks=slow),
        ("{{ raise_exception('not today') }}", "refuses every conversation: not today"),
        pytest.param(
            "{{ undefined_thing.field }}",
            "refuses every conversation: 'undefined_thing' is undefined",
            marks=slow,
        ),
        ("hello", "does not write what messages say"),
        pytest.param("", "does not write what messages say", marks=slow),
        (
            "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}",
            "lists of parts: it is a vision template",
        ),
        ("{{ bos_token }}" + PLAIN, "writes bos_token, which a template alone does not tell"),
        ("{{ 'x' * 99999999999 }}", "needs more than 1024 MiB"),
        pytest.param(
            "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}"
            "{% endfor %}{{ ns.x }}",
            # whichever bound a busy machine meets first
            "needs more than 1024 MiB|was stopped after 10 seconds of computing",
            marks=slow,
        ),
        (PLAIN + "\ud800", "is not UTF-8"),
        ("{{ '\\ud800' }}" + PLAIN, "half of a surrogate pair"),
    ],
    ids=range(16),
)
def test_one_clear_sentence(source, message, tmp_path):
    path = tmp_path / "odd.jinja"
    path.write_bytes(source.encode("utf-8", "surrogatepass"))
    with pytest.raises(PairsmithError, match=message) as caught:
        build(path, tmp_path)
    assert "\n" not in caught.value.message
    assert not (tmp_path / "out").exists()


ENDLESS = {
    "loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "lists": "{% for i in range(99999) %}{{ range(99999) | list | length }}{% endfor %}",
    "recursion": "{% macro again() %}{{ again() }}{{ again() }}{% endmacro %}{{ again() }}",
}
HELLO = Conversation([{"role": "user", "content": "Hello"}], generation=False)


@pytest.mark.parametrize("name", quick(["loops", "lists"]))
def test_a_template_that_takes_for_ever_is_stopped(name, template):
    """Its computing is another process's, whose time is bounded; a second here."""
    found = locate_template(str(template(ENDLESS[name] + PLAIN))).template
    start = time.process_time()
    with Sandbox(found, date(2026, 1, 31), seconds=1) as sandbox:
        assert sandbox.inspect().variables == ("messages",)
        with pytest.raises(PairsmithError, match="was stopped after 1 seconds of computing"):
            sandbox.render([HELLO])
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", quick(ENDLESS, "recursion"))
def test_a_build_with_a_template_that_takes_for_ever_is_refused(name, template, tmp_path):
    with pytest.raises(PairsmithError, match="stopped after 10 seconds|refuses every conv|ended"):
        build(template(ENDLESS[name] + PLAIN), tmp_path)
    assert not (tmp_path / "out").exists()


def test_no_code_is_run_and_no_file_written(template, tmp_path):
    """The worker may not write, whatever a template might find; and what it answers is JSON."""
    target = tmp_path / "written"
    source = (
        "{{ cycler.__init__.__globals__.os.system('touch %s') }}" % target  # noqa: UP031
    ) + PLAIN
    with pytest.raises(PairsmithError, match="refuses every conversation: access to attribute"):
        build(template(source), tmp_path)
    assert not target.exists()


def test_nothing_is_imported_from_the_working_directory(template, tmp_path, monkeypatch):
    for name in ("jinja2", "transformers", "json"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)
    build(template(PLAIN), tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_worker_that_dies_is_a_sentence(template):
    with prepare(str(template(PLAIN))) as ready:
        box = getattr(ready.jinja, "__self__", None)
        assert isinstance(box, Sandbox)
        box.workers[0].process.kill()
        with pytest.raises(PairsmithError, match="was stopped after"):
            ready.jinja([reference_talk()])


def reference_talk():
    from pairsmith.schema.templates import Conversation

    return Conversation([{"role": "user", "content": "hello"}])


def test_rows_that_the_template_refuses(template, tmp_path):
    source = (
        "{% for m in messages %}{% if 'forbidden' in m.content %}{{ raise_exception('no such word')"
        " }}{% endif %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"
    )
    data = tmp_path / "data.jsonl"

    def write(*replies):
        data.write_text(
            "".join(
                json.dumps(
                    {
                        "chosen": f"\n\nHuman: hi\n\nAssistant: {reply}",
                        "rejected": "\n\nHuman: hi\n\nAssistant: no",
                    }
                )
                + "\n"
                for reply in replies
            )
        )

    write("fine", "a forbidden word", "well")
    built = pairsmith.build(data, tmp_path / "out", template=str(template(source)))
    assert built.totals.kept == 2
    assert built.totals.quarantined == {"template_error": 1}
    [line] = (tmp_path / "out" / "quarantine" / "pairs-train.jsonl").read_text().splitlines()
    assert json.loads(line)["detail"] == "the template says: no such word"
    write("forbidden", "a forbidden word")
    with pytest.raises(PairsmithError, match="refuses every row.*line 1, .*no such word"):
        pairsmith.build(data, tmp_path / "other", template=str(template(source)))


def test_a_system_text_that_the_template_refuses(tmp_path):
    with pytest.raises(PairsmithError, match="gemma refuses a system turn: there is no system"):
        build("gemma", tmp_path, system="Be kind.")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.jinja", "no template called 'nowhere.jinja', and no such file"),
        ("", "names no template"),
        ("a\0b", "names no template"),
        ("{tmp}", "has no chat template"),
        ("{tmp}/config.json", "is not a tokenizer_config.json"),
        ("{tmp}/broken/tokenizer_config.json", "is not JSON"),
    ],
)
def test_a_name_that_leads_nowhere(name, message, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tokenizer_config.json").write_text("{")
    with pytest.raises(PairsmithError, match=message):
        build(name.format(tmp=tmp_path), tmp_path)


def test_an_unreachable_hub_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(PairsmithError, match="acme/model is no built-in template and no file"):
        build("acme/model", tmp_path)


def test_a_template_that_writes_the_date_is_told_one(template, tmp_path):
    path = template("{{ strftime_now('%d %b %Y') + '\n' }}" + PLAIN)
    built = build(path, tmp_path, date="2026-01-31")
    assert built.recipe.template.date == "2026-01-31"
    assert "writes the date: 2026-01-31" in built.remarks[0]
    import pyarrow.parquet as pq

    [shard] = (tmp_path / "out" / "helpful-base").glob("test*.parquet")
    assert pq.read_table(shard)["prompt"][0].as_py().startswith("31 Jan 2026\n<user>")
    again = build(path, tmp_path, date="2026-01-31")
    assert again.reused
    with pytest.raises(PairsmithError, match="another recipe"):
        build(path, tmp_path, date="2026-02-01")
    with pytest.raises(PairsmithError, match="'31.1.' is not a date"):
        build(path, tmp_path, date="31.1.")


def test_a_template_is_in_the_manifest_and_names_no_machine(template, tmp_path):
    build(template(PLAIN), tmp_path)
    held = json.loads((tmp_path / "out" / "manifest.json").read_text())["recipe"]["template"]
    assert held["name"] == "odd.jinja"
    assert held["source"] == PLAIN
    assert str(tmp_path) not in json.dumps(held)
    assert pairsmith.check(tmp_path / "out") == []


TALK = [
    {"role": "user", "content": " a\n\nb "},
    {"role": "assistant", "content": "<b>&amp;</think> ok\n"},
    {"role": "user", "content": "é日本 {{ x }}"},
]
SYSTEM = {"role": "system", "content": " Be brief.\n"}


@pytest.mark.parametrize("messages", [TALK, TALK[:2], [SYSTEM, *TALK], TALK[1:], [SYSTEM], []])
@pytest.mark.parametrize("generation", [False, True])
@pytest.mark.parametrize("name", FAMILIES)
def test_our_environment_gives_what_transformers_does(name, generation, messages):
    """Built-in templates are rendered in it, and all where transformers is not installed."""
    template, now = built_in(name), datetime(2026, 1, 31)
    render = _own_renderer(template.source, {**dict(template.tokens), "strftime_now": now.strftime})
    ours = _outcome(render, {"messages": messages, "generation": generation})
    theirs = _outcome(
        lambda request: render_jinja_template(
            [request["messages"]],
            chat_template=template.source,
            add_generation_prompt=request["generation"],
            **dict(template.tokens),
        )[0][0],
        {"messages": messages, "generation": generation},
    )
    assert ours == theirs


@pytest.mark.parametrize("source", ["{{ strftime_now('%d %b %Y') }}", "{{ messages | tojson }}"])
def test_the_module_of_transformers_alone_renders_as_in_its_package(source):
    setup = {"source": source, "tokens": {}, "now": "2026-01-31"}
    asked = [{"messages": TALK, "generation": False}]
    lines = "".join(json.dumps(line) + "\n" for line in (setup, asked))
    done = subprocess.run(
        [sys.executable, "-m", "pairsmith.chat_templates.worker"],
        input=lines.encode(),
        capture_output=True,
        check=True,
    )
    seen, [[kind, text]] = map(json.loads, done.stdout.splitlines())
    assert seen["by"].startswith("transformers 5")
    dated = source.startswith("{{ strf")
    whole = "31 Jan 2026" if dated else render_jinja_template([TALK], chat_template=source)[0][0]
    assert (kind, text) == ("text", whole)


LOADS = """
import sys
from pairsmith.chat_templates import worker
{before}
setup = {{"source": "x", "tokens": {{}}, "now": "2026-01-31", "built_in": {own}}}
_, by = worker._renderer(setup)
print(by.split()[0], "transformers" in sys.modules, "transformers.utils.hub" in sys.modules)
"""


@pytest.mark.parametrize(
    ("own", "before", "said"),
    [
        (True, "", "jinja2 False False"),
        (False, "", "transformers True False"),
        (False, "worker._theirs_alone = None  # as where a version cannot do without its packages",
         "transformers True True"),
        (False, "sys.modules['transformers'] = None", "jinja2 True False"),
    ],
    ids=["built in", "alone", "whole", "not installed"],
)  # fmt: skip
def test_the_worker_loads_no_more_than_it_needs(own, before, said):
    done = subprocess.run(
        [sys.executable, "-c", LOADS.format(own=own, before=before)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == said


def test_a_changed_built_in_template_is_a_strangers(tmp_path):
    assert prepared("llama2").by == "jinja2"
    changed = tmp_path / "llama2"
    changed.write_text(built_in("llama2").source + "{# mine #}")
    assert prepared(changed, bos_token="<s>", eos_token="</s>").by.startswith("transformers 5")


def test_the_worker_says_whose_environment_it_has():
    setup = {"source": PLAIN, "tokens": {}, "now": "2026-01-31"}
    done = subprocess.run(
        [sys.executable, "-m", "pairsmith.chat_templates.worker"],
        input=json.dumps(setup).encode() + b"\n",
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["by"].startswith("transformers 5")
