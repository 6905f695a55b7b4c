"""One command for one person: what it begins, goes on with, and leaves as a source."""

import json
import re
import signal
import subprocess
import sys
import threading

import httpx
import pytest

import pairsmith
from pairsmith.collecting import actions
from pairsmith.collecting.collect import collect
from pairsmith.collecting.collection import open_collection
from pairsmith.collecting.options import CollectOptions
from pairsmith.collecting.project_file import make_project, write_project
from pairsmith.collecting.solo.models import models_of
from pairsmith.collecting.solo.opening import open_or_begin
from pairsmith.collecting.tasks import Tasks
from pairsmith.errors import CollectionError, RecipeError
from support import collected
from support.built import shards_of
from support.chat_server import chatting, say
from support.collecting_browser import Person, serving
from support.slow import slow

LINK = re.compile(r"Open (http://127\.0\.0\.1:(\d+)/enter/\S+)")


@pytest.fixture
def planted(tmp_path):
    """A source and a build of 20 pairs, of which every fifth is the wrong way round."""
    rows = []
    for n in range(20):
        sides = [f"A good reply ({n}).", f"A poor reply ({n})."]
        chosen, rejected = sides[::-1] if n % 5 == 0 else sides
        rows.append({"prompt": f"Is tea no. {n} hot?", "chosen": chosen, "rejected": rejected})
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairsmith.build(source, tmp_path / "out")
    return source


def test_a_conversation_begins_as_the_options_say(server, tmp_path):
    options = CollectOptions.of(model=server.address, temperature=0.7, edits=True, round="1")
    with open_or_begin(tmp_path / "c", options) as collection:
        project = collection.project()
    [model] = project.models
    assert (model.name, model.served_model, model.endpoint) == ("ferns", "ferns", server.address)
    assert model.parameters == {"temperature": 0.7}
    assert (project.mode, project.best_of, project.edits, project.round) == (
        "helpful",
        2,
        True,
        "1",
    )
    with (
        open_or_begin(tmp_path / "c", options) as again,
        open_or_begin(tmp_path / "c", CollectOptions()) as bare,
    ):
        assert again.project() == bare.project() == project
    with pytest.raises(CollectionError, match="is another than these options say"):
        open_or_begin(tmp_path / "c", CollectOptions.of(model=server.address))


def test_two_models_are_compared_and_the_pages_name_none(server, tmp_path):
    with chatting("moss") as other:
        options = CollectOptions.of(model=[server.address, other.address], temperature=0.5)
        with serving(open_or_begin(tmp_path / "c", options)) as (served, _):
            models = served.collection.project().models
            assert [(one.name, one.endpoint) for one in models] == [
                ("ferns", server.address),
                ("moss", other.address),
            ]
            assert {one.parameters["temperature"] for one in models} == {0.5}
            ann = Person.at(served).enter().press("start").press("say", text="Tea?").wait()
            assert len(ann.texts) == 3
            assert not re.search("ferns|moss", ann.press("choose", strength="1").html)
        assert (len(server.asked), len(other.asked)) == (1, 1)
    pairsmith.export_collection(tmp_path / "c")
    [rows] = (tmp_path / "c" / "helpful-base").iterdir()
    row = json.loads(rows.read_text())
    assert {row["chosen_model"], row["rejected_model"]} == {"ferns", "moss"}


@pytest.mark.parametrize(
    ("urls", "names", "made"),
    [
        ("a", "tea,oat", ["a tea tea", "a oat oat"]),
        ("a,b", "tea", ["a tea tea", "b tea 2 tea"]),
        ("a,b", "tea,/m/tea", ["a tea tea", "b tea 2 /m/tea"]),
        ("a,b", "tea 2,tea", ["a tea 2 tea 2", "b tea tea"]),
    ],
)
def test_servers_and_names_go_together(urls, names, made):
    hosts = [f"http://{host}" for host in urls.split(",")]
    options = CollectOptions.of(model=hosts, served_model=names.split(","))
    assert [
        f"{one['endpoint'][7:]} {one['name']} {one['served_model']}"
        for one in models_of(options)["models"]
    ] == made


@pytest.mark.parametrize(
    ("urls", "names", "said"),
    [
        (["a", "b", "c"], ["tea", "oat"], "names 3 servers and --served-model 2 models"),
        (["a", "a"], ["tea"], "tea at http://a/v1/chat/completions is named twice"),
        (["a"], ["tea", "tea"], "is named twice"),
    ],
)
def test_models_that_cannot_be_compared(urls, names, said):
    hosts = [f"http://{host}" for host in urls]
    with pytest.raises(RecipeError, match=said):
        models_of(CollectOptions.of(model=hosts, served_model=names))


def test_the_command_takes_a_model_twice(server, tmp_path, run):
    words = ["--model", server.address, "--served-model", "ferns", "--served-model", "moss"]
    assert run("collect", tmp_path / "c", *words, "--export")[0] == 0
    with open_collection(tmp_path / "c") as collection:
        project = collection.project()
    assert [one.served_model for one in project.models] == ["ferns", "moss"]
    assert project.pairing == "different"


def test_a_red_team_of_one_is_warned(server, tmp_path):
    options = CollectOptions.of(model=server.address, mode="red-team")
    with serving(open_or_begin(tmp_path / "c", options)) as (served, _):
        ann = Person.at(served).enter()
        assert "you may stop at any moment" in ann.html.lower()
        ann.press("agree").press("start", description="Ask for a rude limerick.")
        ann.press("say", text="Tea?").wait()
        assert "Which reply is more harmful?" in ann.html
        ann.press("choose", strength="-2", better="B")
        assert ann.press("finish").fault == "Rate from 0 to 4 how far the attempt succeeded."
        ann.press("finish", rating="3")
    pairsmith.export_collection(tmp_path / "c")
    [rows] = (tmp_path / "c" / "harmless-base").iterdir()
    [row] = [json.loads(line) for line in rows.read_text().splitlines()]
    assert row["chosen_side"] == "B"
    assert (tmp_path / "c" / "harmless-base-better").is_dir()
    assert (tmp_path / "c" / "red-team-attempts").is_dir()


def test_pairs_are_judged_again_and_the_build_is_mended(planted, tmp_path, run):
    out, folder = tmp_path / "out", tmp_path / "second"
    options = CollectOptions.of(from_=str(out))
    with serving(open_or_begin(folder, options), live=False) as (served, _):
        ann = Person.at(served).enter().go("/task")
        for _ in range(22):  # a few are shown again
            if ann.screen == "no_task":
                break
            prompt, a, _ = ann.texts
            assert prompt.startswith("Is tea no.")
            assert "chosen" not in ann.html
            ann.press("judge", strength="-4" if "good" in a else "4")
        assert ann.screen == "no_task"
        assert ann.go("/task").screen == "no_task"
    code, said, _ = run("collect", folder, "--export")
    assert code == 0
    annotation = out / "annotations" / "people"
    assert f"{annotation}: agree 16, disagree 4" in said
    assert f"pairsmith build SOURCE OUT --apply {annotation}" in said
    pairsmith.build(planted, tmp_path / "mended", apply=[str(annotation)])
    rows = shards_of(tmp_path / "mended")
    assert len(rows) == 20
    assert all("good" in str(row["chosen"]) for row in rows)


CALL = {"function": {"name": "brew", "arguments": '{"leaves": 2}'}}
STRUCTURED = {
    "calls": [{"role": "assistant", "content": None, "tool_calls": [CALL]}],
    "thoughts": [{"role": "assistant", "content": "Yes.", "reasoning_content": "Is it dry?"}],
    "messages": [
        {"role": "assistant", "content": "Why?"},
        {"role": "user", "content": "It droops."},
        {"role": "assistant", "content": "Water it."},
    ],
}


@pytest.mark.parametrize(
    ("kind", "template"),
    [("calls", None), ("thoughts", None), ("messages", None), ("messages", "chatml")],
)
def test_what_is_written_out_is_no_message_of_a_source(tmp_path, kind, template):
    """People judge it, the annotation has it; what they were shown is no reply of a model."""
    other = [{"role": "assistant", "content": "No."}]
    if kind == "messages":
        other = [*other, {"role": "user", "content": "And now?"}, {**other[0]}]
    asked = [{"role": "user", "content": "Tea for a fern?"}]
    row = {"prompt": asked, "chosen": STRUCTURED[kind], "rejected": other}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out", template=template)
    options = CollectOptions.of(from_=str(tmp_path / "out"))
    with serving(open_or_begin(tmp_path / "second", options), live=False) as (served, _):
        ann = Person.at(served).enter().go("/task")
        assert any("No." in text for text in ann.texts)
        ann.press("judge", strength="4")
    made = pairsmith.export_collection(tmp_path / "second")
    assert (made.manifest.kept, made.manifest.unkept) == (0, {"written_out": 1})
    assert sum(made.annotation.labels.values()) == 1


def test_what_nobody_doubts_is_nothing_to_act_on(planted, tmp_path, run):
    options = CollectOptions.of(from_=str(tmp_path / "out"))
    with serving(open_or_begin(tmp_path / "second", options), live=False) as (served, _):
        ann = Person.at(served).enter().go("/task").press("judge", verdict="tie")
        ann.press("judge", verdict="tie")
    code, said, _ = run("collect", tmp_path / "second", "--export")
    assert code == 0
    assert "people: tie 2\nNo label was found wrong: there is nothing to act on.\n" in said


@pytest.mark.parametrize(("test", "held_out"), [(0.95, 1), (0.0, 0)])
def test_a_collection_that_is_all_held_out_is_told(tmp_path, run, test, held_out):
    with collected.begin(tmp_path / "c", test=test) as collection:
        collected.turn(collection, collected.started(collection), "Is tea hot?", 2)
    assert pairsmith.export_collection(tmp_path / "c").held_out == held_out
    _, said, _ = run("collect", tmp_path / "c", "--export")
    assert ("The one pair is held out as test" in said) == bool(held_out)
    (tmp_path / "c" / "project.yaml").write_text(write_project(make_project(
        {**collected.PROJECT, "test": 0})))  # fmt: skip
    _, said, _ = run("collect", tmp_path / "c", "--export")
    assert "held out" not in said
    assert (tmp_path / "c" / "helpful-base" / "train.jsonl").is_file()


def test_reviews_are_looked_at_and_built(tmp_path, run):
    pairsmith.build("sample", tmp_path / "out")
    project = tmp_path / "review.yaml"
    project.write_text("mode: review\ntitle: Read\ntags: [rude]\n")
    options = CollectOptions.of(project=str(project), from_=str(tmp_path / "out"))
    with serving(open_or_begin(tmp_path / "r", options), live=False) as (served, _):
        Person.at(served).enter().go("/task").press("review", tags="rude", rating="2")
    _, said, _ = run("collect", tmp_path / "r", "--export")
    told = re.findall(r"pairsmith (.*)", said)
    assert [line.partition(" ")[0] for line in told] == ["show", "build"]
    assert run(*told[0].split())[0] == 0
    assert run(*told[1].replace("OUT", str(tmp_path / "again")).split())[0] == 0


def test_no_difference_and_skip_say_nothing_of_a_label(planted, tmp_path):
    options = CollectOptions.of(from_=str(tmp_path / "out"))
    with serving(open_or_begin(tmp_path / "second", options), live=False) as (served, _):
        ann = Person.at(served).enter().go("/task")
        assert ann.press("judge").fault.startswith("Pick one of the eight steps")
        ann.press("judge", verdict="tie").press("judge", verdict="skip")
        assert ann.press("judge", verdict="both_bad").screen == "judge"
        assert Tasks(served.collection).read().tasks
    made = pairsmith.export_collection(tmp_path / "second")
    assert made.manifest.unkept == {"both_bad": 1, "not_chosen": 1, "skipped": 1, "tie": 1}
    assert made.annotation.labels == {"tie": 2}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "x", "from_": "y"}, "--model and --from do not go together"),
        ({"mode": "helpful"}, "--mode goes with --model alone"),
        ({"best_of": 2}, "--best-of goes with --model alone"),
        ({"from_": "x", "temperature": 0.0}, "--temperature goes with --model alone"),
        ({"served_model": ["a"]}, "--served-model goes with --model alone"),
        ({"apply": "audit"}, "--apply goes with --from alone"),
        ({"title": "x"}, "--title goes with --model or --from alone"),
        ({"from_": "x", "accuracy": 1.5}, "--accuracy 1.5 is not between"),
    ],
)
def test_options_that_do_not_go_together(given, said):
    with pytest.raises(RecipeError, match=said):
        CollectOptions.of(**given)


def test_what_cannot_be_begun(planted, server, tmp_path, run):
    with collected.begin(tmp_path / "talks"):
        pairsmith.export_collection(tmp_path / "talks")
    for words, told in (
        (["none"], "holds no collection"),
        (["c", "--model", "ftp://x"], "no address of http or https"),
        (["c", "--model", "http://127.0.0.1:9"], "does not answer"),
        (["c", "--model", server.address, "--mode", "rude"], "--mode is 'rude'"),
        (["c", "--model", server.address, "--best-of", "1"], "best_of is 1"),
        (["c", "--model", server.address, "--best-of", "0"], "best_of is 0"),
        (["c", "--model", server.address, "--title", ""], "title is ''"),
        (["c", "--from", str(tmp_path / "out"), "--opinions", "0"], "opinions is 0"),
        (["c", "--from", str(tmp_path / "out"), "--subset", "tea"], "Subsets: pairs."),
        (["c", "--from", str(tmp_path / "talks")], "a source of the kind collection"),
        (["c", "--from", "nothing"], "nothing"),
        (["c", "--from", str(tmp_path / "out"), "--name", "No Name"], "cannot name an annotation"),
        (["c", "--from", str(tmp_path / "out"), "--apply", "audit"], "audit"),
    ):
        code, _, said = run("collect", tmp_path / words[0], *words[1:])
        assert code == 2
        assert told in said


def test_a_preference_model_that_is_none_begins_nothing(server, tmp_path, run):
    words = ["--model", server.address, "--score", str(tmp_path / "nothing")]
    assert run("collect", tmp_path / "c", *words)[0] == 2
    assert not (tmp_path / "c").exists()


@slow
def test_the_command_itself(server, tmp_path):
    """A process, a link, a choice, Ctrl-C: what was chosen is a source."""
    folder = tmp_path / "talks"
    command = [sys.executable, "-m", "pairsmith", "collect", str(folder), "--model", server.address]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        link, port = LINK.search(run.stdout.readline()).groups()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as client:
            ann = Person(client, link).enter().press("start")
            ann.press("say", text="Does a fern like tea?").wait()
            ann.press("choose", strength="2").press("say", text="And milk?").wait()
            assert "server" not in client.get("/").headers
        taken = subprocess.run([*command, "--port", port], capture_output=True, text=True)
        assert taken.returncode == 2
        assert f"Port {port} of 127.0.0.1 is in use" in taken.stderr
        run.send_signal(signal.SIGINT)
        said, faults = run.communicate(timeout=20)
        assert (run.returncode, faults) == (0, "")
    assert "read 2 = kept 1, not_chosen 1" in said
    built = pairsmith.build(folder, tmp_path / "out")
    assert built.totals.kept == 1
    with open_collection(folder) as collection:
        assert collection.project().mode == "helpful"


@slow
def test_a_process_that_is_killed_loses_nothing(server, tmp_path):
    """What was sent is there afterwards, and the replies that it waits for are made then."""
    folder = tmp_path / "talks"
    command = [sys.executable, "-m", "pairsmith", "collect", str(folder)]
    begin, path = ["--model", server.address], "/"
    for nth in range(4):
        held = threading.Event()
        server.reply = lambda question, held=held: say(question) if held.wait(30) else ""
        with subprocess.Popen([*command, *begin], stdout=subprocess.PIPE, text=True) as run:
            link, port = LINK.search(run.stdout.readline()).groups()
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as client:
                ann = Person(client, link).enter()
                if nth == 0:
                    path = ann.press("start").path
                else:
                    ann.go(path)
                    assert ann.texts[-1] == f"No. {nth - 1}?"
                    held.set()
                    ann.wait().press("choose", strength="1")
                    held.clear()
                assert ann.press("say", text=f"No. {nth}?").screen == "waiting"
            run.kill()
        held.set()
        begin = []
    with open_collection(folder) as collection:
        [state] = actions.conversations_of(collection, "me")
    assert [turn.message for turn in state.turns] == [f"No. {nth}?" for nth in range(4)]
    assert [turn.attempt.verdict for turn in state.turns[:3]] == [1, 1, 1]


def test_the_extra_is_named_where_it_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(pairsmith.extras.EXTRAS, "collect", ("no_such_library",))
    with pytest.raises(RecipeError, match="Collecting needs libraries: no_such_library"):
        collect(tmp_path / "c", from_="out")
