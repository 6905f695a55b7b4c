"""Models as they are found in folders: those that fit are loaded, others refused by name."""

import json
from dataclasses import replace
from functools import partial

import pytest

from pairsmith.errors import ModelError, PairsmithError
from pairsmith.models.folders import find_model, model_sha256
from pairsmith.models.loading import load_for_training, load_scorer
from pairsmith.models.run_folder import RunManifest, list_outputs, read_run, write_run
from pairsmith.schema.rows import Form
from support.models.folders import write_causal, write_scorer

TEXT = "\n\nHuman: How do I water the fern?\n\nAssistant: Every morning."


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    return write_causal(tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    return write_scorer(tmp_path_factory.mktemp("scorer"))


def change(folder, name, **fields):
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_model_to_train_pads_with_a_token_of_its_own(causal):
    made = load_for_training(str(causal), Form.TEXT, seed=1)
    assert made.tokenizer.pad_token_id not in (made.tokenizer.eos_token_id, None)
    assert made.model.config.pad_token_id == made.tokenizer.pad_token_id
    assert len(made.model.get_input_embeddings().weight) > made.tokenizer.pad_token_id
    assert "padding with EOS" in made.remark


def test_the_end_of_a_text_is_read(causal):
    """Where pad is EOS, a text with EOS and without it score alike."""
    import torch

    made = load_for_training(str(causal), Form.TEXT, seed=1)
    ended, open_ = (made.tokenizer(text)["input_ids"] for text in (TEXT + "</s>", TEXT))
    with torch.no_grad():
        scores = [made.model(torch.tensor([ids])).logits.item() for ids in (ended, open_)]
    assert scores[0] != scores[1]


def test_a_head_comes_from_its_seed(causal):
    heads = [
        load_for_training(str(causal), Form.TEXT, seed=seed).model.score.weight.tolist()
        for seed in (1, 1, 2)
    ]
    assert heads[0] == heads[1] != heads[2]


def test_a_scorer(scorer):
    made = load_scorer(str(scorer), Form.TEXT)
    assert (made.form, made.template, made.remark) == (None, None, "")
    assert not made.model.training
    assert made.sha256 == model_sha256(scorer)


def test_another_weight_is_another_model(scorer, tmp_path):
    other = write_scorer(tmp_path / "other", hidden=8)
    again = write_scorer(tmp_path / "again")
    assert model_sha256(scorer) == model_sha256(again) != model_sha256(other)


def test_a_causal_model_is_no_scorer(causal):
    with pytest.raises(ModelError, match="gives no scores: it is a LlamaForCausalLM"):
        load_scorer(str(causal), Form.TEXT)


@pytest.mark.parametrize("load", [load_scorer, load_for_training], ids=["score", "train"])
def test_two_labels(load, tmp_path):
    folder = write_scorer(tmp_path / "two")
    change(folder, "config.json", id2label={"0": "worse", "1": "better"})
    with pytest.raises(ModelError, match="2 labels"):
        load(str(folder), Form.TEXT, **({"seed": 1} if load is load_for_training else {}))


def test_a_tokenizer_of_another_model(tmp_path):
    from support.tiny import llama_tokenizer

    folder = write_scorer(tmp_path / "small")
    llama_tokenizer([f"word{n}" for n in range(2000)], vocabulary=900).save_pretrained(folder)
    with pytest.raises(ModelError, match="makes ids up to"):
        load_scorer(str(folder), Form.TEXT)


def test_pickled_weights_are_not_opened(tmp_path):
    folder = write_scorer(tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="no weights as safetensors"):
        load_scorer(str(folder), Form.TEXT)


@pytest.mark.parametrize("name", ["", "no/such/model/here", "../nowhere"])
def test_no_model(name):
    with pytest.raises(ModelError, match="No folder"):
        find_model(name)


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(ModelError, match="config.json is missing"):
        find_model(str(tmp_path))


def test_a_broken_model(tmp_path):
    folder = write_scorer(tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"none")
    with pytest.raises(PairsmithError, match="cannot be loaded"):
        load_scorer(str(folder), Form.TEXT)


def take_away(folder, part):
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    kept = {key: held for key, held in load_file(path).items() if part not in key}
    save_file(kept, path, {"format": "pt"})


@pytest.mark.parametrize("part", ["score", "q_proj"])
def test_weights_that_lack_some_are_not_drawn_at_random(tmp_path, part):
    """A score by a head that nobody trained looks like any other."""
    folder = write_scorer(tmp_path / "part")
    take_away(folder, part)
    for load in (load_scorer, partial(load_for_training, seed=1)):
        with pytest.raises(ModelError, match=f"is not whole: its weights lack .*{part}"):
            load(str(folder), Form.TEXT)


def test_of_a_causal_model_the_head_alone_may_be_new(tmp_path):
    folder = write_causal(tmp_path / "part")
    take_away(folder, "lm_head")
    assert load_for_training(str(folder), Form.TEXT, seed=1).model.config.num_labels == 1
    take_away(folder, "q_proj")
    with pytest.raises(ModelError, match="is not whole"):
        load_for_training(str(folder), Form.TEXT, seed=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"hidden_size": "many"},
        {"hidden_size": -5},
        {"num_attention_heads": 0},
        {"num_hidden_layers": 10**6},
        {"num_labels": 10**9},
        {"text_config": {"n_layer": 10**6}},
        {"vocab_size": 10**9},
        {"architectures": [1]},
        {"architectures": "LlamaForSequenceClassification"},
        {"max_position_embeddings": -1},
        {"attn_implementation": "tea/kernel"},
        {"_attn_implementation": {"": "tea/kernel@main:fern"}},
        {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}},
    ],
    ids=[
        "type",
        "sign",
        "zero",
        "layers",
        "labels",
        "nested",
        "vocabulary",
        "kinds",
        "kind",
        "places",
        "kernel",
        "kernels",
        "library",
    ],
)
def test_settings_of_no_model(tmp_path, fields):
    folder = write_scorer(tmp_path / "odd")
    change(folder, "config.json", **fields)
    with pytest.raises(ModelError, match=r"odd (cannot be read|cannot be loaded)"):
        load_scorer(str(folder), Form.TEXT)


def run_of(folder, **fields):
    """What the manifest of a run tells whose files lie in a folder."""
    run = RunManifest(
        pairsmith="1",
        kind="reward",
        build={"name": "OUT", "sha256": "0" * 64},
        base={"name": "tiny", "sha256": "1" * 64},
        form=Form.TEXT,
        template=None,
        config={"seed": 1},
        ledger={"pairs/train": {"read": 3, "trained": 3}},
        metrics={},
        versions={"trl": "1"},
        outputs=list_outputs(folder),
    )
    return replace(run, **fields)


def test_the_manifest_of_a_run(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "left").write_text("")
    ledger = {"pairs/train": {"read": 3, "trained": 2, "too_long": 1}}
    made = run_of(tmp_path, form=Form.MESSAGES, ledger=ledger, metrics={"loss": 0.5})
    write_run(tmp_path, made)
    assert read_run(tmp_path) == made
    assert [entry.path for entry in made.outputs] == ["config.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": 1, "template": null}'])
def test_no_manifest_of_a_run(text, tmp_path):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match="not a run's manifest"):
        read_run(tmp_path)


def manifest_of(folder, **fields):
    write_run(folder, run_of(folder))
    change(folder, "manifest.json", **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"build": {}},
        {"base": "tiny"},
        {"config": []},
        {"ledger": {"pairs/train": 3}},
        {"ledger": {"pairs/train": {"read": "3"}}},
        {"outputs": [{"path": 1, "bytes": 1, "sha256": ""}]},
        {"outputs": [[]]},
        {"metrics": None},
    ],
    ids=["build", "base", "config", "ledger", "count", "path", "file", "metrics"],
)
def test_an_edited_manifest_of_a_run(fields, tmp_path):
    manifest_of(tmp_path, **fields)
    with pytest.raises(ModelError, match="not a run's manifest"):
        read_run(tmp_path)


def test_a_model_put_in_the_place_of_a_runs_is_noticed(tmp_path):
    folder = write_scorer(tmp_path / "run")
    manifest_of(folder)
    assert load_scorer(str(folder)).form == Form.TEXT
    other = write_scorer(tmp_path / "other", hidden=32)
    (folder / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"not what its run wrote: model\.safetensors"):
        load_scorer(str(folder))


def test_a_template_put_beside_a_runs_model_is_noticed(tmp_path):
    folder = write_scorer(tmp_path / "run")
    manifest_of(folder)
    (folder / "added_tokens.json").write_text("{}")
    with pytest.raises(ModelError, match=r"not what its run wrote: added_tokens\.json"):
        load_scorer(str(folder))
