"""The verdict: which claims come first, how many, and commands that can be typed."""

import html
import json
import re
import shlex
from dataclasses import replace

import pytest

import pairsmith
from pairsmith.auditing.answer import Answer, Finding, as_table
from pairsmith.auditing.verdict import (
    BUILD,
    MOST,
    Claim,
    Level,
    Unseen,
    fill_command,
    judge,
    show_command,
)
from pairsmith.dataset.manifest import read_manifest
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import Origin
from support.defects import row, write_source
from support.slow import slow

ACT, LOOK, FINE = Level
SAMPLE = Recipe(origin=Origin.SAMPLE)


def answer(name, *claims, findings=(), **more):
    title, table = name.capitalize(), as_table(findings)
    return Answer(name, title, f"{name} said.", findings=table, claims=claims, **more)


def said(verdict):
    return [(told.claim.level, told.claim.sentence) for told in verdict.told]


def test_the_worst_comes_first_whoever_says_it():
    answers = [
        answer("one", Claim(LOOK, "a", 0.9), Claim(ACT, "b", 0.1)),
        answer("two", Claim(ACT, "c", 0.2)),
    ]
    assert said(judge(answers, 100)) == [(ACT, "c"), (ACT, "b"), (LOOK, "a")]


def test_there_are_five_at_most_and_what_is_fine_has_one_line():
    bad = answer("bad", *(Claim(LOOK, str(n), n / 10) for n in range(8)))
    fine = [answer(name, Claim(FINE, f"no {name}", 0)) for name in ("moss", "rust")]
    verdict = judge([*fine, bad], 1_234)
    assert said(verdict)[:4] == [(LOOK, str(n)) for n in (7, 6, 5, 4)]
    [(level, last)] = said(verdict)[4:]
    assert level is FINE
    assert "1,234 rows" in last
    assert last.endswith("moss, rust.")
    assert verdict.more == 4
    assert verdict.levels == {ACT: 0, LOOK: 8, FINE: 2}
    without = judge([bad], 1_234)
    assert (len(without.told), without.more) == (MOST, 3)


@pytest.mark.parametrize("count", [1, 3, 5, 9])
def test_where_all_is_fine_each_sentence_is_said_as_long_as_there_is_room(count):
    fine = [answer(f"q{n}", Claim(FINE, f"no {n}", 0)) for n in range(count)]
    verdict = judge(fine, 10)
    assert len(verdict.told) == min(count, MOST)
    shown = " ".join(told.claim.sentence for told in verdict.told)
    assert all(f"no {n}" in shown or f"q{n}" in shown for n in range(count))
    assert not verdict.reaches(LOOK)


def test_what_claims_nothing_but_found_something_is_to_be_looked_at():
    found = [Finding("odd", [f"a/train/{n}", "a/train/9"], None, "Odd.") for n in (1, 2, 2)]
    verdict = judge([answer("mine", findings=found), answer("quiet")], 20)
    [told] = verdict.told
    command = "pairsmith show OUT --finding mine:odd"
    assert told.claim == Claim(LOOK, "mine said.", 0.1, command, ("odd",))
    assert verdict.reaches(LOOK)
    assert not verdict.reaches(ACT)


def test_what_has_no_answer_is_not_looked_at():
    none = answer("tokens", unanswered="No tokenizer.", command="pairsmith audit OUT --tokenizer T")
    other = Unseen("", "dialogues", "They are no pairs.", "pairsmith explore OUT")
    verdict = judge([none], 20, [other])
    assert verdict.unseen == (Unseen("tokens", "Tokens", none.unanswered, none.command), other)
    assert (verdict.told, verdict.reaches(FINE)) == ((), False)
    held = json.loads(json.dumps(verdict.to_dict()))
    assert held["levels"] == {"act": 0, "look": 0, "fine": 0}
    assert [unseen["what"] for unseen in held["not_looked_at"]] == ["Tokens", "dialogues"]


def test_one_command_drops_what_several_claims_would(sample_text):
    claims = [
        Claim(ACT, name, 1 - n / 10, f"{BUILD} --drop {name}")
        for n, name in enumerate(("leaks", "flipped"))
    ]
    verdict = judge([answer("both", *claims)], 9)
    assert verdict.together == f"{BUILD} --drop leaks,flipped"
    assert judge([answer("one", claims[0])], 9).together == ""
    mends = Claim(LOOK, "odd", 0, f"{BUILD} --mend encoding,html_tag")
    assert judge([answer("both", claims[0], mends)], 9).together == (
        f"{BUILD} --drop leaks --mend encoding,html_tag"
    )
    recipe = replace(read_manifest(sample_text).recipe, drop=("near",))
    assert fill_command(verdict.together, "out", recipe) == (
        "pairsmith build sample NEW --template llama2 --drop near,leaks,flipped"
    )
    applied = f"{BUILD} --apply OUT/annotations/audit:near_leak"
    assert fill_command(applied, "out", recipe).endswith("audit:near_leak --drop near")


@pytest.mark.parametrize(
    "folder",
    ["out", "my tea", "a/b c/d", "it's", "$(touch x)", "OUT", "SOURCE"],
    ids=["plain", "space", "path", "quote", "substitution", "placeholder", "other"],
)
def test_commands_can_be_typed_whatever_the_folder_is_called(folder):
    for kind in ("html_tag", "odd kind"):
        typed = shlex.split(fill_command(show_command("text", [kind]), folder))
        assert typed == ["pairsmith", "show", folder, "--finding", f"text:{kind}"]
    applied = "pairsmith build SOURCE NEW --apply OUT/annotations/audit:leak"
    typed = shlex.split(fill_command(applied, folder, SAMPLE))
    assert typed == [
        "pairsmith",
        "build",
        "sample",
        "NEW",
        "--apply",
        f"{folder}/annotations/audit:leak",
    ]


def test_the_commands_of_a_report_do_what_they_say(planted_audit, run, monkeypatch):
    """Each is typed as it stands, beside the folder: rows of each kind are shown."""
    monkeypatch.chdir(planted_audit.parent)
    page = html.unescape((planted_audit / "audit" / "report.html").read_text(encoding="utf-8"))
    commands = dict.fromkeys(re.findall(r"<code[^>]*>pairsmith (show [^<]+)</code>", page))
    kinds = {shlex.split(command)[3] for command in commands}
    assert {"duplicates:duplicate", "duplicates:flipped", "duplicates:cycle"} <= kinds
    assert {"leaks:same_prompt", "leaks:goes_on", "leaks"} <= kinds
    for command in commands:
        code, printed, errors = run(*shlex.split(command), "-n", 1)
        assert (code, errors) == (0, "")
        assert printed


@slow
def test_what_mends_leaves_nothing_to_act_on(planted_audit, tmp_path):
    """The one command for all of it, on the source of the planted rows."""
    held = json.loads((planted_audit / "audit" / "audit.json").read_text(encoding="utf-8"))
    commands = [claim["command"] for claim in held["verdict"]["claims"]]
    names = [c.partition(" --drop ")[2] for c in commands if " --drop " in c]
    assert sorted(names) == ["duplicates", "flipped", "leaks"]
    assert held["verdict"]["levels"]["act"] == 3
    pairsmith.build(planted_audit.parent / "in", tmp_path / "new", drop=names)
    mended = pairsmith.audit(tmp_path / "new", questions=["duplicates", "leaks"]).verdict
    assert mended.levels[ACT] == 0


def test_where_nothing_is_planted_all_is_fine(tmp_path):
    longer = (".", " in the shade.")  # by turns, so that length tells nothing
    rows = [
        row(f"Plant {n} of moss?", f"Keep fern {n}{longer[n % 2]}", f"Water it {n} more.")
        for n in range(60)
    ]
    write_source(tmp_path / "in", one_train=rows[:40], one_test=rows[40:])
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    asked = ["duplicates", "near", "leaks", "length", "text"]
    verdict = pairsmith.audit(tmp_path / "out", questions=asked).verdict
    assert [told.claim.level for told in verdict.told] == [FINE] * 5
    assert (verdict.more, verdict.unseen, verdict.reaches(LOOK)) == (0, (), False)
