"""pairsmith export: what is printed, and with which exit status."""

import json

import pytest


def test_it_prints_files_and_configuration(run, sample_messages, tmp_path):
    code, printed, errors = run("export", sample_messages, tmp_path / "dest", "--for", "axolotl")
    assert (code, errors) == (0, "")
    lines = printed.splitlines()
    assert lines[0] == "harmless-base/test.jsonl                       3 rows"
    assert f"{tmp_path / 'dest'}: 47 pairs for axolotl, in 47 rows." in lines
    assert "Left out: red-team-attempts: dialogues, not pairs." in lines
    assert f"Configuration, in {tmp_path / 'dest' / 'axolotl.yaml'}:" in lines
    assert "  rl: dpo" in lines


def test_it_tells_what_it_leaves_out(run, tmp_path):
    out = tmp_path / "out"
    policies = [f"--on={reason}=keep" for reason in ("bad_roles", "identical")]
    run("build", "sample", out, *policies)
    code, printed, _ = run("export", out, tmp_path / "dest", "--for", "ms-swift")
    assert code == 0
    assert "Left out: bad_roles 2 (helpful-base/test/2, helpful-online/train/3)\n  the " in printed
    assert "Left out: identical 1 (helpful-base/train/5)\n  chosen and rejected are" in printed


def test_json(run, sample_messages, tmp_path):
    dest = tmp_path / "dest"
    code, printed, _ = run("export", sample_messages, dest, "--for", "trl-kto", "--json")
    held = json.loads(printed)
    assert code == 0
    keys = ["trainer", "files", "left_out", "dialogues", "config", "not_carried"]
    assert list(held) == keys
    assert held["files"][0] == {
        "subset": "harmless-base", "split": "test", "path": "harmless-base/test.jsonl",
        "pairs": 3, "rows": 6, "columns": ["id", "prompt", "completion", "label"],
    }  # fmt: skip
    assert (dest / held["config"]["name"]).read_text() == held["config"]["text"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--for", "dpo"], "There is no trainer 'dpo'"), ([], "Missing option '--for'")],
)
def test_a_request_that_cannot_be_carried_out(run, sample_messages, tmp_path, arguments, said):
    code, printed, errors = run("export", sample_messages, tmp_path / "dest", *arguments)
    assert (code, printed) == (2, "")
    assert said in errors


def test_text_for_a_trainer_that_renders(run, sample_text, tmp_path):
    code, _, errors = run("export", sample_text, tmp_path / "dest", "--for", "openrlhf")
    assert code == 2
    assert "this build is text in the llama2 format." in errors
    assert "Build again with --as messages." in errors
