"""How a training ends: the model written, evaluated, described, and the manifest last."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pairsmith._version import __version__
from pairsmith.dataset.folder import writing
from pairsmith.models.generation_settings import sample_by_default
from pairsmith.models.policies import Policy
from pairsmith.models.run_folder import RunManifest, list_outputs, write_run
from pairsmith.models.weights import check_weights
from pairsmith.training import metrics
from pairsmith.training.card import NAME as CARD
from pairsmith.training.config import write_config
from pairsmith.training.heads import merge_adapters
from pairsmith.training.job import Job, TrainedModel
from pairsmith.training.ledger import Fate
from pairsmith.training.method import Conclusion, Found
from pairsmith.training.progress import TrainingWatch, tell_evaluating
from pairsmith.training.rows import Encoding

CONFIG = "config.yaml"
SCORED = "scored"
"""Where a run grows: what is scored for its evaluation."""

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def finish(
    job: Job,
    trainer: Any,
    made: Encoding,
    records: list[dict[str, Any]],
    watch: TrainingWatch | None = None,
) -> TrainedModel:
    """Writes all that a run holds, in the main process; the others wait.

    Args:
        job: What was asked for.
        trainer: The trainer, at its last step.
        made: What became of the rows.
        records: The metrics.
        watch: Whom to tell how far the evaluation is; None for nobody.
    """
    concluded = job.method.conclude(job, trainer, records)
    finished = _write_model(job, trainer)
    run = _manifest(job, made, records, concluded)
    found = Found()
    if job.is_main:
        with writing(job.place.path):
            if job.evaluates:
                _release(trainer)
                found = job.method.evaluate(
                    job, finished, job.place.growing / SCORED, tell_evaluating(watch)
                )
            run = replace(run, metrics={**run.metrics, **found.numbers})
            run = _put_in_place(job, finished, run, (records, found))
    job.wait()
    remarks = (*concluded.remarks, *_remarks(job, made, found))
    where = job.place.path
    return TrainedModel(where, run, False, remarks, found.scores, found.verdict, job.is_main)


def _release(trainer: Any) -> None:
    """Gives back what the trainer holds of a GPU: the finished model is loaded beside it."""
    import gc

    import torch

    if not torch.cuda.is_available() or trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        return
    trainer.optimizer = trainer.lr_scheduler = trainer.callback_handler.optimizer = None
    trainer.accelerator.free_memory()
    for model in (trainer.model, getattr(trainer, "ref_model", None)):
        if model is not None:
            model.to("cpu")
    gc.collect()
    torch.cuda.empty_cache()


def _write_model(job: Job, trainer: Any) -> Path:
    """Writes the model and its tokenizer beside the checkpoints.

    Raises:
        ModelError: The last step left weights that are no numbers.
    """
    finished = job.place.finished
    if job.is_main:
        job.place.empty_finished()
    job.wait()
    if job.settings["use_peft"]:
        merge_adapters(trainer, finished, job.is_main)
    else:
        trainer.save_model(str(finished))
    if job.is_main:
        job.loaded.tokenizer.save_pretrained(finished)
        if isinstance(job.loaded, Policy):
            sample_by_default(finished)
        (finished / "training_args.bin").unlink(missing_ok=True)  # a pickle; config.yaml has them
        check_weights(finished)
    job.wait()
    return finished


def _manifest(
    job: Job, made: Encoding, records: list[dict[str, Any]], concluded: Conclusion
) -> RunManifest:
    """The manifest of the run, but for its files."""
    parents = {role: dict(held) for role, held in job.parents.items()}
    told = {name: value for name, value in metrics.summarise(records).items() if value is not None}
    numbers = {**told, **concluded.numbers, "processes": job.args.world_size}
    if job.told.by_id is not None:
        numbers["weighed"] = made.weighed
    return RunManifest(
        pairsmith=__version__,
        kind=job.method.kind,
        build=parents.pop("build"),
        base=parents.pop("base"),
        form=job.built.recipe.form,
        template=job.built.recipe.template,
        config=job.settings,
        ledger={f"{one.subset}/{one.split}": one.to_dict() for one in made.accounts},
        metrics={name: float(value) for name, value in numbers.items()},
        versions={name: version(name) for name in LIBRARIES},
        others=parents,
    )


def _put_in_place(
    job: Job, finished: Path, run: RunManifest, told: tuple[list[dict[str, Any]], Found]
) -> RunManifest:
    """Writes what belongs to the run, moves all of it into place, and the manifest last."""
    records, found = told
    (finished / CONFIG).write_text(write_config(job.settings), encoding="utf-8", newline="\n")
    metrics.write_metrics(finished / metrics.NAME, records)
    card = job.method.card(job, run, found)
    (finished / CARD).write_text(card, encoding="utf-8", newline="\n")
    run = replace(run, outputs=list_outputs(finished))
    job.place.move_in()
    write_run(job.place.path, run)
    job.place.leave()
    return run


def _remarks(job: Job, made: Encoding, found: Found) -> tuple[str, ...]:
    """Sentences on the run."""
    said = [*([job.loaded.remark] if job.loaded.remark else []), *job.remarks]
    trained = {entry.subset for entry in made.accounts if entry.learnt}
    held_out = {entry.subset for entry in made.accounts if Fate.HELD_OUT in entry.others}
    missing = sorted(trained - held_out)
    if missing:
        said.append(f"No rows are held out for evaluation of {', '.join(missing)}.")
    if job.told.by_id is not None:
        said.append(f"Of {made.weighed:,} of {made.trained:,} rows the confidence is told.")
    if made.refusal is not None:
        id, why = made.refusal
        said.append(f"The chat template refuses {id}, the first of such rows: {why}")
    if found.why:
        said.append(f"It was not evaluated: {found.why}.")
    return tuple(said)
