"""`score`: every row of a build gets what the model alone gives its ids, and what is said of it."""

import json
import math
import re
import shutil

import pyarrow as pa
import pytest

import pairsmith
from pairsmith.errors import AnnotationError, ModelError, OutputError, PairsmithError
from pairsmith.scoring.options import ScoreOptions
from pairsmith.scoring.score import score_build
from support.models.by_hand import ids_of_messages, ids_of_text, scores_by_hand
from support.models.folders import write_causal, write_scorer
from support.slow import quick, slow

CLOSE = 1e-5


def read(annotation):
    return {row["id"]: row for batch in annotation.batches() for row in batch.to_pylist()}


def load_tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def pair_ids(form, tokenizer, row):
    for side in ("chosen", "rejected"):
        whole = row["prompt"] + row[side]
        yield ids_of_text(tokenizer, whole) if form == "text" else ids_of_messages(tokenizer, whole)


def turns_of(row):
    """A transcript's turns as messages, taken apart without this software."""
    turns = []
    for part in row["transcript"].split("\n\n"):
        name, colon, text = part.partition(":")
        if colon and name in ("Human", "Assistant"):
            turns.append({"role": {"Human": "user"}.get(name, "assistant"), "content": text})
        elif turns:
            turns[-1]["content"] += f"\n\n{part}"
    return [{**turn, "content": turn["content"].strip()} for turn in turns]


def prefix_ids(form, tokenizer, row):
    """The ids of a dialogue up to each reply, each rendered and tokenized by itself."""
    turns = turns_of(row)
    for end, turn in enumerate(turns, 1):
        if turn["role"] != "assistant":
            continue
        if form == "messages":
            yield ids_of_messages(tokenizer, turns[:end])
            continue
        text = tokenizer.apply_chat_template(turns[:end], tokenize=False)
        yield ids_of_text(tokenizer, text.removeprefix("<s>").rstrip())


FORMS = [(form, added) for form in ("messages", "text") for added in ("bos", "eos", "none")]


@pytest.mark.parametrize(
    ("form", "added"), quick(FORMS, ("messages", "bos"), ("text", "bos"), ("text", "eos"))
)
def test_scores_are_those_of_the_model_alone(builds, rows_of, scorers, form, added):
    folder, tokenizer = scorers[added], load_tokenizer(scorers[added])
    said = read(pairsmith.score(builds / form, folder, name=added))
    rows = rows_of(builds / form)
    assert said.keys() == rows.keys()
    pairs = {id: [*pair_ids(form, tokenizer, row)] for id, row in rows.items() if "prompt" in row}
    for id, ids in pairs.items():
        assert [len(side) for side in ids] == [
            said[id]["chosen_tokens"],
            said[id]["rejected_tokens"],
        ]
        better, worse = scores_by_hand(folder, ids)
        assert said[id]["chosen_score"] == pytest.approx(better, abs=CLOSE)
        assert said[id]["rejected_score"] == pytest.approx(worse, abs=CLOSE)
    dialogues = [(id, row) for id, row in rows.items() if "transcript" in row]
    assert len(dialogues) == 6
    for id, row in dialogues:
        expected = scores_by_hand(folder, prefix_ids(form, tokenizer, row))
        assert said[id]["turn_scores"] == pytest.approx(expected, abs=CLOSE)


def test_what_is_said_follows_from_the_scores(builds, scorer):
    made = pairsmith.score(builds / "messages", scorer, name="derived")
    for row in read(made).values():
        if row["label"] == "dialogue":
            assert row["score"] == min(row["turn_scores"])
            mean = math.fsum(row["turn_scores"]) / len(row["turn_scores"])
            assert row["mean_score"] == pytest.approx(mean, abs=1e-6)
            assert row["task_score"] is not None
            continue
        assert row["score"] == row["chosen_score"] - row["rejected_score"]
        sign = (row["score"] > 0) - (row["score"] < 0)
        assert row["label"] == {1: "agrees", 0: "tied", -1: "contradicts"}[sign]
        assert row["task_score"] is row["turn_scores"] is None
    recipe = made.annotator.recipe
    assert made.annotator.actions == {
        "agrees": "leave",
        "contradicts": "flip",
        "tied": "leave",
        "dialogue": "fill",
    }
    assert recipe["model"]["name"] == scorer.name
    assert recipe["elo_factor"] == 173.7
    assert recipe["one_pass"] is True
    assert recipe["dtype"] == "float32"


@slow
def test_a_task_is_scored_as_a_users_only_turn(builds, rows_of, scorer):
    said = read(pairsmith.score(builds / "messages", scorer, name="tasks"))
    rows = rows_of(builds / "messages")
    id, row = next((id, row) for id, row in rows.items() if row.get("transcript"))
    asked = [{"role": "user", "content": row["task_description"]}]
    [expected] = scores_by_hand(scorer, [ids_of_messages(load_tokenizer(scorer), asked)])
    assert said[id]["task_score"] == pytest.approx(expected, abs=CLOSE)


@slow
def test_one_subset_has_its_own_columns_alone(builds, scorer):
    made = pairsmith.score(builds / "text", scorer, name="one", subset="helpful-base")
    assert {id.partition("/")[0] for id in read(made)} == {"helpful-base"}
    [first, *_] = made.batches()
    assert "turn_scores" not in first.schema.names
    assert first.schema.field("chosen_score").type == pa.float32()


def test_long_rows_are_left_out_and_counted(builds, scorer):
    whole = read(pairsmith.score(builds / "messages", scorer, name="whole"))
    made = score_build(builds / "messages", str(scorer), "short", ScoreOptions(max_length=100))
    said = read(made.annotation)
    tokens = {
        id: row["tokens"] or max(row["chosen_tokens"], row["rejected_tokens"])
        for id, row in whole.items()
    }
    assert said.keys() == {id for id, count in tokens.items() if count <= 100}
    assert made.not_said == {"too_long": len(whole) - len(said)}
    assert made.annotation.not_said["too_long"] == made.not_said["too_long"] > 0
    for id, row in said.items():
        assert row["score"] == pytest.approx(whole[id]["score"], abs=CLOSE)


@slow
def test_the_end_of_long_rows_is_scored_if_asked(builds, rows_of, scorer):
    made = pairsmith.score(builds / "messages", scorer, name="cut", max_length=60, cut=True)
    said, rows = read(made), rows_of(builds / "messages")
    assert said.keys() == rows.keys()
    tokenizer, cut = load_tokenizer(scorer), [id for id in said if said[id]["cut"]]
    pairs = [id for id in cut if "prompt" in rows[id]]
    dialogues = [id for id in cut if "transcript" in rows[id]]
    assert len(pairs) > 3
    assert len(dialogues) > 3
    for id in pairs[:4]:
        ids = [side[-60:] for side in pair_ids("messages", tokenizer, rows[id])]
        better, worse = scores_by_hand(scorer, ids)
        assert said[id]["score"] == pytest.approx(better - worse, abs=2 * CLOSE)
    for id in dialogues[:4]:
        ids = [ids[-60:] for ids in prefix_ids("messages", tokenizer, rows[id])]
        assert said[id]["turn_scores"] == pytest.approx(scores_by_hand(scorer, ids), abs=CLOSE)


UNSTABLE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if m.role == 'assistant' %}</s>"
    "{% endif %}{% if loop.last %}!{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def test_a_template_whose_prefixes_change_takes_a_pass_a_turn(builds, rows_of, tmp_path):
    from support.tiny import llama_tokenizer

    tokenizer = llama_tokenizer(["How is the fern?"])
    tokenizer.chat_template = UNSTABLE
    folder = write_scorer(tmp_path / "m", tokenizer=tokenizer)
    made = score_build(
        builds / "messages", str(folder), "unstable", ScoreOptions(), "red-team-attempts"
    )
    said, rows = read(made.annotation), rows_of(builds / "messages")
    assert made.fast == {}
    assert made.annotation.annotator.recipe["one_pass"] is False
    for id in said:
        expected = scores_by_hand(folder, prefix_ids("messages", load_tokenizer(folder), rows[id]))
        assert said[id]["turn_scores"] == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize(
    "how",
    quick(
        [
            {"batch_tokens": 1},
            {"batch_tokens": 100_000},
            {"engine": "local", "workers": 2},
            {"engine": "ray", "workers": 2},
        ]
    ),
    ids=lambda how: "-".join(str(value) for value in how.values()),
)
def test_scores_are_the_same_however_they_are_made(builds, scorer, how):
    usual = read(pairsmith.score(builds / "text", scorer, name="usual"))
    other = read(pairsmith.score(builds / "text", scorer, name="other", **how))
    assert [*other] == [*usual]
    for id, row in usual.items():
        for name in ("score", "chosen_score", "rejected_score", "mean_score", "task_score"):
            assert other[id][name] == (row[name] and pytest.approx(row[name], abs=1e-4))


@slow
def test_equal_runs_give_equal_bytes(builds, scorer):
    one = pairsmith.score(builds / "text", scorer, name="bytes")
    before = [entry.sha256 for entry in one.files]
    shutil.rmtree(one.folder)
    again = pairsmith.score(builds / "text", scorer, name="bytes")
    assert [entry.sha256 for entry in again.files] == before
    assert not (again.folder / "unfinished").exists()


def test_a_broken_run_is_gone_on_with(builds, scorer, monkeypatch):
    whole = pairsmith.score(builds / "text", scorer, name="broken")
    expected = (whole.folder / "manifest.json").read_bytes()
    shutil.rmtree(whole.folder)

    def stop(step):
        if step.rows > 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pairsmith.score(builds / "text", scorer, name="broken", progress=stop)
    left = sorted((whole.folder / "unfinished").glob("piece-*"))
    assert len(left) > 2
    left[0].write_bytes(left[0].read_bytes()[:-9])  # a disk that lost the end of a file
    seen = []
    pairsmith.score(builds / "text", scorer, name="broken", progress=seen.append)
    assert min(step.rows for step in seen) > 3 * (len(left) - 1)
    assert (whole.folder / "manifest.json").read_bytes() == expected


def test_progress_goes_on_within_a_piece(builds, scorer):
    seen = []
    pairsmith.score(
        builds / "messages", scorer, name="seen", progress=seen.append, batch_tokens=100
    )
    rows = [step.rows for step in seen]
    assert rows == sorted(rows)
    assert len(rows) > 8
    assert (rows[-1], seen[-1].total) == (18, 18)


def test_what_was_begun_otherwise_is_not_mixed(builds, scorer):
    def stop(step):
        if step.rows > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pairsmith.score(builds / "text", scorer, name="mixed", max_length=900, progress=stop)
    with pytest.raises(AnnotationError, match="another max_length"):
        pairsmith.score(builds / "text", scorer, name="mixed")
    made = pairsmith.score(builds / "text", scorer, name="mixed", force=True)
    assert made.annotator.recipe["max_length"] == 4096


@slow
def test_an_earlier_annotation_stays_until_the_new_one_is_whole(builds, scorer):
    before = pairsmith.score(builds / "text", scorer, name="kept")

    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pairsmith.score(builds / "text", scorer, name="kept", max_length=700, progress=stop)
    assert pairsmith.read_annotation(builds / "text", "kept") == before


def test_the_name_of_another_annotator_is_not_taken(builds, scorer):
    by_hand = pairsmith.Annotator("a person", "1")
    pairsmith.annotate(
        builds / "text", "taken", [{"id": "helpful-base/test/1", "label": "good"}], by_hand
    )
    with pytest.raises(AnnotationError, match="by a person"):
        pairsmith.score(builds / "text", scorer, name="taken")


def refusal(out, folder, kind=PairsmithError, **options):
    """What is said of a request that is refused, with nothing written."""
    with pytest.raises(kind) as fault:
        pairsmith.score(out, folder, name="refused", **options)
    assert not (out / "annotations" / "refused").exists()
    return str(fault.value)


def test_models_that_give_no_scores_are_refused(builds, tmp_path):
    causal = write_causal(tmp_path / "causal")
    said = refusal(builds / "text", causal, ModelError)
    assert "gives no scores" in said
    assert "pairsmith train reward" in said
    nowhere = tmp_path / "nowhere" / "at" / "all"
    assert "No folder" in refusal(builds / "text", nowhere, ModelError)


def test_messages_want_a_chat_template(builds, tmp_path):
    from support.tiny import llama_tokenizer

    tokenizer = llama_tokenizer(["How is the fern?"])
    tokenizer.chat_template = None
    folder = write_scorer(tmp_path / "m", tokenizer=tokenizer)
    assert "no chat template" in refusal(builds / "messages", folder)


def test_rows_that_are_all_too_long_are_told(builds, scorer):
    said = refusal(builds / "text", scorer, max_length=3)
    assert re.search("None of the 18 rows.*too_long 18", said)
    assert "--cut" in said


def test_more_tokens_than_positions_are_refused(builds, scorer):
    assert "more than the 4096" in refusal(builds / "text", scorer, ModelError, max_length=5000)


def test_scores_that_are_no_numbers_name_the_row(builds, tmp_path):
    import torch
    from safetensors.torch import load_file, save_file

    folder = write_scorer(tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    weights["score.weight"] = torch.full_like(weights["score.weight"], float("nan"))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    said = refusal(builds / "text", folder, ModelError)
    assert "score of harmless-base/test/1 is not a number" in said


def test_options_out_of_range_are_refused(builds, scorer):
    out = builds / "text"
    assert "max-length 0" in refusal(out, scorer, max_length=0)
    assert "no engine 'loom'" in refusal(out, scorer, engine="loom")
    assert "of a Ray cluster" in refusal(out, scorer, address="auto")
    assert "no subset 'ferns'" in refusal(out, scorer, OutputError, subset="ferns")
    assert "no device" in refusal(out, scorer, ModelError, device="abacus")
    assert "no type of weights" in refusal(out, scorer, ModelError, dtype="int3")


@slow
def test_scores_of_another_build_are_refused(builds, scorer, tmp_path):
    made = pairsmith.score(builds / "text", scorer, name="mine")
    rows = [{"prompt": "How is the fern?", "chosen": "Green.", "rejected": "Brown."}] * 3
    pairsmith.build(rows, tmp_path / "out", template="llama2")
    shutil.copytree(made.folder, tmp_path / "out" / "annotations" / "mine")
    with pytest.raises(AnnotationError, match="another build"):
        pairsmith.read_annotation(tmp_path / "out", "mine")
    assert json.loads((made.folder / "manifest.json").read_text())["name"] == "mine"


def test_dialogues_without_scores_are_given_those_of_the_model(builds, rows_of, scorer, tmp_path):
    out = shutil.copytree(builds / "text", tmp_path / "out")
    said = read(pairsmith.score(out, scorer, name="mine"))
    before, source = rows_of(out), str(builds / "in")
    options = {"template": "llama2", "force": True}
    pairsmith.build(source, out, apply=["mine:dialogue"], **options)
    rows = rows_of(out)
    assert rows.keys() == before.keys()
    for id, row in rows.items():
        if "prompt" in row:
            assert row == before[id]
            continue
        assert row["min_harmlessness_score_transcript"] == min(said[id]["turn_scores"])
        assert row["task_description_harmlessness_score"] == said[id]["task_score"]
        assert row["notes"][-2:] == ["score_filled", "task_score_filled"]
