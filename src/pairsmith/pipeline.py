"""The main job: find the files, run each through its kernel into shards, the manifest last."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pairsmith._version import __version__
from pairsmith.errors import DamagedInputError, OutputError, RecipeError
from pairsmith.kernel import Kernel
from pairsmith.kernel.dialogue import dialogue_kernel
from pairsmith.kernel.pair import pair_kernel
from pairsmith.kernel.recipe import SHARD_ROWS, Recipe, make_recipe
from pairsmith.kernel.render import UnfaithfulError, Writer
from pairsmith.schema import Form, Kind, Origin, Reason
from pairsmith.sources.files import MeteredFile, hash_file, size
from pairsmith.sources.find import ALL_SUBSETS, SAMPLE, SourceFile, find
from pairsmith.sources.read import read_blocks
from pairsmith.sources.recognise import AUTO, choose, passed_over
from pairsmith.sources.records import BLOCK_ROWS
from pairsmith.sources.shapes import HH, SHAPES, Shape
from pairsmith.store import card as cards
from pairsmith.store import folder
from pairsmith.store.manifest import FileEntry, Manifest, write_manifest
from pairsmith.store.rows import refused_rows
from pairsmith.store.shards import ShardWriter, Written
from pairsmith.templates.compile import REFUSES
from pairsmith.templates.prepare import Prepared, prepare, remarks, uncompiled

KERNELS: dict[Kind, Callable[[Recipe, Writer | None], Kernel]] = {
    Kind.PAIRS: pair_kernel,
    Kind.DIALOGUES: dialogue_kernel,
}


SYSTEM_TOTAL = 32 << 20
"""A kernel repeats the system text in every row; so many bytes of it at once."""


class Progress(NamedTuple):
    """How far a build has come.

    Attributes:
        path: The file being read.
        rows: Rows read so far, of all files.
        done: Bytes read so far, of all files, as they lie there.
        total: Bytes of all files; 0 where a file system does not tell.
    """

    path: str
    rows: int
    done: int
    total: int


Watch: TypeAlias = Callable[[Progress], None]


class Built(NamedTuple):
    """One file's part of a build."""

    read: FileEntry
    written: Written


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
    progress: Watch | None = None,
) -> Manifest:
    """Builds a dataset from preference data.

    Args:
        source: `sample`, a folder of subsets, one subset's folder, a file, or a URL of such.
        out: The folder to write; new, empty, or an earlier build's.
        template: A built-in template's name, a `.jinja` file, a tokenizer's folder, a hub id.
        tokens: Special tokens by name, such as `eos_token`, for a template that does not tell.
        date: What to tell a template that asks for the date, as `2026-01-31`; today by default.
        as_: `text` or `messages`; text where there is a template, else messages.
        system: The text of a system turn to put in front of every prompt.
        shard_rows: At most so many input rows go into one shard.
        policies: For a reason, `keep`, `merge` or `escape` in place of `quarantine`.
        card: Front-matter fields of the card: licence, tags, gate.
        subset: For a single file: the subset it belongs to.
        split: For a single file: the split it belongs to.
        from_: The shape of the rows, such as `hh` or `trl`, or `auto` to tell it from the first.
        force: Build over an earlier build.
        progress: Called with a `Progress` after every block of rows.

    Returns:
        The manifest as written. Its `reused` is true where `out` already held this build; its
        `remarks` are sentences on how it was built.

    Raises:
        RecipeError: The options are at odds.
        SourceError: There is nothing to read, or it cannot be read.
        DamagedInputError: A file stops short. What came before is in `out/unfinished`.
        OutputError: `out` holds something else, or cannot be written.
    """
    source, out = os.fspath(source), folder.local_folder(os.fspath(out))
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
        )
        _check_system(recipe, prepared)
        folder.check_source(out, [file.place.path for file in files])
        stack.enter_context(folder.writing(out))
        folder.recover(out)
        earlier = folder.earlier_build(out)
        if earlier and not force:
            return _reuse(earlier, out, recipe, files)
        staging = stack.enter_context(folder.workspace(out, earlier))
        built, said = _build_with(files, staging, recipe, prepared, progress)
        unused = passed_over(files, shape)
        if unused:
            said = [f"Fields that were not used: {', '.join(unused[:12])}.", *said]
        manifest = Manifest(
            pairsmith=__version__,
            recipe=recipe,
            inputs=tuple(part.read for part in built),
            outputs=tuple(sorted(entry for part in built for entry in part.written.outputs)),
            ledger=tuple(part.written.entry for part in built),
            remarks=tuple(said),
        )
        _check_rendered(manifest, staging)
        cards.write_card(staging, manifest)
        write_manifest(manifest, staging)
        folder.settle(out)
    return manifest


def _check_system(recipe: Recipe, prepared: Prepared | None) -> None:
    """Sees to it that the recipe's system text goes with its template.

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


def _build_with(
    files: list[SourceFile],
    staging: Path,
    recipe: Recipe,
    prepared: Prepared | None,
    progress: Watch | None,
) -> tuple[list[Built], list[str]]:
    """Builds every file; and sentences on how. Row by row, where a template fails its proof."""
    if prepared is None or recipe.form != Form.TEXT:
        return _build_files(files, staging, recipe, None, progress), []
    compiled = prepared.compiled
    try:
        writer = Writer(compiled, prepared.jinja)
        return _build_files(files, staging, recipe, writer, progress), remarks(compiled)
    except UnfaithfulError:
        folder.clear(staging)
        compiled = uncompiled(compiled, "its compiled form does not give what Jinja gives")
        writer = Writer(compiled, prepared.jinja)
        return _build_files(files, staging, recipe, writer, progress), remarks(compiled)


def _check_rendered(manifest: Manifest, staging: Path) -> None:
    """Sees to it that the template took some row.

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


def _reuse(earlier: Manifest, out: Path, recipe: Recipe, files: list[SourceFile]) -> Manifest:
    """The earlier build, if it is this one."""
    hint = "Name another folder, or add --force to build over it."
    if earlier.recipe != recipe:
        new, old = recipe.to_dict(), earlier.recipe.to_dict()
        differ = ", ".join(name for name in new if new[name] != old[name])
        raise OutputError(f"{out} holds a build of another recipe ({differ} differ).", hint)
    known = {entry.path: entry.sha256 for entry in earlier.inputs}
    if known.keys() != {file.path for file in files}:
        raise OutputError(f"{out} holds a build of other files: {', '.join(known)}.", hint)
    changed = [file.path for file in files if hash_file(file.place) != known[file.path]]
    if changed:
        raise OutputError(f"{out} holds a build of other contents of {', '.join(changed)}.", hint)
    if not folder.intact(out, earlier):
        raise OutputError(
            f"{out} holds this build, but not whole.",
            "pairsmith check tells what is missing; --force builds it anew.",
        )
    return Manifest(**{**vars(earlier), "reused": True})


def _build_files(
    files: list[SourceFile],
    out: Path,
    recipe: Recipe,
    writer: Writer | None,
    progress: Watch | None,
) -> list[Built]:
    """Builds every file, the sound ones too where others are damaged."""
    total = sum(size(file.place) for file in files)
    built: list[Built] = []
    damaged: list[DamagedInputError] = []
    for file in files:
        rows = sum(part.read.rows for part in built)
        done = sum(part.read.bytes for part in built)

        tick = partial(_tell, progress, Progress(file.path, rows, done, total))
        try:
            built.append(_build_file(file, out, recipe, writer, tick))
        except DamagedInputError as error:
            damaged.append(error)
    if damaged:
        raise DamagedInputError(
            "\n".join(error.message for error in damaged),
            " ".join(dict.fromkeys(error.hint for error in damaged))
            + f" What came before the damage is in {out}; it has no manifest and is no finished "
            "build.",
        )
    return built


def _tell(progress: Watch | None, before: Progress, rows: int, done: int) -> None:
    """Tells how far a build has come, so many rows and bytes into one file."""
    if progress:
        progress(before._replace(rows=before.rows + rows, done=before.done + done))


def _build_file(
    file: SourceFile,
    out: Path,
    recipe: Recipe,
    writer: Writer | None,
    tick: Callable[[int, int], None],
) -> Built:
    """Builds one file, telling after each block how many rows and bytes of it were read."""
    kernel = KERNELS[file.kind](recipe, writer)
    at_once = min(BLOCK_ROWS, SYSTEM_TOTAL // len((recipe.system or "-").encode()))
    shards = ShardWriter(out, file.kind, file.subset, file.split, file.path, recipe)
    with MeteredFile(file.place) as metered, closing(shards):
        try:
            for block in read_blocks(file, metered, SHAPES[recipe.shape]):
                for records, batch in block.parts(at_once):
                    shards.write(kernel(batch), records.raw, records.lines.tolist())
                tick(shards.read, metered.count)
        except DamagedInputError:
            shards.finish()
            raise
        written = shards.finish()
        rows = written.entry.read
        read = FileEntry(file.path, rows, metered.count, metered.sha256.hexdigest())
    return Built(read, written)
