"""Best-of-n from a model at hand: pairs that a build takes, every prompt accounted for."""

import json
import shutil

import pytest

import pairsmith
from pairsmith.errors import ModelError, OutputError, RecipeError, SourceError
from pairsmith.generating.manifest import iter_samples, read_samples
from pairsmith.generating.options import GenerateOptions
from pairsmith.generating.pairing import choose
from pairsmith.generating.prompts import Prompt
from support.annotated import tree
from support.built import shards_of
from support.models.commands import succeed
from support.slow import slow

HOW = {"best_of": 4, "max_tokens": 8, "round": "2"}


def make(builds, out, policy, scorer, form="messages", **options):
    given = {**HOW, **options}
    return pairsmith.generate(builds / form, out, model=policy, score=scorer, **given)


@pytest.fixture(scope="module")
def made(builds, policy, scorer, tmp_path_factory):
    return make(builds, tmp_path_factory.mktemp("made") / "out", policy, scorer)


def rows_in(folder):
    return list(iter_samples(folder, read_samples(folder)))


def test_the_best_is_paired_with_the_worst_and_all_is_kept(made, builds):
    told = made.manifest
    assert told.ledger == {
        "helpful-base/train": {"read": 10, "kept": 10},
        "helpful-base/test": {"read": 4, "kept": 4},
    }
    asked = {row["id"]: row["prompt"] for row in shards_of(builds / "messages")}
    rows = rows_in(made.folder)
    assert {row["id"]: row["prompt"] for row in rows} == asked
    seeds = set()
    for row in rows:
        scores = [one["score"] for one in row["samples"]]
        texts = {one["score"]: one["text"] for one in row["samples"]}
        assert (row["chosen_score"], row["rejected_score"]) == (max(scores), min(scores))
        for side in ("chosen", "rejected"):
            [said] = row[side]
            assert said == {"role": "assistant", "content": texts[row[f"{side}_score"]]}
        assert (row["round"], row["model"]) == ("2", told.model["name"])
        assert len(scores) == 4
        seeds |= {one["seed"] for one in row["samples"]}
    assert len(seeds) == 14 * 4
    assert told.samples == {
        "asked": 56, "failed": 0, "empty": 0, "repeated": 0,
        "trimmed": sum("around" in one for row in rows for one in row["samples"]),
    }  # fmt: skip
    assert told.summary["best"] > told.summary["first"]
    assert told.summary["kl"]["predicted"] == pytest.approx(0.6363, abs=1e-4)


def test_a_build_reads_it_and_scores_are_those_of_the_rows(made, scorer, tmp_path):
    built = tmp_path / "out"
    carried = ["round", "model", "chosen_score", "rejected_score"]
    pairsmith.build(made.folder, built, carry=carried, margin="scores")
    rows = {row["id"]: row for row in shards_of(built)}
    assert {id.rpartition("/")[0] for id in rows} == {"helpful-base/train", "helpful-base/test"}
    assert len(rows) == 14
    said = pairsmith.score(built, scorer)
    for batch in said.batches():
        for one in batch.to_pylist():
            row = rows[one["id"]]
            assert row["round"] == "2"
            assert row["margin"] == pytest.approx(row["chosen_score"] - row["rejected_score"])
            for name in ("chosen_score", "rejected_score"):
                assert one[name] == pytest.approx(row[name], abs=1e-5)


@slow
def test_options_decide_the_bytes_and_nothing_else(made, builds, policy, scorer, tmp_path):
    again = make(builds, tmp_path / "again", policy, scorer)
    assert tree(again.folder) == tree(made.folder)
    before = tree(made.folder)
    reused = make(builds, made.folder, policy, scorer)
    assert (reused.reused, tree(made.folder)) == (True, before)
    with pytest.raises(OutputError, match=r"by other settings: seed is 0 there and 1 here"):
        make(builds, again.folder, policy, scorer, seed=1)
    with pytest.raises(OutputError, match="another model wrote them"):
        make(builds, again.folder, copied(policy, tmp_path / "other"), scorer)
    other = make(builds, again.folder, policy, scorer, seed=1, force=True)
    seeds = [
        {s["seed"] for r in rows_in(f) for s in r["samples"]} for f in (made.folder, other.folder)
    ]
    assert not seeds[0] & seeds[1]
    assert not (other.folder / "unfinished").exists()


def copied(policy, target):
    """The same model, but for a setting that changes what it writes."""
    shutil.copytree(policy, target)
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 1e-4}))
    return target


def test_broken_off_it_goes_on_with_the_same_bytes(builds, policy, scorer, tmp_path, monkeypatch):
    monkeypatch.setattr("pairsmith.generating.run.SAMPLES", 8)  # two prompts a piece
    whole = make(builds, tmp_path / "whole", policy, scorer)
    out = tmp_path / "broken"

    def stop(progress):
        if progress.rows >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(builds, out, policy, scorer, progress=stop)
    journal = out / "unfinished" / "journal.jsonl"
    held = journal.read_bytes()
    assert held.count(b"\n") == 3
    journal.write_bytes(held[:-40])  # its last line is torn
    with pytest.raises(OutputError, match="the beginning of samples by other settings: top_p"):
        make(builds, out, policy, scorer, top_p=0.5)
    seen = []
    make(builds, out, policy, scorer, progress=lambda p: seen.append(p.rows))
    assert seen == [6, 8, 10, 12, 14]
    assert tree(out) == tree(whole.folder)


def test_a_text_build_gives_the_same_ids(made, builds, policy, scorer, tmp_path):
    """`<s> [INST] …` either way: as text with BOS, or by the chat template."""
    text = make(builds, tmp_path / "text", policy, scorer, form="text")
    told, others = (
        [[{**one, "around": None} for one in row["samples"]] for row in rows_in(folder)]
        for folder in (text.folder, made.folder)
    )
    assert told == others  # but for the space that the template writes in front of a text


def test_what_cannot_be_asked_is_accounted_for(builds, policy, scorer, tmp_path):
    lines = [
        {"prompt": "How do I water the fern?"},
        {"prompt": [{"role": "user", "content": "How do I water the fern?"}]},  # the same
        {"messages": [{"role": "user", "content": "fern " * 9_000}]},
        {"messages": [{"role": "user", "content": "A."}, {"role": "assistant", "content": "B."}]},
        {"messages": [{"role": "user", "content": "A.", "name": "ann"}]},
        {"prompt": "\n\nHuman: Hello.\n\nAssistant: Hi.\n\nHuman: Is mint tea?\n\nAssistant:"},
        {"messages": [{"role": "assistant", "content": "A."}, {"role": "user", "content": "B."}]},
    ]
    path = tmp_path / "asked.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    made = pairsmith.generate(path, tmp_path / "out", model=policy, score=scorer, **HOW)
    assert made.manifest.ledger == {
        "pairs/train": {
            "read": 7, "kept": 2, "repeated": 1, "too_long": 1, "no_question": 1, "tools": 1,
            "refused": 1,
        }
    }  # fmt: skip
    rows = {row["id"]: row for row in rows_in(made.folder)}
    assert len(rows) == 7
    assert [m["content"] for m in rows["pairs/train/6"]["prompt"]] == [
        "Hello.",
        "Hi.",
        "Is mint tea?",
    ]
    built = pairsmith.build(made.folder, tmp_path / "built")
    assert built.totals.kept == 2


def test_a_file_is_divided_as_sources_are(policy, tmp_path):
    asked = [f"How long does tea number {n} steep?" for n in range(60)]
    (tmp_path / "asked.txt").write_text("\n".join(asked))
    made = pairsmith.generate(
        tmp_path / "asked.txt", tmp_path / "out", model=policy, best_of=1, max_tokens=1, test=0.3
    )
    (tmp_path / "in").mkdir()
    rows = [{"prompt": text, "chosen": "One.", "rejected": "Two."} for text in asked]
    (tmp_path / "in" / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pairsmith.split(tmp_path / "in", tmp_path / "halves", test=0.3)
    built = pairsmith.build(tmp_path / "halves", tmp_path / "built")
    assert built.totals.kept == 60
    theirs = {
        row["id"].split("/")[1] + row["prompt"][0]["content"]
        for row in shards_of(tmp_path / "built")
    }
    mine = {row["id"].split("/")[1] + row["prompt"][0]["content"] for row in rows_in(made.folder)}
    assert mine == theirs
    assert made.manifest.ledger["pairs/test"]["read"] > 5


def test_samples_without_scores_make_no_pairs(builds, policy, tmp_path):
    made = pairsmith.generate(
        builds / "messages", tmp_path / "out", model=policy, best_of=1, max_tokens=4
    )
    assert made.manifest.kept == 0
    assert made.manifest.ledger["helpful-base/test"] == {"read": 4, "kept": 0, "unscored": 4}
    assert made.manifest.summary == {}
    for row in rows_in(made.folder):
        assert (row["reason"], len(row["samples"])) == ("unscored", 1)
    with pytest.raises(SourceError):
        pairsmith.build(made.folder, tmp_path / "built")


def test_a_limit_draws_by_hash_and_counts_the_others(builds, policy, tmp_path):
    made = pairsmith.generate(
        builds / "messages", tmp_path / "out", model=policy, best_of=1, max_tokens=1, limit=3,
        split="train",
    )  # fmt: skip
    assert made.manifest.ledger == {
        "helpful-base/train": {"read": 10, "kept": 0, "not_drawn": 7, "unscored": 3}
    }


SAMPLES = [
    {"text": t, "score": s} for t, s in zip("abcda", (0.5, 2.0, -1.0, 1.0, 2.0), strict=True)
]


def test_which_samples_are_paired():
    prompt = Prompt("a", "a", "train", [{"role": "user", "content": "A."}])

    def pair(samples, **options):
        found = choose(prompt, samples, GenerateOptions(**options))
        return found if isinstance(found, str) else "".join(one["text"] for one in found)

    assert pair(SAMPLES) == "bc"
    assert pair(SAMPLES, against="second") == "bd"
    drawn = {pair(SAMPLES, against="random", seed=n) for n in range(40)}
    assert drawn == {"ba", "bc", "bd"}
    assert pair(SAMPLES[:1]) == "failed"
    assert pair([SAMPLES[0], {"text": "a", "score": 0.5}]) == "identical"
    assert pair([SAMPLES[1], SAMPLES[4]]) == "tied"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": None}, "Nothing writes the samples"),
        ({"endpoint": "http://127.0.0.1:1"}, "Both a model and an endpoint"),
        ({"served_model": "ferns"}, "--served-model is of an endpoint"),
        ({"score": None}, "Nothing tells which of 4 samples is the best"),
        ({"best_of": 1}, "One sample makes no pair"),
        ({"best_of": 0}, "--best-of 0 is out of range"),
        ({"against": "all"}, "cannot be paired with 'all'"),
        ({"temperature": -1.0}, "temperature"),
        ({"round": "a\nb"}, "The tag of a round"),
        ({"test": 0.5}, "--test divides a file"),
        ({"limit": 0}, "--limit 0 is less than 1"),
        ({"engine": "magic"}, "no engine 'magic'"),
    ],
)
def test_options_that_do_not_fit(builds, policy, scorer, tmp_path, given, said):
    options = {"model": policy, "score": scorer, **HOW, **given}
    with pytest.raises(RecipeError, match=said):
        pairsmith.generate(builds / "messages", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_models_of_the_wrong_kind_are_refused(builds, policy, scorer, tmp_path):
    with pytest.raises(ModelError, match="gives scores, and writes no replies"):
        make(builds, tmp_path / "out", scorer, scorer)
    with pytest.raises(ModelError, match="gives no scores"):
        make(builds, tmp_path / "out", policy, policy)
    assert not (tmp_path / "out").exists()
    with pytest.raises(OutputError, match=r"holds something else: notes\.txt"):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "notes.txt").write_text("mine")
        make(builds, tmp_path / "mine", policy, scorer)


@pytest.mark.parametrize(
    ("line", "said"),
    [(b"{", "line 1 of asked.jsonl is no JSON"), (b"[]", "holds no prompt"), (b"\xff", "UTF-8"),
     (b'{"prompt": 7}', "holds no prompt"), (b'{"prompt": [{"role": "user"}]}', "holds no prompt"),
     (b'{"prompt": [{"role": "user", "content": "\\ud800"}]}', "holds no prompt")],
)  # fmt: skip
def test_files_that_are_none_of_prompts(policy, tmp_path, line, said):
    (tmp_path / "asked.jsonl").write_bytes(line)
    with pytest.raises(SourceError, match=said):
        pairsmith.generate(tmp_path / "asked.jsonl", tmp_path / "out", model=policy, best_of=1)


def test_other_ends_of_replies_are_another_model(builds, policy, tmp_path):
    model, asked = shutil.copytree(policy, tmp_path / "model"), {"best_of": 1, "max_tokens": 3}
    pairsmith.generate(builds / "messages", tmp_path / "out", model=model, limit=1, **asked)
    (model / "generation_config.json").write_text('{"eos_token_id": 5}')
    with pytest.raises(OutputError, match="ended replies at other tokens"):
        pairsmith.generate(builds / "messages", tmp_path / "out", model=model, limit=1, **asked)


def test_a_reply_that_no_prompt_leaves_room_for_is_told(builds, policy, tmp_path):
    asked = {"model": policy, "best_of": 1, "max_tokens": 5_000}
    with pytest.raises(ModelError, match=r"A reply may have 5,000 tokens, and .* takes 4,096"):
        pairsmith.generate(builds / "messages", tmp_path / "out", **asked)


def test_prompts_that_are_nowhere_are_told(policy, tmp_path):
    asked = {"model": policy, "best_of": 1}
    (tmp_path / "round").symlink_to("round")
    for name, said in [(".", "no finished"), ("round", "no folder"), ("none", "no folder")]:
        with pytest.raises(OutputError, match=said):
            pairsmith.generate(tmp_path / name, tmp_path / "out", **asked)
    with pytest.raises(SourceError, match="prompts are read twice"):
        pairsmith.generate("/dev/null", tmp_path / "out", **asked)


def test_samples_are_no_build(made):
    with pytest.raises(OutputError, match="holds no build, but a source of the kind samples"):
        pairsmith.rounds(made.folder)


def test_changed_samples_are_told(builds, policy, tmp_path):
    how = {"model": policy, "best_of": 1, "max_tokens": 1}
    made = pairsmith.generate(builds / "messages", tmp_path / "out", **how)
    path = made.folder / "unkept.jsonl"
    path.write_text(path.read_text().replace("unscored", "unscorad", 1))
    with pytest.raises(OutputError, match="not what its manifest says"):
        pairsmith.generate(builds / "messages", tmp_path / "out", **how)
    assert not pairsmith.generate(builds / "messages", tmp_path / "out", force=True, **how).reused


@slow
def test_the_command_says_what_came_of_it(builds, policy, scorer, tmp_path):
    command = (
        "generate",
        builds / "messages",
        tmp_path / "out",
        "--model",
        policy,
        "--score",
        scorer,
    )
    said = succeed(*command, "--best-of", "4", "--max-tokens", "6").said
    assert "14 prompts = 14 pairs" in said
    assert "56 samples" in said
    assert "KL of best-of-4: 0.636 nats predicted" in said
    told = json.loads(succeed(*command, "--best-of", "4", "--max-tokens", "6", "--json").said)
    assert told["kind"] == "samples"
    assert sum(file["rows"] for file in told["outputs"]) == 14


@slow
def test_workers_and_the_engine_change_nothing(builds, policy, scorer, tmp_path, monkeypatch):
    one = make(builds, tmp_path / "one", policy, scorer, best_of=200, max_tokens=2)
    two = make(builds, tmp_path / "two", policy, scorer, best_of=200, max_tokens=2, workers=2)
    assert tree(one.folder) == tree(two.folder)


@pytest.fixture(scope="module")
def attempts(tmp_path_factory):
    """Builds of red-team dialogues, by form. Not to be changed."""
    place = tmp_path_factory.mktemp("attempts")
    folder = place / "source" / "red-team-attempts"
    folder.mkdir(parents=True)
    said = ["Is mint a weed?", "Is mint a weed?", "  Hide my fern.  ", "Two lines\n\nof moss"]
    lines = [
        json.dumps(
            {"transcript": f"\n\nHuman: {one}\n\nAssistant: Hm.\n\nHuman: Well?", "rating": 1}
        )
        for one in said
    ]
    (folder / "red_team_attempts.jsonl").write_text("\n".join(lines) + "\n")
    pairsmith.build(place / "source", place / "messages")
    pairsmith.build(place / "source", place / "text", template="llama2")
    return place


@pytest.mark.parametrize("form", ["messages", "text"])
def test_red_team_dialogues_are_asked_how_they_open(form, attempts, policy, scorer, tmp_path):
    with pytest.raises(OutputError, match="holds no pairs") as refused:
        make(attempts, tmp_path / "none", policy, scorer, form)
    assert "--subset" in refused.value.hint
    made = make(attempts, tmp_path / "out", policy, scorer, form, subset="red-team-attempts")
    [(place, held)] = made.manifest.ledger.items()
    assert (place, held["read"], held["repeated"]) == ("red-team-openings/train", 4, 1)
    rows = {row["id"]: row for row in rows_in(made.folder)}
    assert rows.keys() == {f"red-team-attempts/train/{n}" for n in (1, 2, 3, 4)}
    assert rows["red-team-attempts/train/2"]["reason"] == "repeated"
    asked = [row["prompt"] for row in rows.values()]
    assert asked[0] == [{"role": "user", "content": "Is mint a weed?"}]
    assert [len(one) for one in asked] == [1, 1, 1, 1]
    built = pairsmith.build(made.folder, tmp_path / "built", carry=["round"])
    assert built.totals.kept == held["kept"] > 0  # pairs, and no dialogues
