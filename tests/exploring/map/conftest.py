"""Reports with a map, and a browser to look at them."""

import pytest

from support.chromium import launched, looking
from support.mapped import explored, strange_rows


@pytest.fixture(scope="package")
def report(tmp_path_factory):
    return explored(tmp_path_factory.mktemp("mapped"), strange_rows())


@pytest.fixture(scope="module")  # of a package it would still be open where another opens its own
def browser():
    with launched() as opened:
        yield opened


@pytest.fixture
def look(browser, report):
    """Opens the report; afterwards nothing may have been fetched or complained of."""
    with looking(browser, report) as opened:
        yield opened
