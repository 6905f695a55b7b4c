"""The public `train_reward`: a preference model from a build, with the account and the proof."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Unpack

from pairsmith.dataset import folder, manifest
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import OutputError, RecipeError
from pairsmith.extras import require
from pairsmith.io.durable import sha256_of
from pairsmith.io.remote import StoragePath
from pairsmith.models.folders import record_name
from pairsmith.models.loading import load_for_training
from pairsmith.tokens.preview import open_writer
from pairsmith.training import checkpoints, metrics
from pairsmith.training.confidence import check_margin, read_confidence
from pairsmith.training.finish import finish
from pairsmith.training.folder import GROWING, RunFolder, make_plan
from pairsmith.training.heads import adapters, freeze_but_head
from pairsmith.training.job import Job, TrainedModel
from pairsmith.training.ledger import Fate, add_up, sentence
from pairsmith.training.options import RewardArguments
from pairsmith.training.progress import TrainingProgress, TrainingWatch
from pairsmith.training.proof import prove_ids
from pairsmith.training.quiet import quiet
from pairsmith.training.rows import Encoding, RowWriter, Wanted, check_pairs, fate_of
from pairsmith.training.settings import complete, settle, trainer_arguments

KIND = "reward"
ROWS = "rows.arrow"


def train_reward(
    build: str | os.PathLike[str],
    run: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | None = None,
    force: bool = False,
    evaluate: bool = True,
    progress: TrainingWatch | None = None,
    **options: Unpack[RewardArguments],
) -> TrainedModel:
    """Trains a preference model on the pairs of a build, by TRL's RewardTrainer.

    It goes on from the last whole checkpoint where the same training was broken off.

    Args:
        build: The folder of the build, or its URL. Its split `train` is trained on.
        run: The folder to write; new, empty, or a run's.
        config: A YAML file of settings; `options` go before it.
        force: Whether a run by other settings may be replaced.
        evaluate: Whether the rows that are held out are scored, which is kept as an annotation of
            the build, and the scores evaluated.
        progress: Called with a `TrainingProgress` after every batch of rows and every step.
        options: Fields of `RewardOptions`, by name; each is documented where it is declared, in
            `pairsmith.training.options`. `model_name_or_path` has to be among them, or in `config`.

    Returns:
        The run. Its `reused` is true where `run` already held it.

    Raises:
        RecipeError: The settings are none, out of range, or at odds.
        OutputError: There is no build, nothing to train on, or `run` cannot be written.
        ModelError: The model cannot be loaded, does not fit the rows, or makes no numbers.
        TokenizerError: The tokenizer cannot do what the rows want.
        AnnotationError: The annotation tells no confidence.
    """
    require("train", "Training needs")
    with quiet():
        settings = settle(dict(options), config)
        job = _prepare(folder.output(os.fspath(build)), os.fspath(run), settings, (force, evaluate))
        whole = job.place.whole()
        job.wait()  # or the main process might have begun to write before all have looked
        if whole is not None:
            return TrainedModel(job.place.path, whole, reused=True, is_main=job.is_main)
        with job.claimed():
            return _train(job, progress)


def _prepare(out: StoragePath, run: str, asked: dict[str, Any], how: tuple[bool, bool]) -> Job:
    """Loads what there is to load, and checks it against what is asked.

    Args:
        out: The folder of the build.
        run: That of the run.
        asked: The settings, settled.
        how: Whether a run by other settings may be replaced, and whether it is evaluated.
    """
    force, evaluates = how
    built = read_manifest(out)
    check_pairs(built, asked["subset"])
    if asked["margin"]:
        check_margin(built)
    told = read_confidence(out, built, asked["confidence"])
    place = folder.local_folder(run)
    scorer = load_for_training(asked["model_name_or_path"], built.recipe.form, seed=asked["seed"])
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # as launchers tell it
    settings = complete(asked, scorer.model, processes)
    args = trainer_arguments(settings, place / GROWING)
    if args.world_size != processes:
        raise RecipeError(
            f"{processes} processes were launched, and this one sees {args.world_size}.",
            "Launch them by accelerate launch or torchrun.",
        )
    source = {"name": record_name(str(out)), "sha256": sha256_of(out / manifest.NAME)}
    if told.sha256:
        source["confidence_sha256"] = told.sha256
    base = {"name": record_name(scorer.name), "sha256": scorer.sha256}
    plan = make_plan(KIND, {"build": source, "base": base}, settings)
    held = RunFolder(run, plan, args.world_size, force)
    return Job(out, built, scorer, settings, told, held, args, (source, base), evaluates)


def _train(job: Job, watch: TrainingWatch | None) -> TrainedModel:
    """The run itself, in a folder that is claimed."""
    made = _encode(job, watch)
    prove_ids(made.sample, job.scorer.tokenizer, job.built.recipe.form)
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
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    return finish(job, KIND, trainer, made, records)


def _encode(job: Job, watch: TrainingWatch | None) -> Encoding:
    """The rows as token ids, in a file; every process has the account, one a machine writes."""
    wanted = Wanted(
        subsets=frozenset(job.settings["subset"]),
        max_length=job.settings["max_length"],
        cut=job.settings["cut"],
        margin=job.settings["margin"],
        confidence=job.told.by_id,
        vocabulary=int(job.scorer.model.get_input_embeddings().weight.shape[0]),
    )
    meant = [entry for entry in job.built.ledger if fate_of(entry, wanted.subsets) is None]
    total = sum(entry.kept for entry in meant)

    def tell(what: str, done: int) -> None:
        if watch is not None and job.is_main:
            watch(TrainingProgress("rows", what, done, total))

    path = job.place.growing / ROWS if job.is_local_main else Path(os.devnull)
    job.place.growing.mkdir(parents=True, exist_ok=True)
    tokenizer = job.scorer.tokenizer
    if job.is_local_main:
        for path_of_before in job.place.growing.glob("cache-*.arrow"):  # the trainer's, of its rows
            path_of_before.unlink()
    with (
        folder.writing(job.place.path),
        open_writer(job.built, tokenizer, job.scorer.name) as chat,
    ):
        made = RowWriter(path, tokenizer, chat, wanted).write(job.out, job.built, tell)
    if not made.trained:
        raise _nothing_left(made, job.settings["max_length"])
    job.wait()
    return made


def _nothing_left(made: Encoding, max_length: int) -> OutputError:
    """The fault of a build of which no row can be trained on."""
    total = add_up(made.accounts)
    if total.others.get(Fate.TOO_LONG):
        hint = f"The longest has {made.longest:,} tokens a side; max_length is {max_length:,}."
    elif made.refusal is not None:
        id, why = made.refusal
        hint = f"Of {id} the chat template says: {why}"
    else:
        hint = "pairsmith audit tells what such a build holds."
    return OutputError(f"No row is left to train on: {sentence(total)}.", hint)


def _records(job: Job, last: Path | None) -> list[dict[str, Any]]:
    """The metrics up to the checkpoint that is gone on from; later ones are cut off the file."""
    path = job.place.growing / metrics.NAME
    held = metrics.read_metrics(path, checkpoints.step_of(last)) if last else []
    job.wait()
    if job.is_main:
        metrics.write_metrics(path, held)
    return held


def _make_trainer(job: Job, records: list[dict[str, Any]], watch: TrainingWatch | None) -> Any:
    """TRL's trainer with the rows, the model as it is to be trained, and the recorder."""
    from datasets import Dataset
    from transformers import PrinterCallback

    from pairsmith.training.trainer import Collator, PreferenceTrainer, Recorder

    rows = Dataset.from_file(str(job.place.growing / ROWS))
    model, tokenizer = job.scorer.model, job.scorer.tokenizer
    path = job.place.growing / metrics.NAME if job.is_main else None
    recorder = Recorder(path, records, watch if job.is_main else None)
    if job.settings["head_only"]:
        freeze_but_head(model)
    trainer = PreferenceTrainer(
        model=model,
        args=job.args,
        data_collator=Collator(tokenizer.pad_token_id, job.args.pad_to_multiple_of),
        train_dataset=rows,
        processing_class=tokenizer,
        peft_config=adapters(model, job.settings) if job.settings["use_peft"] else None,
        callbacks=[recorder],
        ids=lambda row: str(rows[row]["id"]),
        keep=job.settings["save_total_limit"],
    )
    trainer.remove_callback(PrinterCallback)
    recorder.trainer = trainer
    return trainer
