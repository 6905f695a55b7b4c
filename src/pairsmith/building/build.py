"""The public `build`: find the files, map their parts over an engine, the manifest last."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Unpack

import pyarrow as pa

from pairsmith._version import __version__
from pairsmith.building.applied import (
    AppliedAnnotation,
    check_applied,
    choose_first,
    open_applied,
    tell_filled,
)
from pairsmith.building.judged import JudgingAnnotation, open_judge
from pairsmith.building.options import BuildArguments, BuildOptions, Options
from pairsmith.building.resolution import ask_for_shape, card_fields, resolve_recipe
from pairsmith.building.row_actions import FirstPass, check_same, settle_decisions
from pairsmith.building.run import RunSpec, check_execution, run
from pairsmith.chat_templates.compile import REFUSES
from pairsmith.chat_templates.prepare import Prepared, as_uncompiled, prepare, remarks
from pairsmith.dataset import card as cards
from pairsmith.dataset import checkpoint, folder
from pairsmith.dataset.decisions import NAME as DECISIONS
from pairsmith.dataset.grown import write_grown
from pairsmith.dataset.manifest import Manifest, join_entries, write_manifest
from pairsmith.dataset.rows import refused_rows
from pairsmith.errors import OutputError, RecipeError
from pairsmith.extras import require
from pairsmith.io.digests import hash_file
from pairsmith.io.remote import StoragePath
from pairsmith.kernel.render import UnfaithfulError
from pairsmith.progress import Watch
from pairsmith.schema.annotations import DECISIONS as DECIDED
from pairsmith.schema.reasons import Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import Form, Origin
from pairsmith.sources.columnar.shapes import HH
from pairsmith.sources.detection.settling import Settled, settle
from pairsmith.sources.intake import gathered
from pairsmith.sources.layouts import ALL_SUBSETS, SAMPLE, Found, SourceFile, Spooled, look
from pairsmith.sources.rows.mapping import parse_columns
from pairsmith.sources.told_places import Divided, divide


def build(
    source: Any,
    out: str | os.PathLike[str],
    *,
    progress: Watch | None = None,
    **options: Unpack[BuildArguments],
) -> Manifest:
    """Builds a dataset from preference data.

    Args:
        source: `sample`, a folder, a file, a pattern of files such as `data/*.jsonl`, a URL of
            such, or `-` for standard input; or a list of these. Or rows: a `datasets.Dataset`, a
            table of pyarrow, a frame of pandas or polars, an iterable of dictionaries, or a
            mapping from splits to any of them.
        out: The folder to write, or its URL; new, empty, or an earlier build's.
        progress: Called with a `Progress` after every block of rows.
        options: Fields of `BuildOptions`, `SourceOptions` and `ExecutionOptions`, by name; each
            is documented where it is declared, in `pairsmith.building.options`.

    Returns:
        The manifest as written. Its `reused` is true where `out` already held this build; its
        `remarks` are sentences on how it was built.

    Raises:
        RecipeError: The options are at odds, or the rows cannot tell what is asked of them.
        SourceError: There is nothing to read, or it cannot be read.
        DamagedInputError: A file stops short. What came before is in `out/unfinished`.
        WorkerError: A worker died again and again, or the engine cannot be reached.
        OutputError: `out` holds something else, or cannot be written.
    """
    sorted_options = Options.of(**options)
    if sorted_options.build.looks:
        require("audit", "To drop, flip or smooth rows takes")
    target = folder.output(os.fspath(out))
    check_execution(sorted_options.execution)
    with gathered(source, sorted_options.source.format) as sources:
        return _build(sources, target, sorted_options, progress)


@dataclass(frozen=True)
class _Job:
    """A request, resolved.

    Attributes:
        sources: As the user names them, or spooled.
        options: As the user gave them.
        found: The sources' files.
        recipe: What to make of them.
        prepared: The template; None without one.
        applied: The annotations that are acted on.
        judge: The annotation that doubts labels, or None.
        progress: Progress callback, or None.
    """

    sources: Sequence[str | Spooled]
    options: Options
    found: Found
    recipe: Recipe
    prepared: Prepared | None
    applied: list[AppliedAnnotation]
    judge: JudgingAnnotation | None
    progress: Watch | None

    @property
    def files(self) -> list[SourceFile]:
        """The files of the sources."""
        return self.found.files

    def statements(self) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """The annotations that are acted on, by name, and what they say."""
        for one in self.applied:
            yield one.annotation.name, one.annotation.batches(one.label)
        if self.judge:
            yield self.judge.annotation.name, self.judge.annotation.batches()


def _build(
    sources: Sequence[str | Spooled], out: StoragePath, options: Options, progress: Watch | None
) -> Manifest:
    divided = _look(sources, options)
    found = divided.found
    files = found.files
    settled = settle(files, ask_for_shape(options), options.build.carry, options.build.margin)
    found = found._replace(remarks=[*found.remarks, *settled.remarks])
    card = card_fields(options.build)
    applied = open_applied(out, options.build.apply)
    judge = open_judge(out, options.build)
    with ExitStack() as stack:
        prepared = _prepare(options.build, stack)
        template = prepared.compiled.template if prepared else None
        recipe = resolve_recipe(
            options.build,
            template,
            card=card,
            origin=_origin(sources, files, settled),
            settled=settled,
            told=divided.told,
            apply=[annotation.entry.to_dict() for annotation in applied],
            judge=judge.entry._asdict() if judge else None,
        )
        _check_system(recipe, prepared)
        folder.check_source(out, [file.place.path for file in files])
        stack.enter_context(folder.writing(out))
        folder.recover(out)
        earlier = folder.earlier_build(out)
        if earlier and not options.execution.force:
            return _reuse(earlier, out, recipe, files)
        staging = stack.enter_context(folder.workspace(out, earlier))
        job = _Job(sources, options, found, recipe, prepared, applied, judge, progress)
        built, said = _build_files(job, staging)
        manifest = _manifest(recipe, built, said)
        manifest = replace(manifest, remarks=(*said, *tell_filled(manifest)))
        write_grown(staging, {new: old for part in built for new, old in part.grown.items()})
        check_applied(job.statements(), staging, manifest)
        _check_rendered(manifest, staging)
        cards.write_card(staging, manifest)
        write_manifest(manifest, staging)
        folder.move_into_place(out)
    return manifest


def _look(sources: Sequence[str | Spooled], options: Options) -> Divided:
    """The files of the sources, those divided whose rows tell where they belong."""
    asked, split = options.source, options.source.split
    return divide(look(sources, asked.subset, split), parse_columns(asked.columns), split)


def _prepare(options: BuildOptions, stack: ExitStack) -> Prepared | None:
    """The template, ready until the stack is closed; None without one."""
    if options.template is None:
        return None
    return stack.enter_context(prepare(options.template, options.tokens, options.date))


def _manifest(recipe: Recipe, built: list[checkpoint.Assembled], said: list[str]) -> Manifest:
    """What was built of a recipe, file by file."""
    return Manifest(
        pairsmith=__version__,
        recipe=recipe,
        inputs=join_entries(entry for part in built for entry in part.read),
        outputs=tuple(sorted(entry for part in built for entry in part.outputs)),
        ledger=tuple(part.entry for part in built),
        remarks=tuple(said),
    )


def _decide(job: _Job) -> FirstPass:
    """Decides on rows, by a look at all of them, and by annotations.

    Raises:
        RecipeError: The rows do not tell.
        AnnotationError: An annotation is not of this source.
    """
    if job.recipe.looks:
        outcome = _first_pass(job)
    else:
        hashes = {file.path: hash_file(file.place).sha256 for file in job.files}
        outcome = FirstPass(DECIDED.empty_table(), hashes)
    said = [
        annotation.decide(job.files, outcome.inputs, job.recipe.shape) for annotation in job.applied
    ]
    if job.judge:
        said.insert(0, job.judge.decide(job.files, outcome.inputs, job.recipe))
    return outcome._replace(decisions=choose_first([outcome.decisions, *said]))


def _first_pass(job: _Job) -> FirstPass:
    """Builds the source as messages, in a temporary folder, and decides on its rows.

    Raises:
        RecipeError: The rows do not tell.
    """
    from pairsmith.auditing import row_decisions

    with TemporaryDirectory(prefix="pairsmith-") as temporary:
        seen = Path(temporary) / "first"
        manifest = _build(job.sources, seen, job.options.first_pass(), job.progress)
        inputs = {entry.path: entry.sha256 for entry in manifest.inputs}
        return FirstPass(row_decisions.find_decisions(seen, job.recipe), inputs)


def _check_system(recipe: Recipe, prepared: Prepared | None) -> None:
    """Checks that the recipe's system text goes with its template.

    Raises:
        RecipeError: It does not.
    """
    if recipe.system is None or recipe.template is None or prepared is None:
        return
    held = [token for token in recipe.template.control if token in recipe.system]
    if held:
        raise RecipeError(
            f"The system text holds {', '.join(held)}, control text of {recipe.template.name}.",
            "Take it out: a model would read it as a marker, not as words.",
        )
    fault = prepared.compiled.faults.get(True, "")
    if fault.startswith(REFUSES):
        raise RecipeError(
            f"The template {recipe.template.name} refuses a system turn: "
            f"{fault.removeprefix(REFUSES).rstrip('.')}.",
            "Leave --system out, or name another template.",
        )


def _build_files(job: _Job, staging: StoragePath) -> tuple[list[checkpoint.Assembled], list[str]]:
    """Builds every file; and sentences on how."""
    plan = checkpoint.begin(staging, _plan(job), job.options.execution.force)
    said = list(job.found.remarks)
    if job.recipe.acts:
        plan, changed = settle_decisions(staging, plan, job.files, partial(_decide, job))
        said += changed
    said += _run(job, staging, plan)
    built = checkpoint.assemble(staging, job.files)
    if job.recipe.acts:
        check_same(plan, built)
    return built, said


def _plan(job: _Job) -> dict[str, Any]:
    """What the folder that the build grows in is to become."""
    return {
        "pairsmith": __version__,
        "pyarrow": pa.__version__,
        "recipe": job.recipe.to_dict(),
        "inputs": [file.path for file in job.files],
        "places": [file.id_prefix for file in job.files],
        checkpoint.COMPILED: True,
        checkpoint.DECISIONS: None,
    }


def _run(job: _Job, staging: StoragePath, plan: dict[str, Any]) -> list[str]:
    """Builds what is not finished, row by row where a template fails its proof; sentences on it."""
    prepared, said = job.prepared, list[str]()
    compiled = prepared.compiled if prepared and job.recipe.form == Form.TEXT else None
    for again in (False, True):
        if compiled and not plan[checkpoint.COMPILED]:
            compiled = as_uncompiled(compiled, "its compiled form does not give what Jinja gives")
        finished, changed = checkpoint.find_finished(staging, job.files, job.recipe.shard_rows)
        kept = sum(len(done.shards) for done in finished.values())
        said += [*changed, f"Went on from {kept} finished shards."] if kept else changed
        spec = RunSpec(
            files=job.files,
            finished=finished,
            staging=staging,
            recipe=job.recipe,
            compiled=compiled,
            jinja=prepared.jinja if prepared else None,
            execution=job.options.execution,
            watch=job.progress,
            decisions=(plan[checkpoint.DECISIONS] or {}).get("sha256"),
        )
        try:
            run(spec)
            break
        except UnfaithfulError:
            if again:
                raise
            plan = {**plan, checkpoint.COMPILED: False}
            checkpoint.restart(staging, plan, spared={DECISIONS})
    return [*said, *remarks(compiled)] if compiled else said


def _check_rendered(manifest: Manifest, staging: StoragePath) -> None:
    """Checks that the template took some row.

    Raises:
        RecipeError: It refused every row that came to it.
    """
    if manifest.totals.kept or not manifest.totals.quarantined.get(Reason.TEMPLATE_ERROR):
        return
    row = next(refused_rows(staging, manifest, reason=Reason.TEMPLATE_ERROR))
    raise RecipeError(
        f"The template {manifest.recipe.chat_format} refuses every row. At {row.path}, line "
        f"{row.line}, {row.detail.rstrip('.')}.",
        "Mend it, or name another template.",
    )


def _origin(sources: Sequence[str | Spooled], files: list[SourceFile], settled: Settled) -> Origin:
    if [*sources] == [SAMPLE]:
        return Origin.SAMPLE
    is_hh = settled.detected.name == HH.name and not (settled.reading or settled.others)
    released = is_hh and all(file.subset in ALL_SUBSETS for file in files)
    return Origin.HH if released else Origin.OTHER


def _reuse(
    earlier: Manifest, out: StoragePath, recipe: Recipe, files: list[SourceFile]
) -> Manifest:
    """The earlier build, if it is this one."""
    hint = "Name another folder, or add --force to build over it."
    if earlier.recipe != recipe:
        new, old = recipe.to_dict(), earlier.recipe.to_dict()
        differ = ", ".join(checkpoint.differing(old, new))
        raise OutputError(f"{out} holds a build of another recipe ({differ} differ).", hint)
    known = {entry.path: entry.sha256 for entry in earlier.inputs}
    if known.keys() != {file.path for file in files}:
        raise OutputError(f"{out} holds a build of other files: {', '.join(known)}.", hint)
    splits = [f"{entry.subset}/{entry.split}" for entry in earlier.ledger]
    if splits != [*dict.fromkeys(f"{file.subset}/{file.split}" for file in files)]:
        raise OutputError(f"{out} holds a build of these files as {', '.join(splits)}.", hint)
    changed = [file.path for file in files if hash_file(file.place).sha256 != known[file.path]]
    if changed:
        raise OutputError(f"{out} holds a build of other contents of {', '.join(changed)}.", hint)
    if not folder.intact(out, earlier):
        raise OutputError(
            f"{out} holds this build, but not whole.",
            "pairsmith check tells what is missing; --force builds it anew.",
        )
    return Manifest(**{**vars(earlier), "reused": True})
