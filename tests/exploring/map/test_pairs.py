"""A build of pairs has a map of its pairs."""

import pytest

import pairsmith
from support.chromium import looking
from support.mapped import held_in, open_first, ready, status
from support.slow import slow


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    """The report on forty pairs."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = [
        {
            "chosen": f"\n\nHuman: Tea number {n}?\n\nAssistant: {'Green. ' * (n % 5 + 1)}",
            "rejected": f"\n\nHuman: Tea number {n}?\n\nAssistant: No {n}.",
        }
        for n in range(40)
    ]
    pairsmith.build(rows, folder / "out")
    return pairsmith.explore(folder / "out", only=["pair_form"]).folder / "report.html"


def test_every_pair_is_a_dot_with_its_prompt_and_both_replies(paired):
    held = held_in(paired)
    assert held["head"]["what"] == "pair"
    assert held["head"]["rows"] == 40
    assert held["words-0"][7] == [None, "Tea number 7?"]
    assert held["transcripts-0"][7] == ["ucr", None, "Green. Green. Green.", "No 7."]
    names = [one["name"] for one in held["head"]["columns"] if one["role"] == "category"]
    assert names[0] == "longer reply"


@slow
def test_a_pair_opens_with_both_replies(browser, paired):
    with looking(browser, paired) as opened:
        page = ready(opened())
        assert status(page) == "40 of 40 pairs shown."
        open_first(page)
        page.click("text=Show texts")
        page.locator("#map-panel .said").first.wait_for()
        assert page.locator("#map-panel .who").all_inner_texts() == ["User", "Chosen", "Rejected"]
        assert page.locator("#map-panel .said").first.inner_text() == "Tea number 0?"
