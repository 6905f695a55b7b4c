"""Every trainer's files hold the pairs of the build, in the trainer's schema, and no others."""

import json
import shlex

import pytest
import yaml

import pairsmith
from pairsmith import PairsmithError
from pairsmith.exporting import TRAINERS
from support.exported import lines_of, pairs_of
from support.slow import slow

BUILDS = ["sample_messages", "sample_system", "sample_lenient"]


def roles_in_turn(pair):
    """Whether a prompt is user, assistant, …, user after a system turn."""
    roles = [turn["role"] for turn in pair["prompt"]]
    roles = roles[roles[:1] == ["system"] :]
    return roles == ["user", *["assistant", "user"] * (len(roles) // 2)]


def replies(pair):
    return [pair[side][0]["content"] for side in ("chosen", "rejected")]


def assert_said(messages):
    """That messages are as most trainers want them."""
    for message in messages:
        assert list(message) == ["role", "content"]
        assert message["role"] in ("system", "user", "assistant")


def from_trl(rows):
    for row in rows:
        assert list(row) == ["id", "prompt", "chosen", "rejected"]
    return rows


def from_trl_kto(rows):
    """Chosen replies first, then rejected ones, in runs of at most 1,000 pairs."""
    pairs = []
    while rows:
        run = [row["label"] for row in rows].index(False)
        wanted, other, rows = rows[:run], rows[run : 2 * run], rows[2 * run :]
        for a, b in zip(wanted, other, strict=True):
            assert list(a) == list(b) == ["id", "prompt", "completion", "label"]
            assert (a["id"], a["prompt"]) == (b["id"], b["prompt"])
            assert (a["label"], b["label"]) == (True, False)
            pairs.append({**a, "chosen": a["completion"], "rejected": b["completion"]})
    return pairs


def from_axolotl(rows):
    """docs/rlhf.qmd, chat_template.default."""
    for row in rows:
        assert list(row) == ["id", "messages", "chosen", "rejected"]
        yield {**row, "prompt": row["messages"]} | {s: [row[s]] for s in ("chosen", "rejected")}


def from_llamafactory(rows):
    """data/README.md, sharegpt format, preference dataset."""
    roles = {"human": "user", "gpt": "assistant"}
    for row in rows:
        assert list(row) == ["id", "conversations", "chosen", "rejected", "system"]
        assert len(row["conversations"]) % 2 == 1
        turns = [*row["conversations"], row["chosen"], row["rejected"]]
        assert all(list(turn) == ["from", "value"] for turn in turns)
        assert [t["from"] for t in turns[:-2]] == [
            "human",
            *["gpt", "human"] * (len(turns) // 2 - 1),
        ]
        said = [{"role": roles[turn["from"]], "content": turn["value"]} for turn in turns]
        system = [{"role": "system", "content": row["system"]}] if row["system"] else []
        yield {
            "id": row["id"], "prompt": system + said[:-2], "chosen": said[-2:-1],
            "rejected": said[-1:],
        }  # fmt: skip


def from_torchtune(rows):
    """torchtune.datasets.preference_dataset."""
    for row in rows:
        assert list(row) == ["id", "chosen", "rejected"]
        assert row["chosen"][:-1] == row["rejected"][:-1]
        ends = {side: row[side][-1:] for side in ("chosen", "rejected")}
        yield {"id": row["id"], "prompt": row["chosen"][:-1], **ends}


def from_nemo_rl(rows):
    """docs/guides/dpo.md, PreferenceDataset; the lower rank is preferred."""
    for row in rows:
        assert list(row) == ["id", "context", "completions"]
        assert all(list(made) == ["rank", "completion"] for made in row["completions"])
        best, worst = sorted(row["completions"], key=lambda made: made["rank"])
        assert best["rank"] < worst["rank"]
        yield {
            "id": row["id"], "prompt": row["context"], "chosen": best["completion"],
            "rejected": worst["completion"],
        }  # fmt: skip


def from_ms_swift(rows):
    """docs/source_en/Customization/Custom-dataset.md, DPO."""
    for row in rows:
        assert list(row) == ["id", "messages", "rejected_response"]
        yield {
            "id": row["id"], "prompt": row["messages"][:-1], "chosen": row["messages"][-1:],
            "rejected": [{"role": "assistant", "content": row["rejected_response"]}],
        }  # fmt: skip


def from_openai(rows):
    """The guide "Direct preference optimization"; the API reference's preference-input."""
    for row in rows:
        assert list(row) == ["input", "preferred_output", "non_preferred_output"]
        assert list(row["input"]) == ["messages"]
        yield {
            "prompt": row["input"]["messages"], "chosen": row["preferred_output"],
            "rejected": row["non_preferred_output"],
        }  # fmt: skip


READ_BACK = {
    "trl": from_trl,
    "trl-reward": from_trl,
    "trl-kto": from_trl_kto,
    "axolotl": from_axolotl,
    "llamafactory": from_llamafactory,
    "openrlhf": from_trl,
    "torchtune": from_torchtune,
    "nemo-rl": from_nemo_rl,
    "ms-swift": from_ms_swift,
    "openai": from_openai,
}


def is_blank(pair):
    return not all(replies(pair))


def is_same(pair):
    return len(set(replies(pair))) == 1


def not_in_turn(pair):
    return not roles_in_turn(pair)


REFUSED = {
    "axolotl": {"empty_reply": is_blank},
    "llamafactory": {"bad_roles": not_in_turn},
    "ms-swift": {"bad_roles": not_in_turn, "identical": is_same},
    "openai": {"bad_roles": not_in_turn, "empty_reply": is_blank},
}


def test_every_trainer_is_tested():
    assert list(READ_BACK) == list(TRAINERS)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_files_hold_the_pairs(trainer, build, request, tmp_path):
    out, dest = request.getfixturevalue(build), tmp_path / "dest"
    written = pairsmith.export(out, dest, trainer=trainer)
    refused = REFUSED.get(trainer, {})
    left_out = {}
    expected = {}
    for place, pairs in pairs_of(out).items():
        for pair in pairs:
            reason = next((name for name, holds in refused.items() if holds(pair)), None)
            if reason:
                left_out.setdefault(reason, []).append(pair["id"])
            else:
                expected.setdefault(place, []).append(pair)
    found = {
        path.relative_to(dest).with_suffix("").as_posix(): lines_of(path)
        for path in dest.glob("*/*.jsonl")
    }
    assert found.keys() == expected.keys()
    for place, rows in found.items():
        for row, pair in zip(READ_BACK[trainer](rows), expected[place], strict=True):
            assert row.get("id", pair["id"]) == pair["id"]
            for name in ("prompt", "chosen", "rejected"):
                assert row[name] == pair[name]
                assert_said(row[name])
    assert {file.path: (file.pairs, file.rows) for file in written.files} == {
        f"{place}.jsonl": (len(expected[place]), len(rows)) for place, rows in found.items()
    }
    assert {left.reason: list(left.ids) for left in written.left_out} == {
        reason: ids[:3] for reason, ids in left_out.items()
    }
    assert written.dialogues == ("red-team-attempts",)
    if build == "sample_lenient":
        assert left_out.keys() == refused.keys()


@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_configuration_names_the_files(trainer, sample_messages, tmp_path):
    written = pairsmith.export(sample_messages, tmp_path / "dest", trainer=trainer)
    config = (tmp_path / "dest" / written.config.name).read_text(encoding="utf-8")
    assert config == written.config.text
    held = {path.name for path in (tmp_path / "dest").iterdir() if path.is_file()}
    assert held == {written.config.name, "README.md", "export.json"}
    if trainer.startswith("trl"):
        assert "load_dataset(str(Path(__file__).parent))" in config
        config = (tmp_path / "dest" / "README.md").read_text(encoding="utf-8")
    paths = [file.path for file in written.files if trainer != "nemo-rl" or file.split == "test"]
    assert len(paths) >= 4
    assert all(path in config for path in paths)
    config = written.config.text
    if written.config.name.endswith(".yaml"):
        assert yaml.safe_load(config)
    elif written.config.name.endswith(".py"):
        compile(config, written.config.name, "exec")
    elif written.config.name.endswith(".sh"):
        assert "--" in shlex.join(shlex.split(config, comments=True))
    else:
        assert json.loads(config)


def test_the_pattern_for_nemo_rl_finds_the_training_files(sample_messages, tmp_path):
    written = pairsmith.export(sample_messages, tmp_path / "dest", trainer="nemo-rl")
    data = yaml.safe_load(written.config.text)["data"]
    pattern = data["train"]["data_path"].removeprefix("${oc.env:PAIRS}/")
    found = {path.relative_to(tmp_path / "dest").as_posix() for path in
             (tmp_path / "dest").glob(pattern)}  # fmt: skip
    assert found == {file.path for file in written.files if file.split == "train"}


def write_source(path, *rows):
    lines = [
        {side: row[place] for place, side in enumerate(("chosen", "rejected"))} for row in rows
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


ASK = "\n\nHuman: Hi?\n\nAssistant: "


def test_axolotl_would_find_a_short_reply_in_its_own_text(tmp_path):
    source = write_source(
        tmp_path / "rows.jsonl", (f"{ASK}me", f"{ASK}you"), (f"{ASK}a b", f"{ASK}c")
    )
    pairsmith.build(source, tmp_path / "out")
    written = pairsmith.export(tmp_path / "out", tmp_path / "dest", trainer="axolotl")
    (left,) = written.left_out
    assert (left.reason, left.pairs, left.ids) == ("found_elsewhere", 1, ("pairs/train/1",))
    assert [file.pairs for file in written.files] == [1]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_prompt_without_turns_has_no_place_anywhere(trainer, tmp_path):
    rows = [("\n\nAssistant: yes, do", "\n\nAssistant: no, wait"), (f"{ASK}yes, do", f"{ASK}no")]
    source = write_source(tmp_path / "rows.jsonl", *rows)
    pairsmith.build(source, tmp_path / "out", policies={"bad_roles": "keep"}, system="Be kind.")
    written = pairsmith.export(tmp_path / "out", tmp_path / "dest", trainer=trainer)
    (left,) = written.left_out
    assert (left.pairs, left.ids) == (1, ("pairs/train/1",))
    assert left.reason in ("no_prompt", "bad_roles")


def test_more_pairs_than_a_batch(tmp_path):
    rows = [(f"{ASK}yes {n}", f"{ASK}no {n}") for n in range(2_500)]
    pairsmith.build(write_source(tmp_path / "rows.jsonl", *rows), tmp_path / "out", shard_rows=900)
    for trainer in ("trl", "trl-kto"):
        written = pairsmith.export(tmp_path / "out", tmp_path / trainer, trainer=trainer)
        lines = lines_of(tmp_path / trainer / "pairs" / "train.jsonl")
        assert [(file.pairs, file.rows) for file in written.files] == [(2_500, len(lines))]
        back = list(READ_BACK[trainer](lines))
        assert [row["id"] for row in back] == [f"pairs/train/{n}" for n in range(1, 2_501)]
        assert [row["rejected"][0]["content"] for row in back] == [f"no {n}" for n in range(2_500)]


def test_text_goes_to_trl_as_it_is(sample_text, tmp_path):
    for trainer in ("trl", "trl-reward", "trl-kto"):
        pairsmith.export(sample_text, tmp_path / trainer, trainer=trainer)
        for place, pairs in pairs_of(sample_text).items():
            rows = READ_BACK[trainer](lines_of(tmp_path / trainer / f"{place}.jsonl"))
            for row, pair in zip(rows, pairs, strict=True):
                assert all(
                    row[name] == pair[name] for name in ("id", "prompt", "chosen", "rejected")
                )


@pytest.mark.parametrize("trainer", [name for name in TRAINERS if not name.startswith("trl")])
def test_text_is_not_for_trainers_that_render(trainer, sample_text, tmp_path):
    with pytest.raises(PairsmithError, match="--as messages"):
        pairsmith.export(sample_text, tmp_path / "dest", trainer=trainer)
    assert not (tmp_path / "dest").exists()


@slow
def test_the_real_rows(real, tmp_path):
    pairsmith.build(real, tmp_path / "out", system="Be kind.")
    pairs = pairs_of(tmp_path / "out")["harmless-base/test"]
    for trainer in TRAINERS:
        written = pairsmith.export(tmp_path / "out", tmp_path / trainer, trainer=trainer)
        left_out = sum(left.pairs for left in written.left_out)
        assert sum(file.pairs for file in written.files) + left_out == len(pairs) == 2299
        assert left_out == 0 or trainer == "axolotl"
