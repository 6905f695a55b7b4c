"""Models that do not belong together are refused by name, before weights are read."""

from types import SimpleNamespace

import pytest

from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import ModelError
from pairsmith.schema.rows import Form
from pairsmith.training.fit import name_model
from pairsmith.training.rl.fit import check_models
from support.models.folders import write_causal, write_scorer
from support.models.id_rows import WORDS
from support.models.tokenizers import PLAIN, write_tokenizer

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Writes a model, of which the weights are then lost; returns what is named of it."""
    folder = tmp_path_factory.mktemp("models")

    def make(
        name, write=write_scorer, words=WORDS, make="bytes-bos-eos", form="messages", **tokens
    ):
        place = folder / name
        if not place.exists():
            tokenizer = write_tokenizer(place, words, make, **tokens)
            write(place, tokenizer=tokenizer)
            (place / "model.safetensors").unlink()
        return name_model(str(place), Form(form))

    return make


def check(policy, judge, build):
    check_models(policy, {"reward": judge}, read_manifest(build))


def test_a_padding_token_that_training_added_is_no_difference(models, small):
    policy, judge = models("policy", write_causal), models("judge")
    assert len(judge.tokenizer) == len(policy.tokenizer) + 1
    assert check(policy, judge, small.messages) is None
    assert policy.room == 4096


def test_other_vocabularies_are_refused(models, small):
    policy, judge = models("policy", write_causal), models("other", words=["Sage", "Mint"])
    with pytest.raises(ModelError, match=r"vocabularies of .*policy and of .*other differ in") as e:
        check(policy, judge, small.messages)
    assert "there and" in e.value.message
    assert "trained from this policy" in e.value.hint


def test_other_chat_templates_are_refused_where_they_are_used(models, small):
    policy, judge = models("policy", write_causal), models("plain", chat=PLAIN)
    with pytest.raises(ModelError, match=r"chat templates of .* differ, from character"):
        check(policy, judge, small.messages)
    assert check(policy, judge, small.text) is None


def test_models_of_another_kind_are_refused(models, small):
    policy, judge = models("policy", write_causal), models("judge")
    with pytest.raises(ModelError, match="policy, named by --reward, gives no scores"):
        check(policy, policy, small.messages)
    with pytest.raises(ModelError, match="judge gives scores, and writes no replies"):
        check(judge, judge, small.messages)


def test_a_run_on_rows_of_another_form_is_refused(models, small):
    policy, judge = models("policy", write_causal), models("judge")

    made = judge._replace(run=SimpleNamespace(form=Form.TEXT, template=None))
    with pytest.raises(ModelError, match="judge was trained on text, and the build holds messages"):
        check(policy, made, small.messages)
