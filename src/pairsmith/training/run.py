"""A run from a build to a model, by any method: claimed, gone on with, proved, finished."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairsmith.dataset import folder, manifest
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.verify import check_shards
from pairsmith.errors import OutputError, RecipeError
from pairsmith.extras import require
from pairsmith.io.durable import sha256_of
from pairsmith.io.remote import StoragePath
from pairsmith.models.folders import find_model, record_name
from pairsmith.models.forward import in_memory
from pairsmith.models.generation_settings import recorded_ends
from pairsmith.models.policies import Policy
from pairsmith.training import checkpoints, metrics
from pairsmith.training.confidence import read_confidence
from pairsmith.training.finish import finish
from pairsmith.training.folder import GROWING, NAMED, RunFolder, make_plan
from pairsmith.training.held_out import check_held_out
from pairsmith.training.job import Job, TrainedModel
from pairsmith.training.method import Loaded, Method
from pairsmith.training.progress import TrainingWatch
from pairsmith.training.quiet import quiet
from pairsmith.training.settings import complete, refused_settings, settle, trainer_arguments


@dataclass(frozen=True)
class Request:
    """What is asked for, besides settings.

    Attributes:
        build: The folder of the build, or its URL.
        run: The folder to write.
        config: A YAML file of settings; None without one.
        force: Whether a run by other settings may be replaced.
        evaluate: Whether the model is evaluated at the end.
    """

    build: str | os.PathLike[str]
    run: str | os.PathLike[str]
    config: str | os.PathLike[str] | None = None
    force: bool = False
    evaluate: bool = True


def train(
    method: Method, asked: Request, options: dict[str, Any], progress: TrainingWatch | None
) -> TrainedModel:
    """Trains a model, or goes on with it, or finds it finished.

    Args:
        method: How.
        asked: On what, and where to.
        options: Settings by name; they go before those of a file.
        progress: Called with a `TrainingProgress` after every batch of rows and every step.
    """
    require("train", "Training needs")
    hint = (
        "Lower per_device_train_batch_size or max_length, or train adapters of a low rank (--lora)."
    )
    with quiet(), in_memory("the model and a batch", hint):
        settings = settle(method.configuration, options, asked.config)
        job = _prepare(method, asked, settings)
        whole = job.place.whole()
        job.wait()  # or the main process might have begun to write before all have looked
        if whole is not None:
            return TrainedModel(job.place.path, whole, reused=True, is_main=job.is_main)
        if job.is_main:
            check_shards(job.out, job.built)
        with job.claimed():
            return _train(job, progress)


def _check_apart(request: Request, asked: Mapping[str, Any]) -> None:
    """Checks that a run is not written over what it is made from.

    Raises:
        OutputError: It would be.
    """
    run = Path(request.run).resolve()
    named = {f"what {name} names": asked.get(name) for name in sorted(NAMED)}
    for what, place in {"the build": request.build, **named}.items():
        if place is not None and Path(place).is_dir() and Path(place).resolve() == run:
            raise OutputError(
                f"{request.run} is the folder of the run, and {what}.", "Name another folder."
            )


def _prepare(method: Method, request: Request, asked: dict[str, Any]) -> Job:
    """Loads what there is to load, and checks it against what is asked."""
    _check_apart(request, asked)
    out = folder.output(os.fspath(request.build))
    built = read_manifest(out)
    method.check_build(built, asked)
    told = read_confidence(out, built, asked.get("confidence"))
    place = folder.local_folder(os.fspath(request.run))
    held_out, remarks = _held_out(out, asked)
    loaded = method.load(asked, built.recipe.form)
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # as launchers tell it
    settings = complete(method.configuration, asked, loaded.model, processes)
    args = trainer_arguments(method.configuration, settings, place / GROWING)
    if args.world_size != processes:
        raise RecipeError(
            f"{processes} processes were launched, and this one sees {args.world_size}.",
            "Launch them by accelerate launch or torchrun.",
        )
    parents = {
        "build": _source(out, told.sha256),
        "base": {"name": record_name(loaded.name), "sha256": loaded.sha256, **_ends(loaded)},
        **method.parents(settings, loaded),
        **held_out,
    }
    plan = make_plan(method.kind, parents, settings)
    held = RunFolder(os.fspath(request.run), plan, args.world_size, request.force)
    return Job(
        method, out, built, loaded, settings, told, held, args, parents, request.evaluate, remarks
    )


def _ends(loaded: Loaded) -> dict[str, str]:
    """Where the replies of a policy end, as far as its hash does not tell."""
    is_policy = isinstance(loaded, Policy)
    return recorded_ends(find_model(loaded.name), loaded.name) if is_policy else {}


def _source(out: StoragePath, confidence: str) -> dict[str, str]:
    """The build as a manifest names it, with the annotation that tells the confidence if any."""
    source = {"name": record_name(str(out)), "sha256": sha256_of(out / manifest.NAME)}
    return {**source, "confidence_sha256": confidence} if confidence else source


def _held_out(
    out: StoragePath, settings: Mapping[str, Any]
) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """The build whose rows are not to be trained on, by its role; and what is to be told of it."""
    if settings["held_out"] is None:
        return {}, ()
    held = check_held_out(str(out), settings["held_out"], frozenset(settings["subset"]))
    untold = (
        f"Of {held.untold:,} rows of train no first question can be told: whether they are held "
        "out elsewhere is not known."
    )
    return {"held_out": held.parent}, (untold,) if held.untold else ()


def _train(job: Job, watch: TrainingWatch | None) -> TrainedModel:
    """The run itself, in a folder that is claimed."""
    made = job.method.encode(job, watch)
    job.wait()
    job.method.prove(job, made)
    if job.is_main:
        checkpoints.remove_broken(job.place.growing)
    job.wait()
    last = checkpoints.last_whole(job.place.growing)
    records = _records(job, last)
    trainer = _make_trainer(job, records, watch)
    if len(trainer.train_dataset) != made.trained:
        raise OutputError(
            f"The trainer has {len(trainer.train_dataset)} rows, and the ledger {made.trained}.",
            "Nothing was trained. Please report it, for this is to be mended.",
        )
    if last is not None and checkpoints.is_last(last):
        trainer._load_from_checkpoint(str(last))  # to go on would be a step too many
    else:
        try:
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        except ImportError as error:  # of what a setting asks for
            raise refused_settings(error) from error
    return finish(job, trainer, made, records, watch)


def _records(job: Job, last: Path | None) -> list[dict[str, Any]]:
    """The metrics up to the checkpoint that is gone on from; later ones are cut off the file."""
    path = job.place.growing / metrics.NAME
    held = metrics.read_metrics(path, checkpoints.step_of(last)) if last else []
    job.wait()
    if job.is_main:
        metrics.write_metrics(path, held)
    return held


def _make_trainer(job: Job, records: list[dict[str, Any]], watch: TrainingWatch | None) -> Any:
    """The method's trainer, with the recorder."""
    from transformers import PrinterCallback

    from pairsmith.training.recorder import Recorder

    path = job.place.growing / metrics.NAME if job.is_main else None
    recorder = Recorder(path, records, watch if job.is_main else None)
    trainer = job.method.make_trainer(job, recorder)
    trainer.remove_callback(PrinterCallback)
    recorder.trainer = trainer
    return trainer
