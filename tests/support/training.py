"""Small pairs to train on, and trainings that say nothing and take one thread."""

import json

import pairsmith

SETTINGS = {
    "per_device_train_batch_size": 4, "gradient_accumulation_steps": 1, "max_length": 256,
    "learning_rate": 1e-3,
}  # fmt: skip
"""Steps of four pairs."""


def pairs_file(folder, train=12, test=3):
    """A folder of transcripts about tea; returns it."""
    folder.mkdir(parents=True)
    for split, rows in (("train", train), ("test", test)):
        lines = [json.dumps(_pair(number)) for number in range(rows)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def _pair(number):
    prompt = f"\n\nHuman: How long does tea number {number} steep?\n\nAssistant:"
    return {
        "chosen": f"{prompt} {number % 5 + 1} minutes, covered.",
        "rejected": f"{prompt} No idea{'!' * (number % 3)}",
    }


def train_quietly(build, run, model, train=pairsmith.train_reward, **options):
    """A training on one thread, without an evaluation unless one is asked for; returns the run."""
    import torch

    torch.set_num_threads(1)
    given = {"evaluate": False, **SETTINGS, **options}
    return train(build, run, model_name_or_path=str(model), **given)


def train_policy(build, run, model, **options):
    """The same by DPO."""
    return train_quietly(build, run, model, pairsmith.train_dpo, **options)


def metrics_of(run):
    """The lines of a run's metrics, in order."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def weights_of(run):
    """The weights of a run as they lie on the disk."""
    return (run / "model.safetensors").read_bytes()


def stop_after(step):
    """A watch that ends a training, as an interrupt does, after a step."""

    def watch(progress):
        if progress.phase == "training" and progress.done == step:
            raise KeyboardInterrupt

    return watch
