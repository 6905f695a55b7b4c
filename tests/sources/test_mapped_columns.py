"""Fields that `--columns` names: told apart from what is known by itself, and misspelt ones."""

import pytest

from pairsmith.errors import SourceError
from pairsmith.sources.detection.describe import describe
from pairsmith.sources.outcomes import Comparison
from pairsmith.sources.rows.detected import Asked
from pairsmith.sources.rows.mapping import parse_columns
from pairsmith.sources.rows.reading import read_row
from support.public_shapes import ASKED, BAD, GOOD


def replies(row, columns):
    """The better and the worse reply of a row whose columns are named so."""
    held = describe([row], Asked(columns=parse_columns(columns)), "the source")
    (outcome,) = read_row(row, held.shape()).outcomes
    assert isinstance(outcome, Comparison)
    return outcome.chosen[-1]["content"], outcome.rejected[-1]["content"]


def fault(row, columns):
    with pytest.raises(SourceError) as raised:
        describe([row], Asked(columns=parse_columns(columns)), "the source")
    return raised.value


def test_a_misspelt_field_is_told_though_the_rows_have_no_shape():
    row = {"headline": ASKED, "winning_text": GOOD, "losing_text": BAD}
    said = fault(row, "prompt=headlin")
    assert "No row has the field 'headlin'" in said.message
    assert said.hint == "Perhaps: --columns prompt=headline"


def test_a_field_inside_of_replies_that_are_known_by_themselves():
    row = {
        "prompt": ASKED,
        "answers": [{"text": GOOD, "likes": 5, "score": 1}, {"text": BAD, "likes": 2, "score": 3}],
    }
    for columns in ("score=likes", "score=answers[].likes"):
        assert replies(row, columns) == (GOOD, BAD)
    assert "No row has the field 'likez'" in fault(row, "score=likez").message
    row = {"prompt": ASKED, "answers": [{"text": BAD}, {"text": GOOD}], "marks": [1, 2]}
    columns = "prompt=prompt,replies=answers,text=text,score=marks"
    assert replies(row, columns) == (GOOD, BAD)
