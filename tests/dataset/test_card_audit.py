"""The card's section on quality: where it goes, and whose card is left alone."""

import shutil
from dataclasses import replace

import pytest

import pairsmith
from pairsmith.auditing.answer import Answer
from pairsmith.auditing.verdict import Claim, Level
from pairsmith.dataset import card_audit
from pairsmith.dataset.card import HERE, card_text
from pairsmith.dataset.manifest import read_manifest
from support.slow import slow
from support.standins import STANDINS, nothing

pytest.importorskip("duckdb")


@pytest.fixture
def out(sample_text, tmp_path):
    return shutil.copytree(sample_text, tmp_path / "out")


def card(out):
    return (out / "README.md").read_text()


def still_nothing(study):
    """Another answer than before: where it is the same, the audit that says more stays."""
    return replace(nothing(study), sentence="There still is nothing to find.")


def test_the_card_of_a_build_gets_the_section(out):
    before = card(out)
    pairsmith.audit(out, questions=STANDINS)
    after = card(out)
    assert after != before
    assert (
        card_audit.without_section(after.encode()).decode()
        == before
        == card_text(read_manifest(out))
    )
    assert after.index("## The ledger") < after.index("## Quality") < after.index("## The recipe")
    assert "| Lengths | Lengths differ. | 20 |" in after
    assert "| Never answered | Not answered: There is one subset" in after
    assert pairsmith.check(out) == []


def test_the_section_opens_with_the_verdict(out):
    def leaky(study):
        mended = "pairsmith build SOURCE NEW --apply OUT/annotations/audit:odd"
        claims = (Claim(Level.ACT, "9 rows | leak.", 0.5, mended), Claim(Level.FINE, "No.", 0))
        return Answer("leaky", "Leaky", "It leaks.", claims=claims)

    pairsmith.audit(out, questions={"leaky": leaky})
    section = card(out).partition("## Quality")[2].partition("| question |")[0]
    command = f"`pairsmith build SOURCE NEW --apply {HERE}/annotations/audit:odd`"
    assert f"- **Act on this**: 9 rows \\| leak. {command}\n- **Fine**: No.\n" in section
    assert f"`pairsmith explore {HERE}`" in section


def test_a_second_audit_takes_its_place(out):
    pairsmith.audit(out, questions=STANDINS)
    pairsmith.audit(out, questions={"nothing": still_nothing})
    assert card(out).count("## Quality") == 1
    assert "Never answered" not in card(out)
    assert "| Nothing | There still is nothing to find. | 0 |" in card(out)


def test_a_card_with_words_of_others_gets_the_section_and_keeps_them(out):
    (out / "README.md").write_text(card(out) + "\nA word of mine.\n")
    before = card(out)
    pairsmith.audit(out, questions=STANDINS)
    assert card_audit.without_section(card(out).encode()).decode() == before
    assert "## Quality" in card(out)


def test_a_card_that_somebody_else_wrote_stays(out):
    front = card(out).partition("\n---\n")[0]
    (out / "README.md").write_text(f"{front}\n---\n# Mine\n\n## The recipe\n")
    before = card(out)
    pairsmith.audit(out, questions=STANDINS)
    assert card(out) == before


@slow
def test_an_edited_card_that_has_the_section_gets_the_new_one(out):
    pairsmith.audit(out, questions=STANDINS)
    (out / "README.md").write_text(card(out) + "\nA word of mine.\n")
    pairsmith.audit(out, questions={"nothing": still_nothing})
    assert card(out).endswith("\nA word of mine.\n")
    assert "Never answered" not in card(out)
    assert "| Nothing |" in card(out)


def test_sections_by_somebody_else_stay(out):
    text = card(out) + 2 * f"\n{card_audit.BEGIN}\nmine\n{card_audit.END}\n"
    (out / "README.md").write_text(text)
    pairsmith.audit(out, questions=STANDINS)
    assert card(out) == text


def test_a_card_that_is_no_text_stays(out):
    held = card(out).encode() + b"\xff\n"
    (out / "README.md").write_bytes(held)
    made = {"pairsmith": "1", "rows": {"kept": 1}, "questions": {}}
    assert not card_audit.write_section(out, made)
    assert (out / "README.md").read_bytes() == held


def test_a_new_build_takes_section_and_audit_away(out):
    pairsmith.audit(out, questions=STANDINS)
    pairsmith.build("sample", out, template="chatml", force=True)
    assert not (out / "audit").exists()
    assert not (out / "README.md.old").exists()
    assert "## Quality" not in card(out)
    assert pairsmith.check(out) == []


@slow
def test_a_new_build_leaves_what_is_not_of_the_audit(out):
    pairsmith.audit(out, questions=STANDINS)
    (out / "audit" / "mine.txt").write_text("x")
    (out / "README.md").write_text(card(out) + "\nA word of mine.\n")
    pairsmith.build("sample", out, template="chatml", force=True)
    assert list((out / "audit").iterdir()) == [out / "audit" / "mine.txt"]
    assert card(out).endswith("\nA word of mine.\n")
    assert "## Quality" not in card(out)
    assert not (out / "README.md.old").exists()


def test_cells_stay_cells():
    held = {"title": "a|b\n<script>", "sentence": "x | y *z*", "unanswered": "", "findings": 1_000}
    made = {"pairsmith": "1", "rows": {"kept": 1}, "questions": {"q": held}}
    assert r"| a\|b \<script\> | x \| y \*z\* | 1,000 |" in card_audit.section(made)
