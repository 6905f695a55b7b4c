"""Cards that two write: what is the owner's stays, what is the build's is made anew."""

from __future__ import annotations

import pytest
import yaml

import pairsmith
from pairsmith.dataset import card_prose
from pairsmith.dataset.card_prose import begin, divide, end, merge, prose_of


def card(front: str, *parts: str) -> str:
    return f"---\n{front}---\n" + "\n".join(parts)


def section(name: str, text: str) -> str:
    return f"{begin(name)}\n{text}\n{end(name)}\n"


OURS = card("license: mit\nconfigs: [new]\n", section("a", "A2"), section("c", "C2"))


def test_prose_stays_where_it_stood_and_sections_are_made_anew():
    theirs = card(
        "license: mit\n", "Above\n", section("a", "A1"), "Between\n", section("b", "B1"), "Below"
    )
    merged = merge(theirs, OURS).text
    assert divide(merged)[1].split() == "\n".join(
        ("Above", section("a", "A2"), section("c", "C2"), "Between", "Below")
    ).split()  # fmt: skip
    assert merge(merged, OURS).text == merged
    assert prose_of(merged).split() == ["Above", "Between", "Below"]


@pytest.mark.parametrize(
    ("body", "prose"),
    [
        ("# Mine\n", "# Mine"),
        (f"x\n{begin('a')}\nnever ended", f"x\n{begin('a')}\nnever ended"),
        (f"{end('a')}\nended first", f"{end('a')}\nended first"),
        (f"{begin('a')}\n{begin('a')}\n{end('a')}\n", begin("a")),
        ("", ""),
    ],
    ids=["no marks", "no end", "no beginning", "begun twice", "nothing"],
)
def test_what_is_no_whole_section_is_prose(body, prose):
    text = card("", body)
    assert prose_of(text) == prose
    merged = merge(text, OURS).text
    assert prose in merged
    assert section("a", "A2") in merged
    assert section("c", "C2") in merged


def test_entries_of_the_owner_stay_as_they_were_written():
    theirs = card(
        'license: "cc-by-4.0"  # as agreed\nconfigs: [old]\n# the gate\nextra_gated_prompt: |\n'
        "  Be kind:\n\n  always\ntags:\n- tea\nexample: {a: 1}\n"
    )
    merged = merge(theirs, OURS)
    front = divide(merged.text)[0]
    assert 'license: "cc-by-4.0"  # as agreed\n' in front
    assert yaml.safe_load(front) == {
        "license": "cc-by-4.0", "configs": ["new"], "extra_gated_prompt": "Be kind:\n\nalways\n",
        "tags": ["tea"], "example": {"a": 1},
    }  # fmt: skip
    assert merged.kept == ("license", "extra_gated_prompt", "tags", "example")


@pytest.mark.parametrize(
    ("base", "told", "licence"),
    [
        ("license: cc0\n", (), "mit"),
        ("license: cc0\n", ("license",), "mit"),
        ("license: mit\n", ("license",), "cc0"),
        ("license: gpl\n", (), "cc0"),
        ("license: gpl\n", ("license",), "mit"),
        ("", (), "cc0"),
    ],
    ids=["not edited", "not edited, told", "edited, told the same", "both changed", "told another",
         "not known"],
)  # fmt: skip
def test_an_entry_is_whose_who_changed_it(base, told, licence):
    merged = merge(card("license: cc0\n"), OURS, card(base) if base else "", told)
    assert yaml.safe_load(divide(merged.text)[0]) == {"license": licence, "configs": ["new"]}


def test_an_entry_that_no_build_makes_any_more_goes_unless_it_was_edited():
    theirs, base = card("size: 1\nlanguage: en\n"), card("size: 1\nlanguage: de\n")
    assert merge(theirs, OURS, base).kept == ("language",)


@pytest.mark.parametrize(
    "front",
    [
        "license: [mit\n",
        "{license: mit}\n",
        "- a\n",
        "a: 1\na: 2\n",
        "words\n",
        "a: " + "[" * 1500 + "\n",
    ],
    ids=["broken", "on one line", "a list", "twice", "no entries", "deep"],
)
def test_a_front_matter_that_cannot_be_told_apart_is_not_kept(front):
    merged = merge(card(front, "Prose"), OURS)
    assert merged.fault
    assert divide(merged.text)[0] == divide(OURS)[0]
    assert "Prose" in merged.text


def test_a_build_again_keeps_prose_and_entries(tmp_path):
    out, source = tmp_path / "out", "sample"
    pairsmith.build(source, out, card={"license": "mit"})
    place = out / "README.md"
    written = place.read_text()
    assert [part.name for part in card_prose.cut(divide(written)[1]) if part.name] == [
        "build", "ledger", "recipe", "use"
    ]  # fmt: skip
    edited = written.replace("---\n\n<!--", "---\n\nAbout **tea**.\n\n<!--", 1)
    edited = edited.replace("license: mit\n", "license: mit\nannotations_creators: [me]\n")
    place.write_text(edited)
    pairsmith.build(source, out, template="chatml", force=True, card={"license": "apache-2.0"})
    now = place.read_text()
    assert "About **tea**." in now
    assert "annotations_creators: [me]\n" in now
    assert "license: apache-2.0\n" in now
    assert "`chatml` chat format" in now
    assert not (out / "README.md.old").exists()
    assert pairsmith.check(out) == []
    place.write_text(now.replace("## Load it", "## Load it, or not"))
    pairsmith.build(source, out, force=True)
    assert "## Load it, or not" in (out / "README.md.old").read_text()
    assert "## Load it, or not" not in place.read_text()
    assert "About **tea**." in place.read_text()
