"""A policy trained against a preference model: what it learns, what the run holds and says."""

import json
from hashlib import sha256

import pytest

import pairsmith
from pairsmith.cli.render.training import describe
from pairsmith.errors import ModelError, OutputError, RecipeError
from pairsmith.models.folders import model_sha256
from support.models.counting import GOOD, WORDS, build_words, write_counter, write_policy
from support.models.tokenizers import PLAIN
from support.rl import metrics_of, train_rl_quietly
from support.slow import quick, slow

torch = pytest.importorskip("torch")
pytest.importorskip("trl")


@pytest.fixture(scope="module")
def told():
    """The progress that `run` told."""
    return []


@pytest.fixture(scope="module")
def run(words, told, tmp_path_factory):
    """A run that is watched and evaluated, with a KL penalty. Not to be changed."""
    return train_rl_quietly(
        words.messages,
        tmp_path_factory.mktemp("run") / "run",
        words.policy,
        words.likes,
        watch=str(words.dislikes),
        stop=False,
        evaluate=True,
        progress=told.append,
    )


def test_progress_tells_the_readings_and_the_evaluation(run, told):
    steps = [one for one in told if one.phase == "training"]
    names = ("reward", "watch", "kl")
    lines = [{name: line[name] for name in names} for line in metrics_of(run.folder)]
    assert [dict(one.readings) for one in steps] == lines
    assert all((one.tokens_per_second or 0) > 0 for one in steps)
    line = describe(steps[-1])
    assert f"reward {lines[-1]['reward']:.3g}, watch {lines[-1]['watch']:.3g}, KL " in line
    evaluating = [one for one in told if one.phase == "evaluating"]
    assert (evaluating[0].total, evaluating[-1].done) == (24, 24)  # 12 prompts, before and after
    assert describe(evaluating[-1]) == "evaluating: 24 of 24 replies"
    assert told.index(evaluating[0]) > told.index(steps[-1])


def test_the_reward_rises_and_the_record_says_how(run):
    lines = metrics_of(run.folder)
    assert [line["step"] for line in lines] == list(range(1, 13))
    first, last = lines[0], lines[-1]
    assert last["reward"] > first["reward"] + 3 * (first["reward_se"] + last["reward_se"])
    assert last["watch"] == pytest.approx(-last["reward"], abs=1e-5)
    assert first["kl"] == pytest.approx(0, abs=1e-5)
    assert last["kl"] > 0.05
    assert all(0 <= line["truncated"] <= 1 and 1 <= line["length"] <= 8 for line in lines)
    held = run.manifest.metrics
    assert held["last_reward"] > held["first_reward"]
    assert held["held_out_reward_gain_low"] > 0  # on prompts that were never asked
    assert held["held_out_watch_gain_high"] < 0
    assert held["held_out_prompts"] == 12


def test_the_run_names_all_that_it_is_of(run, words):
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["kind"] == "rl"
    assert manifest["others"] == {
        "reward": {"name": "likes", "sha256": model_sha256(words.likes)},
        "watch": {"name": "dislikes", "sha256": model_sha256(words.dislikes)},
    }
    assert manifest["base"]["sha256"] == model_sha256(words.policy)
    assert manifest["ledger"] == {
        "pairs/test": {"read": 24, "trained": 0, "held_out": 24},
        "pairs/train": {"read": 64, "trained": 32, "duplicate": 32},
    }
    for entry in manifest["outputs"]:
        data = (run.folder / entry["path"]).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
    samples = (run.folder / "evaluation" / "samples.jsonl").read_text().splitlines()
    assert len(samples) == 12
    one = json.loads(samples[0])
    assert one["before"]["seed"] == one["after"]["seed"]
    assert set(one["after"]["text"].split()) <= set(WORDS)
    card = (run.folder / "README.md").read_text()
    assert manifest["others"]["watch"]["sha256"] in card
    assert "| reward |" in card


def test_the_policy_loads_and_the_same_command_does_nothing_more(run, words):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(run.folder)
    assert model.config.vocab_size == 29
    assert model.generation_config.do_sample  # servers that follow it sample
    again = train_rl_quietly(
        words.messages, run.folder, words.policy, words.likes,
        watch=str(words.dislikes), stop=False, evaluate=True,
    )  # fmt: skip
    assert again.reused
    with pytest.raises(OutputError, match="the reward is another model's"):
        train_rl_quietly(
            words.messages, run.folder, words.policy, words.dislikes,
            watch=str(words.likes), stop=False, evaluate=True,
        )  # fmt: skip


def test_the_model_that_rewards_does_not_watch(words, tmp_path):
    with pytest.raises(ModelError, match="is the model that rewards"):
        train_rl_quietly(
            words.messages, tmp_path / "run", words.policy, words.likes, watch=str(words.likes)
        )
    assert not (tmp_path / "run").exists()


@slow
@pytest.mark.parametrize("method", ["rloo", "grpo"])
def test_a_heavy_penalty_keeps_the_policy_where_it_was(method, words, tmp_path):
    free, held = (
        train_rl_quietly(
            words.text, tmp_path / f"{beta}", words.policy, words.likes,
            method=method, beta=beta, evaluate=True,
        ).manifest.metrics
        for beta in (0.0, 50.0)
    )  # fmt: skip
    assert free["held_out_kl"] > 0.5
    assert abs(held["held_out_kl"]) < free["held_out_kl"] / 4
    assert free["held_out_reward_gain"] > 3 * abs(held["held_out_reward_gain"])


@slow
@pytest.mark.parametrize("method", ["rloo", "grpo"])
def test_what_parts_is_told_and_stopped(method, words, tmp_path):
    """Pushed without a penalty, the reward rises while what watches falls."""
    asked = {"watch": str(words.dislikes), "beta": 0.0, "max_steps": 40, "method": method}
    stopped = train_rl_quietly(
        words.messages, tmp_path / "stopped", words.policy, words.likes, **asked
    )
    held = stopped.manifest.metrics
    assert held["parted"] == 1
    assert held["stopped_at"] == held["steps"] == held["parted_at"] < 40
    assert held["kept_step"] == 4 <= held["best_step"]
    assert stopped.remarks[0].startswith("Over-optimised: from step 5 to step ")
    card = (stopped.folder / "README.md").read_text()
    assert "**Over-optimised.**" in card
    assert "This is the policy of step 4." in card
    kept = train_rl_quietly(
        words.messages, tmp_path / "four", words.policy, words.likes,
        **{**asked, "max_steps": 40, "stop": False},
    )  # fmt: skip
    assert kept.manifest.metrics["parted"] == 1
    assert kept.manifest.metrics["steps"] == 40
    assert "went on" in kept.remarks[0]
    assert metrics_of(kept.folder)[: int(held["steps"])] == metrics_of(stopped.folder)
    weights = [(one.folder / "model.safetensors").read_bytes() for one in (stopped, kept)]
    assert weights[0] != weights[1]


@slow
def test_adapters_are_merged(words, tmp_path):
    made = train_rl_quietly(
        words.text, tmp_path / "run", words.policy, words.likes,
        use_peft=True, learning_rate=0.1, evaluate=True,
    )  # fmt: skip
    assert (made.folder / "adapter" / "adapter_model.safetensors").is_file()
    assert made.manifest.metrics["last_reward"] > made.manifest.metrics["first_reward"]
    assert made.manifest.metrics["last_kl"] > 0


def test_what_does_not_fit_is_refused_before_weights_are_read(words, tmp_path):
    other = write_counter(tmp_path / "other", {GOOD[0]: 1.0}, chat=PLAIN)
    (other / "model.safetensors").unlink()
    policy = write_policy(tmp_path / "policy")
    (policy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="chat templates of .* differ"):
        train_rl_quietly(words.messages, tmp_path / "run", policy, other)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reward": None}, "No preference model is named"),
        ({"method": "ppo"}, "'ppo' is no method"),
        ({"beta": -1.0}, "beta is -1.0"),
        ({"num_generations": 1}, "num_generations is 1"),
        ({"per_device_train_batch_size": 6}, "must be divisible by num_generations"),
    ],
)
def test_settings_that_are_none_are_refused(options, said, words, tmp_path):
    asked = {"reward": str(words.likes), **options}
    reward = asked.pop("reward")
    with pytest.raises(RecipeError, match=said):
        train_rl_quietly(words.messages, tmp_path / "run", words.policy, reward, **asked)


def test_settings_of_trl_that_are_ours_are_refused(words, tmp_path):
    config = tmp_path / "config.yaml"
    for line, said in (
        ("log_completions: true", "log_completions is not to be set"),
        ("use_vllm: true", "use_vllm is not to be set"),
        ("epsilon_hight: 0.3", "Did you mean epsilon_high"),
    ):
        config.write_text(line)
        with pytest.raises(RecipeError) as refused:
            train_rl_quietly(
                words.messages, tmp_path / "run", words.policy, words.likes, config=config
            )
        assert said in f"{refused.value.message} {refused.value.hint}"


def test_a_reply_that_fills_the_context_is_refused(words, tmp_path):
    with pytest.raises(ModelError, match="leaves no room for a prompt in the 120 of .*likes"):
        train_rl_quietly(
            words.messages, tmp_path / "run", words.policy, words.likes, max_completion_length=120
        )


def test_prompts_that_fill_the_context_are_in_the_ledger(words, tmp_path):
    with pytest.raises(OutputError, match=r"read 88 = .*held_out 24 \+ duplicate 0|too_long"):
        train_rl_quietly(words.messages, tmp_path / "run", words.policy, words.likes, max_length=12)


@slow
def test_rows_that_another_build_holds_out_are_refused_by_name(words, tmp_path):
    other = build_words(tmp_path / "other", train=8, test=8)
    renamed = tmp_path / "renamed"
    (renamed).mkdir()
    rows = (tmp_path / "other" / "words" / "train.jsonl").read_text()
    (renamed / "test.jsonl").write_text(rows)
    (renamed / "train.jsonl").write_text((other.parent / "words" / "test.jsonl").read_text())
    pairsmith.build(renamed, tmp_path / "held")
    with pytest.raises(
        RecipeError, match=r"pairs/train/\d+ of train .* of pairs/test/\d+, which .*held holds"
    ):
        train_rl_quietly(
            words.messages, tmp_path / "run", words.policy, words.likes,
            held_out=str(tmp_path / "held"),
        )  # fmt: skip
    made = train_rl_quietly(
        words.messages, tmp_path / "other_run", words.policy, words.likes,
        held_out=str(words.messages), max_steps=1,
    )  # fmt: skip
    assert made.manifest.others["held_out"]["name"] == "build"


@slow
@pytest.mark.parametrize("form", quick(("messages", "text")))
def test_a_reward_of_no_number_names_step_and_rows(form, words, tmp_path):
    from safetensors.torch import load_file, save_file

    broken = write_counter(tmp_path / "broken", {GOOD[0]: 1.0})
    held = load_file(broken / "model.safetensors")
    held["score.weight"][0, 2] = float("inf")
    save_file(held, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"no finite number in step 1, .* pairs/train/"):
        train_rl_quietly(getattr(words, form), tmp_path / "run", words.policy, broken)
