"""Where a model computes: there, or refused by name."""

import pytest

from pairsmith.errors import ModelError
from pairsmith.models.devices import choose_device

pytest.importorskip("torch")


@pytest.mark.parametrize("name", ["meta", "nonsense", "cpu:x", ""], ids=["meta", "word", "n", ""])
def test_what_computes_nothing_is_no_device(name):
    with pytest.raises(ModelError, match="There is no device"):
        choose_device(name)


def test_a_device_that_is_there():
    assert choose_device("cpu") == "cpu"
