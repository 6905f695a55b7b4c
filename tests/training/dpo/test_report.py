"""What an evaluation of a policy says on the screen."""

import pytest

from pairsmith.training.dpo.report import to_verdict

NOTHING = {"estimate": 0.0, "low": None, "high": None}


@pytest.mark.parametrize(
    ("ties", "said"),
    [
        (0, "chance is 50 %."),
        (7, "and 7 with equal log-ratios are counted as wrong."),
        (8, "More rows, more steps or a higher learning rate move it."),
    ],
)
def test_ties_are_told(ties, said):
    share = {"share": 0.0, "low": 0.0, "high": 0.324, "rows": 8}
    numbers = {
        "accuracy": {"all": share, "ties": ties},
        "log_ratio": {"chosen": NOTHING, "rejected": NOTHING},
    }
    lines = to_verdict(numbers, None)
    assert lines[0].endswith(said)
    assert lines[-1] == "No prompt leaves room for a reply, so none was sampled."
