"""TRL's RLOO and GRPO trainers with what is ours: our ids, readings, seeds, and when to stop.

Imports TRL, and is imported where it trains alone.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from transformers import TrainerCallback
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.rloo_trainer import RLOOTrainer

from pairsmith.training import checkpoints
from pairsmith.training.judges import Asked
from pairsmith.training.recorder import Recorder
from pairsmith.training.rl.parting import (
    Parting,
    best_step,
    find_parting,
    readings_of,
    window_of,
)
from pairsmith.training.rl.sampler import PromptSampler
from pairsmith.training.trainer import RunTrainer

JUDGED = ("reward", "watch")
"""What models say of replies, in the order in which TRL is given them."""

SHOWN = (*JUDGED, "kl")
"""What stands beside the loss in the progress of a run."""

ROW = "row"


@dataclass
class Course:
    """What a run by reinforcement learning has besides a trainer.

    Attributes:
        asked: From the number of a row to its prompt.
        open: Opens what writes conversations, for as long as rewards are wanted.
        recorder: What writes the metrics.
        stops: Whether the run ends where reward and watcher part.
    """

    asked: Callable[[int], Asked]
    open: Callable[[], AbstractContextManager[Any]]
    recorder: Recorder
    stops: bool


class PolicyTrainer(RunTrainer):
    """A trainer of a policy. It stands before a trainer of TRL's among the bases of a class."""

    course: Course

    def __init__(self, *given: Any, course: Course, **named: Any) -> None:
        self.course = course
        self._now: list[int] = []
        self._means: list[torch.Tensor] = []
        self._length = 0.0
        self._shown: dict[str, float] = {}
        super().__init__(*given, **named)
        self.add_callback(Stopper(self))

    # What is asked, and in which order.

    def _get_train_sampler(self, dataset: Any = None) -> PromptSampler:
        args: Any = self.args
        rows = len(self.train_dataset if dataset is None else dataset)
        batch = args.generation_batch_size // self.num_generations
        repeats = self.num_iterations * args.steps_per_generation
        seed = args.seed if args.shuffle_dataset else None
        return PromptSampler(rows, self.num_generations, batch, repeats, seed)

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
        """The ids of the prompts of the batch at hand, as they were proved."""
        return [list(self.course.asked(row).ids) for row in self._now], None, {}

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Replies and what they are worth, drawn from a seed that the step decides.

        A run that is gone on with draws the same replies as one that was left alone.
        """
        theirs: Any = super()._generate_and_score_completions
        self._now = [example[ROW] for example in inputs]
        torch.manual_seed(self._seed())
        made: dict[str, Any] = theirs(inputs)
        made[ROW] = torch.tensor(self._now, device=made["completion_ids"].device)
        return made

    def _seed(self) -> int:
        told = f"{self.args.seed} {self.state.global_step} {self.args.process_index}"
        return int.from_bytes(hashlib.sha256(told.encode()).digest()[:7], "big")

    # What is noted.

    def _calculate_rewards(self, *given: Any, **named: Any) -> torch.Tensor:
        theirs: Any = super()._calculate_rewards
        rewards: torch.Tensor = theirs(*given, **named)
        groups = rewards.double().view(-1, self.num_generations, rewards.shape[1])
        self._means.append(groups.mean(1).cpu())
        return rewards

    def compute_loss(self, model: Any, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        """TRL's loss."""
        theirs: Any = super().compute_loss
        loss = theirs(model, inputs, *given, **named)
        self.note_batch(inputs[ROW].tolist(), loss)
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs the metrics that are ours in place of TRL's, most of which say the same twice."""
        held = self._metrics["train"]
        if "loss" in logs:
            self._metrics["train"] = defaultdict(list, self._ours(held))
            self._means = []
        super().log(logs, start_time)

    def _ours(self, held: dict[str, list[float]]) -> dict[str, list[float]]:
        """The metrics of the steps since the last ones, by name, each a list of one."""
        made: dict[str, float] = {"num_tokens": self.state.num_input_tokens_seen}
        if self._means:  # else all of these steps learn from replies that were read before
            means = torch.cat(self._means)
            judged = [name for name in JUDGED if name in self.reward_func_names]
            for place, name in enumerate(judged):
                made[name] = float(means[:, place].mean())
                if len(means) > 1:  # the replies to one prompt are no independent ones
                    made[f"{name}_se"] = float(means[:, place].std() / math.sqrt(len(means)))
            self._length = fmean(held["completions/mean_length"])
            made |= {"length": self._length}
            made |= {"truncated": fmean(held["completions/clipped_ratio"])}
        if held.get("kl"):
            made["kl"] = fmean(held["kl"]) * self._length
        if held.get("entropy"):
            made["entropy"] = fmean(held["entropy"])
        return {name: [value] for name, value in made.items()}

    @property
    def tokens(self) -> int:
        """The tokens of prompts and replies so far: TRL counts them in the state."""
        return int(self.state.num_input_tokens_seen)

    @property
    def readings(self) -> dict[str, float]:
        """The last means of reward, watcher and KL; those before where no replies were drawn."""
        told = self._ours(self._metrics["train"])
        self._shown = {**self._shown, **{name: told[name][0] for name in SHOWN if name in told}}
        return self._shown

    # When it stops, and which weights it leaves.

    @property
    def total_steps(self) -> int:
        """The steps of the run, if nothing stops it."""
        args: Any = self.args
        if args.max_steps > 0:
            return int(args.max_steps)
        batches: int = -(-len(self._get_train_sampler()) // args.generation_batch_size)
        steps: float = args.num_train_epochs * (batches // args.gradient_accumulation_steps)
        return math.ceil(steps)

    @property
    def window(self) -> int:
        """Readings in a window of the rule that tells over-optimisation."""
        every = self.args.logging_steps
        return window_of(
            self.total_steps, math.ceil(every * self.total_steps) if every < 1 else int(every)
        )

    @property
    def parting(self) -> Parting | None:
        """Where reward and watcher have parted, by the record; None where they have not."""
        return find_parting(readings_of(self.course.recorder.records), self.window)

    def spared(self) -> frozenset[int]:
        """The step of the checkpoint that would be kept if reward and watcher parted now."""
        best = best_step(readings_of(self.course.recorder.records), self.window)
        found = None if best is None else checkpoints.last_whole(self._folder, up_to=best)
        return frozenset() if found is None else frozenset({checkpoints.step_of(found)})

    @property
    def _folder(self) -> Path:
        return Path(self.args.output_dir)

    def train(self, resume_from_checkpoint: str | None = None, **named: Any) -> Any:
        """Trains; not a step where the checkpoint to go on from is of the step of a stop."""
        if resume_from_checkpoint and self.course.stops and self.parting is not None:
            return None
        theirs: Any = super().train
        with ExitStack() as stack:
            stack.enter_context(self.course.open())
            return theirs(resume_from_checkpoint=resume_from_checkpoint, **named)

    def restore(self) -> int | None:
        """Puts back the weights from before the watcher fell, where the run was stopped.

        Returns:
            The step of the checkpoint that they are of; None where the weights stay: the run was
            not stopped, or there is no checkpoint up to the end of the watcher's best window.
        """
        parting = self.parting
        if parting is None or not self.course.stops:
            return None
        found = checkpoints.last_whole(self._folder, up_to=parting.best_step)
        if found is None:
            return None
        theirs: Any = self._load_from_checkpoint
        theirs(str(found))
        return checkpoints.step_of(found)


class Stopper(TrainerCallback):  # type: ignore[misc]  # transformers may be absent
    """Ends a run where reward and watcher part, and has checkpoints written between replies.

    Args:
        trainer: The trainer.
    """

    def __init__(self, trainer: PolicyTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **_held: Any) -> None:
        """Rounds the steps between checkpoints up: replies that wait to be learnt are in none."""
        cycle = cycle_of(args)
        state.save_steps = -(-int(state.save_steps) // cycle) * cycle

    def on_log(self, args: Any, state: Any, control: Any, **_held: Any) -> None:
        """Looks at the record, which has the line of this step by now."""
        if self.trainer.course.stops and self.trainer.parting is not None:
            control.should_training_stop = True


def cycle_of(args: Any) -> int:
    """The steps that learn from the same batch of replies."""
    batches: int = args.steps_per_generation * args.num_iterations
    return int(max(1, batches // args.gradient_accumulation_steps))


class RlooTrainer(PolicyTrainer, RLOOTrainer):
    """TRL's RLOOTrainer as a trainer of a run."""


class GrpoTrainer(PolicyTrainer, GRPOTrainer):
    """TRL's GRPOTrainer as a trainer of a run."""


def trainer_class(method: str) -> type[PolicyTrainer]:
    """The trainer of a method, `rloo` or `grpo`."""
    return {"rloo": RlooTrainer, "grpo": GrpoTrainer}[method]
