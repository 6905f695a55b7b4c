"""README and docs: every command and every Python example is run, and the output compared."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import pairsmith
from pairsmith.cli import app
from pairsmith.dataset.card import FIELDS
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows
from pairsmith.exporting import TRAINERS
from pairsmith.exporting.pair import EXPLANATIONS
from pairsmith.schema.reasons import POLICIES, Note, Reason
from support import api_page
from support.models.folders import write_causal
from support.slow import quick
from support.tiny import llama_tokenizer

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(<!-- not run: [^\n]* -->\n)?```(console|python)\n(.*?)^```$", re.S | re.M)


def commands_of(group, before=""):
    """The commands of a group and of the groups in it, by what is typed: `hub user add`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(commands_of(typer.main.get_command(app)))


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def examples(page):
    return [(kind, body) for skip, kind, body in BLOCK.findall(text_of(page)) if not skip]


def sessions(body):
    """The commands of a console block, each with the lines that it should print."""
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        line, _, printed = part.partition("\n")
        yield line, [text.rstrip() for text in printed.rstrip().splitlines()]


def matches(expected, found):
    """Whether lines are as expected; a line of … stands for any number of lines, … for any text."""
    told = (re.escape(line).replace("…", ".+") + "\n" for line in expected)
    pattern = "".join("(.*\n)*" if line == ".+\n" else line for line in told)
    return re.fullmatch(pattern, "".join(line + "\n" for line in found))


def run(line, folder):
    """A shell line, with this environment's pairsmith; its lines, stderr among them."""
    bin_folder = Path(sys.executable).parent
    environment = {**os.environ, "COLUMNS": "80", "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    environment.update(HF_HOME=str(folder / "home"), HF_DATASETS_DISABLE_PROGRESS_BARS="1")
    done = subprocess.run(
        line, shell=True, cwd=folder, env=environment, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return [text.rstrip() for text in done.stdout.rstrip().splitlines()], done.returncode


def save_tokenizer(out, folder):
    """A tokenizer for the sample, which the examples find in their folder."""
    pairs = [row for row in kept_rows(out, read_manifest(out)) if "prompt" in row]
    turns = [turn for row in pairs for turn in row["prompt"] + row["chosen"] + row["rejected"]]
    llama_tokenizer([turn["content"] for turn in turns], vocabulary=4000).save_pretrained(folder)


@pytest.mark.parametrize(
    "page",
    quick(filter(examples, PAGES), ROOT / "docs" / "how-to" / "actions.md"),
    ids=lambda page: page.name,
)
def test_the_examples_of_a_page(page, tmp_path, request):
    # a folder deeper, for lineage also looks beside the folder where it is asked
    tmp_path = tmp_path / "here"
    tmp_path.mkdir()
    if "--tokenizer" in "".join(body for _, body in examples(page)):
        pytest.importorskip("transformers")
        save_tokenizer(request.getfixturevalue("sample_messages"), tmp_path / "tokenizer")
    if "--model model" in "".join(body for _, body in examples(page)):
        pytest.importorskip("trl")
        write_causal(tmp_path / "model")
    program = []
    for kind, body in examples(page):
        if kind == "python":
            if "datasets" in body:
                pytest.importorskip("datasets")
            program.append(body)
            (tmp_path / "example.py").write_text("\n".join(program))
            printed, status = run(f"{shlex.quote(sys.executable)} example.py", tmp_path)
            assert status == 0, printed
            continue
        for line, expected in sessions(body):
            printed, _ = run(line, tmp_path)
            assert matches(expected, printed), (line, printed)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name):
    section = re.search(
        rf"^##+ pairsmith {name}\n(.*?)(?=^##|\Z)", text_of("docs/reference/cli.md"), re.S | re.M
    )
    assert section, f"docs/reference/cli.md has no section on {name}"
    command = COMMANDS[name]
    assert command.help
    options = [
        p
        for p in command.params
        if p.param_type_name == "option" and p.name not in ("quiet", "verbose")
    ]
    for option in options:
        assert option.help
        for spelling in option.opts:
            assert f"`{spelling}" in section[1] or f"[{spelling}]" in section[1], spelling


def test_every_reason_note_policy_and_card_field_is_documented():
    page = text_of("docs/reference/schema.md")
    for reason in Reason:
        assert re.search(rf"^\| `{reason}` \|.*\| {', '.join(POLICIES[reason])} \|$", page, re.M)
    for name in (*Note, *FIELDS):
        assert f"`{name}`" in page


def test_every_trainer_and_what_it_leaves_out_is_documented():
    page, command = text_of("docs/how-to/trainers.md"), COMMANDS["export"]
    option = command.get_help(typer.Context(command)).partition("--for")[2]
    for name, format in TRAINERS.items():
        assert re.search(rf"^## {name}$", page, re.M)
        assert re.search(rf"\b{name}\b", option)
        takes = "text, messages" if format.takes_text else "messages"
        refused = ", ".join(f"`{reason}`" for reason in format.refuses)
        assert f"| [`{name}`](#{name}) | {takes} | {refused} |" in page
    for reason, words in EXPLANATIONS.items():
        assert f"| `{reason}` | {words} |" in page


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.S | re.M)
    for title in re.findall(r"^#+ (.*)$", text, re.M):
        yield re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_links_lead_somewhere():
    for page in PAGES:
        pictures = re.findall(r'<img src="([^"]*)"', text_of(page))
        links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text_of(page))
        for target, anchor in [*links, *((picture, "") for picture in pictures)]:
            there = page.parent / target if target else page
            assert there.exists(), f"{page.relative_to(ROOT)}: {target}"
            assert not anchor or anchor in anchors(there), f"{page}: {target}#{anchor}"


def test_the_list_of_pages_names_each_once():
    listed = re.findall(r"\]\(([^):]+\.md)\)", text_of("docs/README.md"))
    pages = [str(page.relative_to(ROOT / "docs")) for page in PAGES[1:]]
    assert sorted(listed) == sorted({*pages, "../CHANGELOG.md"} - {"README.md"})


def test_public_functions_have_docstrings_with_arguments():
    public = [getattr(pairsmith, name) for name in pairsmith.__all__]
    for function in filter(inspect.isfunction, public):
        doc = inspect.getdoc(function)
        for name in inspect.signature(function).parameters:
            assert f"    {name}: " in doc, name
        assert "Raises:" in doc


def test_the_page_of_the_api_is_what_the_docstrings_make():
    assert api_page.PAGE.read_text(encoding="utf-8") == api_page.render_page()


def test_command_files_stay_short():
    cli = ROOT / "src" / "pairsmith" / "cli"
    for path in (*cli.glob("*.py"), *cli.glob("commands/*.py")):
        assert len(path.read_text().splitlines()) <= 100, path.name


def test_the_tree_of_the_hub_names_every_file_of_it():
    page = (ROOT / "docs/internals/contributing.md").read_text(encoding="utf-8")
    tree = page.partition("## The hub, file by file")[2].split("```")[1]
    hub = ROOT / "src/pairsmith/hub"
    there = [path.name for path in hub.rglob("*.py") if path.name != "__init__.py"]
    assert sorted(re.findall(r"\b\w+\.py\b", tree)) == sorted(there)
