"""Small inputs of the kinds that people reported against other tools: each is built, and right.

They lie in ../shared/cases; what is right of each is said here again, in a few lines of Python
that share no code with what is tested.
"""

import json
import re
from pathlib import Path

import pytest

import pairsmith
from pairsmith.errors import PairsmithError
from support.built import (
    assert_balanced,
    assert_text_holds,
    ledger_of,
    pair_of,
    refused_of,
    shards_of,
)
from support.slow import quick, slow

CASES = Path(__file__).parents[2].parent / "shared" / "cases"
TEMPLATE = "qwen3"


@pytest.fixture(scope="module", autouse=True)
def cases():
    """The folder of cases."""
    if not CASES.is_dir():
        pytest.skip("the small inputs are not beside the repository, in ../shared/cases")
    return CASES


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def system(text):
    return {"role": "system", "content": text}


def part(chosen, rejected, tools=None):
    """Two whole conversations as prompt and replies."""
    at = next(n for n, (one, other) in enumerate(zip(chosen, rejected)) if one != other)  # noqa: B905
    return chosen[:at], chosen[at:], rejected[at:], tools


def joined(row):
    """Prompt and replies as lists of messages."""
    prompt, chosen, rejected = row["prompt"], row["chosen"], row["rejected"]
    return part(prompt + chosen, prompt + rejected, row.get("tools"))


def texts(row, prompt="prompt", chosen="chosen", rejected="rejected"):
    """Prompt and replies as texts, a system text beside them."""
    front = [system(row["system"])] if row.get("system") else []
    front += [turn for q, a in row.get("history", []) for turn in (user(q), assistant(a))]
    turns = [*front, user(row[prompt])]
    return turns, [assistant(row[chosen])], [assistant(row[rejected])], None


def whole(row):
    """Whole conversations, a system text beside them."""
    front = [system(row["system"])] if row.get("system") else []
    return part(front + row["chosen"], front + row["rejected"])


def written(row):
    """Conversations as JSON in texts."""
    chosen, rejected = json.loads(row["chosen"]), json.loads(row["rejected"])
    if isinstance(chosen, list):
        return part(chosen, rejected)
    return part(chosen["messages"], rejected["messages"], chosen["tools"])


def marked(row):
    """A prompt with `Human:` and `Assistant:`."""
    words = re.split(r"(Human|Assistant):", row["prompt"])[1:]
    roles = {"Human": user, "Assistant": assistant}
    turns = [roles[role](text.strip()) for role, text in zip(words[::2], words[1::2], strict=True)]
    replies = [[assistant(row[side].strip())] for side in ("chosen", "rejected")]
    return turns[:-1], *replies, None


def chatml(row):
    """A prompt in the ChatML format."""
    turns = re.findall(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>\n", row["prompt"], re.S)
    prompt = [{"role": role, "content": text} for role, text in turns]
    ends = [row[side].removesuffix("<|im_end|>\n") for side in ("chosen", "rejected")]
    return prompt, *([assistant(text)] for text in ends), None


def won(row):
    """Two conversations and a winner."""
    sides = row["conversation_a"], row["conversation_b"]
    return (
        "tie" if "tie" in row["winner"] else part(*sides[:: 1 if row["winner"][-1] == "a" else -1])
    )


def ranked(row):
    """The first of a ranking against the last."""
    texts = [answer["answer"] for answer in sorted(row["answers"], key=lambda one: one["rank"])]
    asked = row["prompt"].removeprefix("\n\nHuman: ").removesuffix("\n\nAssistant: ")
    return [user(asked)], [assistant(texts[0])], [assistant(texts[-1])], None


def outputs(row):
    """Outputs, the best first."""
    first, *_, last = row["output"]
    return [user(row["instruction"])], [assistant(first)], [assistant(last)], None


def parts(row):
    """Contents as parts."""

    def plain(side):
        return [{"role": one["role"], "content": one["content"][0]["text"]} for one in row[side]]

    return plain("prompt"), plain("chosen"), plain("rejected"), None


def asked_in_list(row):
    """A prompt as a list, replies in some other form."""
    prompt = row.get("messages") or row["prompt"]
    sides = []
    for side in ("chosen", "rejected"):
        reply = row[side]
        sides.append(
            [assistant(reply)] if isinstance(reply, str) else reply
            if isinstance(reply, list) else [reply]
        )  # fmt: skip
    return prompt, *sides, None


def roles(row):
    """Roles of other names, blank system turns."""
    prompt = row["input"]["messages"] if "input" in row else row["prompt"]
    prompt = [system(one["content"]) if one["role"] == "developer" else one for one in prompt]
    prompt = [one for one in prompt if one["content"]]
    sides = ("preferred_output", "non_preferred_output") if "input" in row else SIDES
    return prompt, *(row[side] for side in sides), None


SIDES = ("chosen", "rejected")


def scored(row):
    return "tie" if row["score_chosen"] == row["score_rejected"] else whole(row)


def with_image(row):
    assert row["images"]
    return "unread_content"


def labelled(rows):
    """Labelled replies: the good one of a prompt against the bad one."""
    told = {}
    for row in rows:
        told.setdefault(row["prompt"], {})[row["label"]] = [assistant(row["completion"])]
    return [([user(prompt)], held[True], held[False], None) for prompt, held in told.items()]


RIGHT = {
    "02-message-fields-lost/reasoning_content": joined,
    "02-message-fields-lost/tool_calls": joined,
    "03-r1-reasoning-stripped/think": joined,
    "04-json-in-strings/object_strings": written,
    "04-json-in-strings/prompt_and_json_strings": written,
    "06-already-templated/chatml_text": chatml,
    "07-human-marker-without-blank-line/dschat_prompt": marked,
    "07-human-marker-without-blank-line/lstripped": marked,
    "08-system-beside-the-prompt/prompt_pairs": texts,
    "08-system-beside-the-prompt/ultra": whole,
    "10-comparisons-not-chosen-rejected/arena_like": won,
    "10-comparisons-not-chosen-rejected/kto_like": labelled,
    "10-comparisons-not-chosen-rejected/nectar_like": ranked,
    "10-comparisons-not-chosen-rejected/three_outputs": outputs,
    "11-other-column-names/orca_like": lambda row: texts(row, "question"),
    "11-other-column-names/question_response": lambda row: texts(
        row, "question", "response_chosen", "response_rejected"
    ),
    "12-content-parts-and-images/images_column": with_image,
    "12-content-parts-and-images/text_parts": parts,
    "13-prompt-list-with-other-replies/messages_and_lists": asked_in_list,
    "13-prompt-list-with-other-replies/prompt_list_and_objects": asked_in_list,
    "13-prompt-list-with-other-replies/prompt_list_and_texts": asked_in_list,
    "14-role-names-and-order/assistant_opens": roles,
    "14-role-names-and-order/blank_system": roles,
    "14-role-names-and-order/developer": roles,
    "15-scores-margins-ties/scores": scored,
    "17-agent-completions/several_messages": joined,
    "17-agent-completions/tool_turns_in_prompt": joined,
}
NOTES = {
    "14-role-names-and-order/assistant_opens": {"assistant_opens": 6},
    "15-scores-margins-ties/scores": {"score_contradicts": 1},
}
NO_REASONING = {
    "02-message-fields-lost/reasoning_content",
    "02-message-fields-lost/tool_calls",
    "03-r1-reasoning-stripped/think",
    "04-json-in-strings/object_strings",
    "17-agent-completions/several_messages",
    "17-agent-completions/tool_turns_in_prompt",
}
"""What a template that drops reasoning, and has no tools, cannot write."""


def rows_of(name):
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def expected_of(name):
    """What each comparison of a case is: a pair, or the reason of its refusal."""
    rows, right = rows_of(name), RIGHT[name]
    return right(rows) if right is labelled else [right(row) for row in rows]


def check_build(name, out):
    """What holds of every build of a case; gives the pairs that were expected."""
    assert pairsmith.check(out) == []
    assert_balanced(out, rows_of(name))
    expected = expected_of(name)
    kept = [one for one in expected if not isinstance(one, str)]
    [entry] = ledger_of(out)
    assert (entry["read"], entry["kept"]) == (len(expected), len(kept))
    assert entry["noted"] == NOTES.get(name, {})
    refused = [one for one in expected if isinstance(one, str)]
    assert [row["reason"] for row in refused_of(out)] == refused
    return kept


def test_every_folder_is_tested():
    named = {name.split("/")[0] for name in RIGHT}
    others = {"00-stale-after-rebuild", "01-folder-eval-file-skipped", "09-hub-folder-layouts"}
    assert named | others == {path.name for path in CASES.iterdir() if path.is_dir()}
    held = {str(path.relative_to(CASES).with_suffix("")) for path in CASES.rglob("*.jsonl")}
    assert {name for name in held if name.split("/")[0] not in others} == set(RIGHT)


@pytest.mark.parametrize("name", RIGHT)
def test_messages_are_what_the_source_says(name, tmp_path):
    pairsmith.build(CASES / f"{name}.jsonl", tmp_path)
    kept = check_build(name, tmp_path)
    assert [pair_of(row) for row in shards_of(tmp_path)] == kept


@pytest.mark.parametrize(
    "name", quick(RIGHT, "03-r1-reasoning-stripped/think", "17-agent-completions/several_messages")
)
def test_text_has_every_content(name, tmp_path):
    pairsmith.build(CASES / f"{name}.jsonl", tmp_path, template=TEMPLATE)
    kept = check_build(name, tmp_path)
    for row, pair in zip(shards_of(tmp_path), kept, strict=True):
        assert_text_holds(row, pair)
        assert "<think>\n\n</think>" not in row["prompt"] + row["chosen"] or "think" not in str(
            pair
        )


@slow
@pytest.mark.parametrize("name", sorted(NO_REASONING))
def test_a_template_without_reasoning_or_tools_writes_nothing_rather_than_half(name, tmp_path):
    with pytest.raises(PairsmithError, match=r"drops part of a reply|no tools in this format"):
        pairsmith.build(CASES / f"{name}.jsonl", tmp_path / "out", template="deepseek-r1")


def test_the_image_that_nobody_would_see_is_named(tmp_path):
    pairsmith.build(CASES / "12-content-parts-and-images/images_column.jsonl", tmp_path)
    assert {"images" in row["detail"] for row in refused_of(tmp_path)} == {True}


def test_scores_go_along_and_make_a_margin(tmp_path):
    source = CASES / "15-scores-margins-ties/scores.jsonl"
    given = [json.loads(line) for line in source.read_text().splitlines()]
    kept = [row for row in given if row["margin"]]
    pairsmith.build(
        source, tmp_path, carry=["score_chosen", "source"], margin="score_chosen-score_rejected"
    )
    held = shards_of(tmp_path)
    for name in ("score_chosen", "source", "margin"):
        assert [row[name] for row in held] == [row[name] for row in kept]


@slow
@pytest.mark.parametrize("name", RIGHT)
def test_loaded_rows_are_those_on_disk(name, tmp_path):
    datasets = pytest.importorskip("datasets")
    pairsmith.build(CASES / f"{name}.jsonl", tmp_path / "out")
    held = shards_of(tmp_path / "out")
    if not held:
        return
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].to_list() == held


@slow
def test_a_build_in_the_place_of_another_is_what_is_loaded(tmp_path):
    datasets = pytest.importorskip("datasets")
    builds = [("v1", "exp1"), ("v2", "exp1"), ("v3", "exp2")]
    for name, folder in builds:
        out = tmp_path / folder / "out"
        source = CASES / f"00-stale-after-rebuild/{name}.jsonl"
        pairsmith.build(source, out, force=True)
        loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
        given = [json.loads(line)["chosen"] for line in source.read_text().splitlines()]
        assert [row["chosen"][0]["content"] for row in loaded["train"]] == given


LAYOUTS = {
    "01-folder-eval-file-skipped/dschat": {"test": 2, "train": 6},
    "09-hub-folder-layouts/saved": {"test": 2, "train": 6},
    "09-hub-folder-layouts/sharded": {"test": 1, "train": 6},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_folders_are_read_as_they_are_laid_out(name, tmp_path):
    pairsmith.build(CASES / name, tmp_path)
    assert pairsmith.check(tmp_path) == []
    assert {one["split"]: one["kept"] for one in ledger_of(tmp_path)} == LAYOUTS[name]


def test_what_a_folder_does_not_tell_is_named(tmp_path):
    with pytest.raises(PairsmithError) as told:
        pairsmith.build(CASES / "01-folder-eval-file-skipped/mixed", tmp_path / "out")
    assert "more.ndjson" in told.value.message
    assert "part1.json" in told.value.message


def test_files_one_by_one_are_all_read(tmp_path):
    folder = CASES / "01-folder-eval-file-skipped/mixed"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 5
    pairsmith.build([str(path) for path in files], tmp_path)
    assert pairsmith.check(tmp_path) == []
    rows = {one["split"]: one["kept"] for one in ledger_of(tmp_path)}
    assert rows == {"train": 10, "test": 2, "validation": 2}


def test_a_missing_shard_is_a_fault(tmp_path):
    shard = "train-00000-of-00002.parquet"
    with pytest.raises(PairsmithError, match="train-00001-of-00002"):
        pairsmith.build(CASES / "09-hub-folder-layouts/sharded/data" / shard, tmp_path / "out")
    pairsmith.build(CASES / "09-hub-folder-layouts/sharded/data" / shard, tmp_path, split="train")
    assert ledger_of(tmp_path)[0]["kept"] == 3


@slow
def test_a_build_and_an_export_are_sources(tmp_path):
    pairsmith.build(CASES / "17-agent-completions/several_messages.jsonl", tmp_path / "one")
    pairsmith.build(tmp_path / "one", tmp_path / "two")
    assert list(map(pair_of, shards_of(tmp_path / "two"))) == expected_of(
        "17-agent-completions/several_messages"
    )
    pairsmith.export(tmp_path / "one", tmp_path / "files", trainer="trl")
    pairsmith.build(tmp_path / "files", tmp_path / "three")
    assert list(map(pair_of, shards_of(tmp_path / "three"))) == expected_of(
        "17-agent-completions/several_messages"
    )
