"""Weights as they lie in a folder, and what a device has no room for."""

import pytest

from pairsmith.errors import ModelError
from pairsmith.models.forward import in_memory
from pairsmith.models.weights import check_weights

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_weights_that_are_no_numbers_are_told(tmp_path, bad):
    from safetensors.torch import save_file

    whole = {"a.weight": torch.ones(3, dtype=torch.bfloat16), "places": torch.arange(3)}
    save_file(whole, tmp_path / "model-1.safetensors")
    check_weights(tmp_path)
    save_file({"b.weight": torch.tensor([1.0, bad])}, tmp_path / "model-2.safetensors")
    with pytest.raises(ModelError, match=r"no finite numbers, of b\.weight first"):
        check_weights(tmp_path)


def test_memory_that_is_not_there_is_told():
    with (
        pytest.raises(ModelError, match="too little memory for a tea"),
        in_memory("a tea", "Brew less."),
    ):
        torch.empty(1 << 58, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="size"), in_memory("a tea", "Brew less."):
        torch.ones(2) + torch.ones(3)
