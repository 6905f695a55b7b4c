"""The label model: its penalty is that of C = 1, and its folds are held out."""

import numpy as np
import pytest

linear_model = pytest.importorskip("sklearn.linear_model")
sparse = pytest.importorskip("scipy.sparse")

from pairsmith.scoring import linear  # noqa: E402 - after what it needs is known to be there

ROWS, WORDS = 2_000, 40


@pytest.fixture(scope="module")
def differences():
    """Differences of random features, of which the first eight tell chosen from rejected."""
    draw = np.random.default_rng(5)
    weights = np.where(np.arange(WORDS) < 8, 2.0, 0.0)
    features = draw.normal(0, 0.5, (ROWS, WORDS))
    right = draw.random(ROWS) < linear.to_probability(features @ weights)
    return sparse.csr_array(np.where(right, 1, -1)[:, None] * features)


def train(model, differences, epochs):
    folds = np.ones(ROWS, np.int8)  # none is of the model's own fold
    for _ in range(epochs):
        linear._train([model], differences, folds)
    return linear._predict([model], differences, np.zeros(ROWS, np.int8))


def test_the_penalty_of_2000_rows():
    assert linear._new_model(2_000).alpha == 0.0005


def test_with_more_epochs_it_converges_to_the_exact_solution(differences):
    signed = np.where(np.arange(ROWS) % 2, -1, 1)[:, None] * differences.toarray()
    exact = linear_model.LogisticRegression(C=1, fit_intercept=False)
    exact.fit(signed, np.where(np.arange(ROWS) % 2, -1, 1))
    expected = differences @ exact.coef_[0]
    found = train(linear._new_model(ROWS), differences, 100)
    assert np.corrcoef(found, expected)[0, 1] > 0.999
    # of C = 0.01 and 100 the scale would be 0.3 and 10
    assert np.polyfit(expected, found, 1)[0] == pytest.approx(1, abs=0.1)


def test_rows_of_its_own_fold_teach_a_model_nothing(differences):
    folds = (np.arange(ROWS) < ROWS // 2).astype(np.int8)
    changed = differences.toarray()
    changed[folds == 0] *= -1
    scores = []
    for data in (differences, sparse.csr_array(changed)):
        model = linear._new_model(ROWS // 2)
        linear._train([model], data, folds)
        scores.append(model.coef_[0])
    assert np.array_equal(*scores)


def test_equal_replies_have_no_margin():
    model = linear._new_model(2)
    model.coef_ = np.ones((1, WORDS))
    nothing = sparse.csr_array((2, WORDS))
    assert linear._predict([model], nothing, np.zeros(2, np.int8)).tolist() == [0, 0]
