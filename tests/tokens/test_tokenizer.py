"""A tokenizer that is missing, or cannot do what is wanted: one sentence and a hint."""

import builtins
import json

import pytest

import pairsmith
from pairsmith.errors import OutputError, RecipeError, TokenizerError

ROW = [("Is it late?", "No.", "Yes.")]


def refused(out, folder, *words, kind=TokenizerError, **options):
    with pytest.raises(kind) as caught:
        pairsmith.preview(out, folder, **options)
    for word in words:
        assert word in str(caught.value)


def test_text_wants_eos(build, tokenizer):
    out = build(ROW, template="llama2")
    refused(out, tokenizer(eos_token=None, pad_token="<s>"), "no EOS token", "eos_token")


def test_messages_want_a_template(build, tokenizer):
    refused(build(ROW), tokenizer(chat=None), "has no chat template", "--template")


def test_text_wants_no_template(build, tokenizer):
    assert pairsmith.preview(build(ROW, template="llama2"), tokenizer(chat=None)).totals.rows == 1


def test_a_template_that_is_not_one(build, tokenizer):
    refused(build(ROW), tokenizer(chat="{% for %}"), "is not Jinja", "Mend it")


def test_a_template_for_parts(build, tokenizer):
    chat = "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}"
    refused(build(ROW), tokenizer(chat=chat), "lists of parts", "text model")


@pytest.mark.parametrize("name", ["/nowhere/at/all", "a/b/c", "two words"])
def test_no_such_folder(build, name):
    pytest.importorskip("transformers")
    refused(build(ROW), name, f"There is no folder {name}.")


def test_a_file_or_nothing_in_place_of_a_folder(build, tokenizer):
    refused(build(ROW), tokenizer() / "tokenizer.json", "tokenizer.json is not a folder.")
    refused(build(ROW), "", "No tokenizer is named.")


def test_a_folder_without_a_tokenizer(build, tmp_path):
    pytest.importorskip("transformers")
    (tmp_path / "empty").mkdir()
    refused(build(ROW), tmp_path / "empty", "cannot be loaded", "tokenizer.json")
    (tmp_path / "empty" / "tokenizer.json").write_text("{")
    refused(build(ROW), tmp_path / "empty", "cannot be loaded")


def test_its_code_is_not_run(build, tokenizer, tmp_path):
    folder = tokenizer()
    held = json.loads((folder / "tokenizer_config.json").read_text())
    held |= {"auto_map": {"AutoTokenizer": ["own.Own", None]}, "tokenizer_class": "Own"}
    (folder / "tokenizer_config.json").write_text(json.dumps(held))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    refused(build(ROW), folder, "contains custom code")
    assert not (tmp_path / "ran").exists()


def test_the_hub_that_is_not_there(build, monkeypatch):
    pytest.importorskip("transformers")
    from huggingface_hub import errors

    def offline(name, timeout):
        raise errors.OfflineModeIsEnabled

    monkeypatch.setattr("huggingface_hub.model_info", offline)
    refused(build(ROW), "nobody/has-this", "the hub cannot be reached", "Name a folder")


def test_the_extra_is_named(build, tokenizer, monkeypatch):
    folder, real = tokenizer(), builtins.__import__

    def without(name, *args):
        if name == "transformers":
            raise ImportError("No module named 'transformers'")
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    refused(build(ROW), folder, "'transformers'", "pip install '.[tokens]'")


def test_bad_requests(sample_text, tokenizer, tmp_path):
    folder = tokenizer()
    refused(sample_text, folder, "'other'", "trl", kind=RecipeError, trainer="other")
    refused(sample_text, folder, "out of range", kind=RecipeError, max_length=0)
    refused(sample_text, folder, "cannot be shown", kind=RecipeError, rows=-1)
    refused(tmp_path / "none", folder, "There is no folder", kind=OutputError)
    refused(sample_text, folder, "no subset", "helpful-base", kind=OutputError, subset="x")
    red = "red-team-attempts"
    refused(sample_text, folder, "dialogues", "pairs", kind=OutputError, subset=red)
