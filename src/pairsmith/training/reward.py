"""The public `train_reward`: a preference model from a build, with the account and the proof."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Unpack

from pairsmith._version import __version__
from pairsmith.dataset import folder, manifest
from pairsmith.dataset.manifest import Manifest, read_manifest
from pairsmith.errors import OutputError, RecipeError
from pairsmith.extras import require
from pairsmith.io.durable import sha256_of
from pairsmith.io.remote import StoragePath
from pairsmith.models.loading import Scorer, load_for_training
from pairsmith.models.run_folder import RunManifest, list_outputs, write_run
from pairsmith.tokens.preview import open_writer
from pairsmith.training import checkpoints, metrics
from pairsmith.training.card import NAME as CARD
from pairsmith.training.card import card_text
from pairsmith.training.confidence import Told, check_margin, read_confidence
from pairsmith.training.config import write_config
from pairsmith.training.folder import GROWING, RunFolder, make_plan
from pairsmith.training.heads import adapters, freeze_but_head, merge_adapters
from pairsmith.training.ledger import Fate, add_up, sentence
from pairsmith.training.options import RewardArguments
from pairsmith.training.progress import TrainingProgress, TrainingWatch
from pairsmith.training.proof import prove_ids
from pairsmith.training.quiet import quiet
from pairsmith.training.rows import Encoding, RowWriter, Wanted, check_pairs, fate_of
from pairsmith.training.settings import complete, settle, trainer_arguments

KIND = "reward"
CONFIG = "config.yaml"
ROWS = "rows.arrow"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


@dataclass(frozen=True)
class TrainedModel:
    """A run, finished.

    Attributes:
        folder: Where it lies.
        manifest: Its manifest.
        reused: Whether it was there already, by the same settings, and nothing was done.
        remarks: Sentences on how it was made, for whoever made it.
        is_main: Whether this process is the one that writes; others train beside it.
    """

    folder: Path
    manifest: RunManifest
    reused: bool = False
    remarks: tuple[str, ...] = ()
    is_main: bool = True


def train_reward(
    build: str | os.PathLike[str],
    run: str | os.PathLike[str],
    *,
    config: str | os.PathLike[str] | None = None,
    force: bool = False,
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
        job = _prepare(folder.output(os.fspath(build)), os.fspath(run), settings, force)
        whole = job.place.whole()
        job.wait()  # or the main process might have begun to write before all have looked
        if whole is not None:
            return TrainedModel(job.place.path, whole, reused=True, is_main=job.is_main)
        with job.claimed():
            return _train(job, progress)


@dataclass(frozen=True)
class _Job:
    """A request, resolved.

    Attributes:
        out: The folder of the build.
        built: Its manifest.
        scorer: The model, with a new head perhaps.
        settings: All that decides the run.
        told: What tells the confidence in labels.
        place: The folder of the run.
        args: TRL's configuration.
        names: Of the build and of the base, each with hashes.
    """

    out: StoragePath
    built: Manifest
    scorer: Scorer
    settings: dict[str, Any]
    told: Told
    place: RunFolder
    args: Any
    names: tuple[dict[str, str], dict[str, str]]

    @property
    def is_main(self) -> bool:
        """Whether this process writes the run."""
        return bool(self.args.process_index == 0)

    @property
    def is_local_main(self) -> bool:
        """Whether this process writes the rows for those of its machine."""
        return bool(self.args.local_process_index == 0)

    def wait(self) -> None:
        """Waits for the processes beside this one."""
        self.args.distributed_state.wait_for_everyone()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Holds the folder of the run, in the main process."""
        if self.is_main:
            with self.place.claimed():
                self.wait()
                yield
        else:
            self.wait()
            yield


def _prepare(out: StoragePath, run: str, asked: dict[str, Any], force: bool) -> _Job:
    """Loads what there is to load, and checks it against what is asked."""
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
    source = {"name": str(out), "sha256": sha256_of(out / manifest.NAME)}
    if told.sha256:
        source["confidence_sha256"] = told.sha256
    base = {"name": scorer.name, "sha256": scorer.sha256}
    plan = make_plan(KIND, source, base, settings)
    held = RunFolder(run, plan, args.world_size, force)
    return _Job(out, built, scorer, settings, told, held, args, (source, base))


def _train(job: _Job, watch: TrainingWatch | None) -> TrainedModel:
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
    finished = _finish(job, trainer)
    run = _manifest(job, made, records)
    if job.is_main:
        with folder.writing(job.place.path):
            run = _put_in_place(job, finished, run, records)
    job.wait()
    return TrainedModel(job.place.path, run, remarks=_remarks(job, made), is_main=job.is_main)


def _encode(job: _Job, watch: TrainingWatch | None) -> Encoding:
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


def _records(job: _Job, last: Path | None) -> list[dict[str, Any]]:
    """The metrics up to the checkpoint that is gone on from; later ones are cut off the file."""
    path = job.place.growing / metrics.NAME
    held = metrics.read_metrics(path, checkpoints.step_of(last)) if last else []
    job.wait()
    if job.is_main:
        metrics.write_metrics(path, held)
    return held


def _make_trainer(job: _Job, records: list[dict[str, Any]], watch: TrainingWatch | None) -> Any:
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


def _finish(job: _Job, trainer: Any) -> Path:
    """Writes the model and its tokenizer beside the checkpoints."""
    finished = job.place.finished
    if job.is_main:
        job.place.empty_finished()
    job.wait()
    if job.settings["use_peft"]:
        merge_adapters(trainer, finished, job.is_main)
    else:
        trainer.save_model(str(finished))
    if job.is_main:
        job.scorer.tokenizer.save_pretrained(finished)
        (finished / "training_args.bin").unlink(missing_ok=True)  # a pickle; config.yaml has them
    job.wait()
    return finished


def _manifest(job: _Job, made: Encoding, records: list[dict[str, Any]]) -> RunManifest:
    """The manifest of the run, but for its files."""
    source, base = job.names
    told = {name: value for name, value in metrics.summarise(records).items() if value is not None}
    numbers = {**told, "processes": job.args.world_size}
    if job.told.by_id is not None:
        numbers["weighed"] = made.weighed
    return RunManifest(
        pairsmith=__version__,
        kind=KIND,
        build=source,
        base=base,
        form=job.built.recipe.form,
        template=job.built.recipe.template,
        config=job.settings,
        ledger={f"{one.subset}/{one.split}": one.to_dict() for one in made.accounts},
        metrics={name: float(value) for name, value in numbers.items()},
        versions={name: version(name) for name in LIBRARIES},
    )


def _put_in_place(
    job: _Job, finished: Path, run: RunManifest, records: list[dict[str, Any]]
) -> RunManifest:
    """Writes what belongs to the run, moves all of it into place, and the manifest last."""
    (finished / CONFIG).write_text(write_config(job.settings), encoding="utf-8", newline="\n")
    metrics.write_metrics(finished / metrics.NAME, records)
    card = card_text(run, job.built, str(job.scorer.tokenizer.pad_token))
    (finished / CARD).write_text(card, encoding="utf-8", newline="\n")
    run = replace(run, outputs=list_outputs(finished))
    job.place.move_in()
    write_run(job.place.path, run)
    job.place.leave()
    return run


def _remarks(job: _Job, made: Encoding) -> tuple[str, ...]:
    """Sentences on the run."""
    said = [job.scorer.remark] if job.scorer.remark else []
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
    return tuple(said)
