"""The main job: find the files, map their parts over an engine, the manifest last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pairsmith._version import __version__
from pairsmith.building.row_actions import Judged, check_same, settle_decisions
from pairsmith.building.run import Run, Way, run
from pairsmith.chat_templates.compile import REFUSES
from pairsmith.chat_templates.prepare import Prepared, as_uncompiled, prepare, remarks
from pairsmith.dataset import card as cards
from pairsmith.dataset import checkpoint, folder
from pairsmith.dataset.decisions import NAME as DECISIONS
from pairsmith.dataset.manifest import Manifest, write_manifest
from pairsmith.dataset.rows import refused_rows
from pairsmith.engines import ENGINES
from pairsmith.errors import OutputError, RecipeError
from pairsmith.extras import require
from pairsmith.io.digests import hash_file
from pairsmith.io.remote import StoragePath
from pairsmith.kernel.render import UnfaithfulError
from pairsmith.progress import Watch
from pairsmith.schema.reasons import Reason
from pairsmith.schema.recipe import SHARD_ROWS, Recipe, make_recipe
from pairsmith.schema.rows import Form, Origin
from pairsmith.sources.detect import AUTO, choose, passed_over
from pairsmith.sources.layouts import ALL_SUBSETS, SAMPLE, SourceFile, find
from pairsmith.sources.shapes import HH, Shape


def build(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    template: str | None = None,
    tokens: Mapping[str, str] | None = None,
    date: str | None = None,
    as_: str | None = None,
    system: str | None = None,
    shard_rows: int = SHARD_ROWS,
    policies: Mapping[str, str] | None = None,
    card: Mapping[str, Any] | None = None,
    subset: str | None = None,
    split: str | None = None,
    from_: str = AUTO,
    force: bool = False,
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
    batch_rows: int | None = None,
    drop: Iterable[str] = (),
    flip: float | None = None,
    smooth: float | None = None,
    progress: Watch | None = None,
) -> Manifest:
    """Builds a dataset from preference data.

    Args:
        source: `sample`, a folder of subsets, one subset's folder, a file, or a URL of such.
        out: The folder to write, or its URL; new, empty, or an earlier build's.
        template: A built-in template's name, a `.jinja` file, a tokenizer's folder, a hub id.
        tokens: Special tokens by name, such as `eos_token`, for a template that does not tell.
        date: What to tell a template that asks for the date, as `2026-01-31`; today by default.
        as_: `text` or `messages`; text where there is a template, else messages.
        system: The text of a system turn to put in front of every prompt.
        shard_rows: At most this many input rows go into one shard.
        policies: For a reason, `keep`, `merge` or `escape` in place of `quarantine`.
        card: Front-matter fields of the card: licence, tags, gate.
        subset: For a single file: the subset it belongs to.
        split: For a single file: the split it belongs to.
        from_: The shape of the rows, such as `hh` or `trl`, or `auto` to tell it from the first.
        force: Build over an earlier build, and over what another one left unfinished.
        engine: `local` or `ray`.
        workers: Processes that work at once; by default as many as the cores, for much data, and
            1, this one, for little.
        address: The address of a Ray cluster; without one, Ray is started on this machine.
        batch_rows: At most this many rows are worked on at a time.
        drop: What to refuse for the sake of other rows, of train alone: `duplicates`, `near`,
            `leaks`, `flipped`.
        flip: Exchange the replies of train rows whose label a model doubts by more than this, in
            log-odds. The model is weak: what it doubts is often right.
        smooth: The same rows, but leave them as they are. With this or `flip`, shards have a
            column `label_confidence`.
        progress: Called with a `Progress` after every block of rows.

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

    def ask() -> Judged:
        given: dict[str, Any] = {"policies": policies, "subset": subset, "split": split}
        given.update(workers=here.workers, batch_rows=batch_rows, progress=progress)
        return _look(recipe, partial(build, source, from_=shape.name, **given))

    if drop or flip or smooth:
        require("audit", "To drop, flip or smooth rows takes")
    source, target = os.fspath(source), folder.output(os.fspath(out))
    way = _way(engine, workers, address, batch_rows)
    here = way if engine == "local" else Way()  # what is looked at lies on this machine
    files = find(source, subset, split)
    shape = choose(files, from_)
    fields = cards.check_fields(card or {})
    with ExitStack() as stack:
        prepared = (
            stack.enter_context(prepare(template, tokens, date)) if template is not None else None
        )
        recipe = make_recipe(
            prepared.compiled.template if prepared else None,
            as_,
            system,
            shard_rows,
            policies,
            _origin(source, files, shape),
            fields,
            shape.name,
            drop,
            flip,
            smooth,
        )
        _check_system(recipe, prepared)
        folder.check_source(target, [file.place.path for file in files])
        stack.enter_context(folder.writing(target))
        folder.recover(target)
        earlier = folder.earlier_build(target)
        if earlier and not force:
            return _reuse(earlier, target, recipe, files)
        staging = stack.enter_context(folder.workspace(target, earlier))
        built, said = _build_files(files, staging, recipe, prepared, way, force, progress, ask)
        unused = passed_over(files, shape)
        if unused:
            said = [f"Fields that were not used: {', '.join(unused[:12])}.", *said]
        manifest = _manifest(recipe, built, said)
        _check_rendered(manifest, staging)
        cards.write_card(staging, manifest)
        write_manifest(manifest, staging)
        folder.move_into_place(target)
    return manifest


def _manifest(recipe: Recipe, built: list[checkpoint.Assembled], said: list[str]) -> Manifest:
    """What was built of a recipe, file by file."""
    return Manifest(
        pairsmith=__version__,
        recipe=recipe,
        inputs=tuple(part.read for part in built),
        outputs=tuple(sorted(entry for part in built for entry in part.outputs)),
        ledger=tuple(part.entry for part in built),
        remarks=tuple(said),
    )


def _look(recipe: Recipe, first: Callable[[Path], Manifest]) -> Judged:
    """Builds the source as messages, in a temporary folder, and decides on its rows.

    Raises:
        RecipeError: The rows do not tell.
    """
    from pairsmith.auditing import row_decisions

    with TemporaryDirectory(prefix="pairsmith-") as temporary:
        seen = Path(temporary) / "first"
        inputs = {entry.path: entry.sha256 for entry in first(seen).inputs}
        return Judged(row_decisions.find_decisions(seen, recipe), inputs)


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


def _way(engine: str, workers: int | None, address: str | None, batch_rows: int | None) -> Way:
    """How to run a build.

    Raises:
        RecipeError: So it cannot be run.
    """
    if engine not in ENGINES:
        raise RecipeError(f"There is no engine {engine!r}.", f"Engines: {', '.join(ENGINES)}.")
    if address is not None and not ENGINES[engine].takes_address:
        raise RecipeError("--address is of a Ray cluster.", "Add --engine ray.")
    for name, number in (("--workers", workers), ("--batch-rows", batch_rows)):
        if number is not None and number < 1:
            raise RecipeError(f"{name} {number} is less than 1.")
    return Way(engine, workers, address, batch_rows)


def _build_files(
    files: list[SourceFile],
    staging: StoragePath,
    recipe: Recipe,
    prepared: Prepared | None,
    way: Way,
    force: bool,
    progress: Watch | None,
    ask: Callable[[], Judged],
) -> tuple[list[checkpoint.Assembled], list[str]]:
    """Builds every file; and sentences on how. Row by row, where a template fails its proof."""
    import pyarrow as pa

    wanted = {
        "pairsmith": __version__,
        "pyarrow": pa.__version__,
        "recipe": recipe.to_dict(),
        "inputs": [file.path for file in files],
        checkpoint.COMPILED: True,
        checkpoint.DECISIONS: None,
    }
    plan = checkpoint.begin(staging, wanted, force)
    said: list[str] = []
    if recipe.acts:
        plan, said = settle_decisions(staging, plan, files, ask)
    decisions = (plan[checkpoint.DECISIONS] or {}).get("sha256")
    compiled = prepared.compiled if prepared and recipe.form == Form.TEXT else None
    for again in (False, True):
        if compiled and not plan[checkpoint.COMPILED]:
            compiled = as_uncompiled(compiled, "its compiled form does not give what Jinja gives")
        finished, changed = checkpoint.find_finished(staging, files, recipe.shard_rows)
        kept = sum(len(done.shards) for done in finished.values())
        said += [*changed, f"Went on from {kept} finished shards."] if kept else changed
        jinja = prepared.jinja if prepared else None
        try:
            run(Run(files, finished, staging, recipe, compiled, jinja, way, progress, decisions))
            break
        except UnfaithfulError:
            if again:
                raise
            plan = {**plan, checkpoint.COMPILED: False}
            checkpoint.restart(staging, plan, spared={DECISIONS})
    if compiled:
        said += remarks(compiled)
    built = [checkpoint.assemble(staging, file) for file in files]
    if recipe.acts:
        check_same(plan, built)
    return built, said


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


def _origin(source: str, files: list[SourceFile], shape: Shape) -> Origin:
    if source == SAMPLE:
        return Origin.SAMPLE
    released = shape == HH and all(file.subset in ALL_SUBSETS for file in files)
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
    changed = [file.path for file in files if hash_file(file.place).sha256 != known[file.path]]
    if changed:
        raise OutputError(f"{out} holds a build of other contents of {', '.join(changed)}.", hint)
    if not folder.intact(out, earlier):
        raise OutputError(
            f"{out} holds this build, but not whole.",
            "pairsmith check tells what is missing; --force builds it anew.",
        )
    return Manifest(**{**vars(earlier), "reused": True})
