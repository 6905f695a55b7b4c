"""Where replies end by a model's settings for generation: recorded where its hash does not tell."""

import json

import pytest

from pairsmith.errors import ModelError
from pairsmith.models.folders import model_sha256
from pairsmith.models.generation_settings import FILE, recorded_ends, sample_by_default


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text('{"eos_token_id": [2, 7]}')
    return tmp_path


@pytest.mark.parametrize(
    ("named", "ends"),
    [([7, 2], {}), ([2], {"ends": "2"}), (11, {"ends": "11"}), ([9, 10], {"ends": "9,10"})],
)
def test_ends_that_settings_do_not_tell_are_recorded(folder, named, ends):
    before = model_sha256(folder)
    (folder / FILE).write_text(json.dumps({"eos_token_id": named, "top_k": 5}))
    sample_by_default(folder)
    assert recorded_ends(folder, "tea") == ends
    assert model_sha256(folder) == before  # whoever edits the rest has the same model


def test_settings_that_cannot_be_read_are_told(folder):
    assert recorded_ends(folder, "tea") == {}
    (folder / FILE).write_text("{")
    with pytest.raises(ModelError, match=f"The {FILE} of tea cannot be read"):
        recorded_ends(folder, "tea")
