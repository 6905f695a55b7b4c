"""pairsmith preview: what is drawn, with colours and without, and what --json prints."""

import io
import json

import pytest
from rich.console import Console

import pairsmith
from pairsmith.cli.render import tokens
from pairsmith.tokens.row import Token, TokenizedRow
from support.tiny import llama_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tokenizer")
    llama_tokenizer(["Is the bus late? No, it is on time."]).save_pretrained(folder)
    return folder


def test_rows_and_totals(run, sample_text, tokenizer):
    args = ("preview", sample_text, "--tokenizer", tokenizer, "--max-length", 4000, "-n", 2)
    code, printed, errors = run(*args, "--for", "trl", "--subset", "helpful-base")
    assert (code, errors) == (0, "")
    assert printed.count("helpful-base/test/") == 2
    assert "⟨<s>⟩¦[¦I¦N¦S¦T¦]¦ " in printed
    assert "¦⟨</s>⟩" in printed
    assert "⟨cut⟩" not in printed
    assert "11   there are" in printed
    assert "half have at most" in printed
    assert "dialogues" not in printed


def test_what_is_cut_and_dropped_is_said(run, sample_messages, tokenizer):
    args = ("preview", sample_messages, "--tokenizer", tokenizer, "-n", 100)
    _, printed, _ = run(*args, "--max-length", 300)
    assert "⟨cut⟩" in printed
    assert "dropped: that fills 300" in printed
    assert ", cut at " in printed
    assert "Left out are 18 dialogues, which are no pairs." in printed
    assert "Read as special tokens: '</s>' 1." in printed


def test_what_a_reward_trainer_drops_is_said(run, sample_messages, tokenizer):
    args = ("preview", sample_messages, "--tokenizer", tokenizer, "--for", "trl-reward")
    code, printed, errors = run(*args, "--max-length", 300, "-n", 100)
    assert (code, errors) == (0, "")
    assert "dropped: a side is over 300" in printed
    assert "have a side of more than 300 tokens: dropped (chosen " in printed
    assert "cut" not in printed.replace("⟨cut⟩", "cut")
    assert "the whole does not begin with" not in printed
    _, printed, _ = run(*args, "--max-length", 300, "-n", 100, "--json")
    held = json.loads(printed)
    assert any(row["dropped"] for row in held["rows"])
    assert {at for row in held["rows"] for at in row["cut"].values()} == {None}
    assert held["totals"]["dropped"] == held["totals"]["too_long"]["rows"] > 0


def test_json(run, sample_text, tokenizer):
    args = ("preview", sample_text, "--tokenizer", tokenizer, "--max-length", 300, "--json")
    _, printed, _ = run(*args, "-n", 5)
    held = json.loads(printed)
    seen = pairsmith.preview(sample_text, tokenizer, max_length=300, rows=5)
    assert held["totals"] == json.loads(json.dumps(seen.totals.to_dict()))
    assert len(held["rows"]) == 5
    for row in held["rows"]:
        for part in ("prompt", "chosen", "rejected"):
            assert len(row["tokens"][part]) == len(row[f"{part}_ids"])
        room = max(300 - len(row["prompt_ids"]), 0)
        assert row["cut"]["chosen"] == (room if room < len(row["chosen_ids"]) else None)
        assert row["dropped"] is (room == 0)
        assert row["tokens"]["prompt"][0] == "<s>"
    _, printed, _ = run(*args, "-n", 0)
    assert json.loads(printed)["rows"] == []


def test_tokens_put_together_are_the_text(run, sample_text, tokenizer):
    _, shown, _ = run("show", sample_text, "--json", "-n", 45)
    _, printed, _ = run("preview", sample_text, "--tokenizer", tokenizer, "--json", "-n", 45)
    for line, held in zip(shown.splitlines(), json.loads(printed)["rows"], strict=True):
        row = json.loads(line)
        assert row["id"] == held["id"]
        for side in ("chosen", "rejected"):
            text = "".join(held["tokens"]["prompt"] + held["tokens"][side])
            assert text == "<s>" + row["prompt"] + row[side]


def test_texts_do_not_steer_the_terminal(run, tmp_path, tokenizer):
    row = {
        "chosen": "\n\nHuman: [bold]a\x1b[2J\u202eb\n\nAssistant: :smile: \x07\nx",
        "rejected": "\n\nHuman: [bold]a\x1b[2J\u202eb\n\nAssistant: fine",
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out")
    _, printed, _ = run("preview", tmp_path / "out", "--tokenizer", tokenizer)
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "\u202e" not in printed
    assert "¦␛¦" in printed
    assert "¦␇¦↵" in printed


def test_a_template_that_speaks_does_not_steer_it_either(run, tmp_path, sample_messages, tokenizer):
    from transformers import AutoTokenizer

    made = AutoTokenizer.from_pretrained(tokenizer)
    made.chat_template = "{{ raise_exception('\\x1b[2J' + messages[0].content) }}"
    made.save_pretrained(tmp_path)
    code, _, errors = run("preview", sample_messages, "--tokenizer", tmp_path)
    assert code == 2
    assert "\x1b" not in errors
    assert "refuses every conversation: ␛[2J" in errors


def drawn(row, monkeypatch):
    file = io.StringIO()
    screen = Console(file=file, force_terminal=True, color_system="truecolor", width=60)
    monkeypatch.setattr(tokens, "console", lambda: screen)
    tokens.draw_rows([row])
    return file.getvalue()


def test_colours_tell_tokens_apart(monkeypatch):
    prompt = [Token(0, "<s>", True), Token(1, "one", False), Token(2, "two", False)]
    reply = [Token(3, "left", False), Token(4, "right", False)]
    printed = drawn(TokenizedRow("a/b/1", prompt, reply, reply[:1], 4), monkeypatch)
    assert "¦" not in printed
    assert "⟨" not in printed
    styles = {text: printed.split(text)[0].rpartition("\x1b[")[2] for text in ("one", "two")}
    assert styles["one"] != styles["two"]
    assert ";7;" in printed.split("<s>")[0] + ";"  # reverse
    style = printed.split("right")[0].rpartition("\x1b[")[2]
    assert style.startswith("2;9;")  # dim and struck
    assert not printed.split("left")[0].rpartition("\x1b[")[2].startswith("2;9;")


def test_a_long_row_is_not_drawn_whole(monkeypatch):
    prompt = [Token(1, "x", False)] * 4100
    assert "(100 more tokens)" in drawn(TokenizedRow("a/b/1", prompt, [], [], 9000), monkeypatch)


def test_characters_of_several_tokens_are_shown_once(run, tmp_path, tokenizer):
    row = {side: f"\n\nHuman: 日本?\n\nAssistant: {side} 😀" for side in ("chosen", "rejected")}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out")
    _, printed, _ = run("preview", tmp_path / "out", "--tokenizer", tokenizer, "--json")
    held = json.loads(printed)["rows"][0]["tokens"]
    assert "".join(held["prompt"]).count("日本") == 1
    assert "".join(held["chosen"]).endswith("chosen 😀 </s>")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--for", "other"], "Trainers: trl, trl-reward."),
        (["--subset", "none"], "It has harmless-base"),
        (["--subset", "red-team-attempts"], "the trainer wants pairs"),
    ],
)
def test_a_bad_request_is_one_sentence_and_a_hint(run, sample_text, tokenizer, args, message):
    code, printed, errors = run("preview", sample_text, "--tokenizer", tokenizer, *args)
    assert (code, printed) == (2, "")
    assert errors.startswith("pairsmith: ")
    assert message in errors
    assert "Traceback" not in errors


def test_a_tokenizer_must_be_named(run, sample_text):
    code, _, errors = run("preview", sample_text)
    assert code == 2
    assert "--tokenizer" in errors
