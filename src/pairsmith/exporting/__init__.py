"""Exports: the pairs of a build in the files that a trainer reads. One file a trainer.

To add a trainer, here:

1. a file in this folder with a `Format` (see `format.py`) of two functions, `rows` and `config`,
   and the pairs that it has no place for; its docstring names the documentation that it follows;
2. a line in `TRAINERS`;
3. what a reader makes of its files in `tests/exporting/test_exports.py`; a section in
   `docs/how-to/trainers.md`, and its name in `docs/reference/cli.md`.

From a package of your own: the same file, and an entry point of the group `pairsmith.trainers`.
"""

from __future__ import annotations

import os

from pairsmith.dataset import folder
from pairsmith.dataset.manifest import Manifest, read_manifest
from pairsmith.errors import OutputError, RecipeError
from pairsmith.exporting.format import Export, Format, LeftOut
from pairsmith.exporting.margins import open_margins
from pairsmith.exporting.readme import write_readme
from pairsmith.exporting.record import write_record
from pairsmith.exporting.write import survey, write_split
from pairsmith.io.remote import StoragePath
from pairsmith.plugins import Registry
from pairsmith.schema.rows import Form, Kind
from pairsmith.sources.layouts import kind_of

TRAINERS: Registry[Format] = Registry(
    "pairsmith.trainers",
    "trainer",
    {
        "trl": "pairsmith.exporting.trl:FORMAT",
        "trl-reward": "pairsmith.exporting.trl:REWARD",
        "trl-kto": "pairsmith.exporting.trl:KTO",
        "axolotl": "pairsmith.exporting.axolotl:FORMAT",
        "llamafactory": "pairsmith.exporting.llamafactory:FORMAT",
        "openrlhf": "pairsmith.exporting.openrlhf:FORMAT",
        "torchtune": "pairsmith.exporting.torchtune:FORMAT",
        "nemo-rl": "pairsmith.exporting.nemo_rl:FORMAT",
        "ms-swift": "pairsmith.exporting.ms_swift:FORMAT",
        "openai": "pairsmith.exporting.openai:FORMAT",
    },
    lambda held: held if isinstance(held, Format) else None,
)
"""All trainers, by what `--for` calls them."""


def export(
    out: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    *,
    trainer: str,
    margin_from: str | None = None,
) -> Export:
    """Writes the pairs of a build for a trainer: JSON lines, and a configuration beside them.

    Args:
        out: The folder of a build.
        dest: The folder to write, a new or an empty one: `<subset>/<split>.jsonl`, and the
            configuration, a `README.md` by which `datasets` loads them with their types, and
            `export.json`, which names the build by its hash.
        trainer: Which trainer: one of `TRAINERS`.
        margin_from: An annotation of the build, or one in a folder (with a slash), whose margins
            are written as `margin`, in place of the build's own.

    Returns:
        What was written and what was left out. Dialogues are no pairs, so they are left out; so
        are the pairs that the trainer's format has no place for.

    Raises:
        RecipeError: There is no such trainer, it takes messages where the build holds text, or it
            reads no margins and is to have some.
        AnnotationError: There is no such annotation, or it has no margins of these labels.
        OutputError: `out` is no build, cannot be read or holds nothing to export; or `dest` holds
            something or cannot be written. Then nothing is left there.
    """
    source, target = folder.output(os.fspath(out)), folder.local_folder(os.fspath(dest))
    format = _format(trainer)
    built = read_manifest(source)
    _check_form(built, trainer, format)
    if margin_from is not None and not format.margins:
        which = ", ".join(name for name, held in TRAINERS.items() if held.margins)
        raise RecipeError(f"{trainer} reads no margins.", f"Those that read them: {which}.")
    pairs = [entry for entry in built.ledger if kind_of(entry.subset) == Kind.PAIRS]
    others = [entry.subset for entry in built.ledger if entry.kept and entry not in pairs]
    if not any(entry.kept for entry in pairs):
        hint = f"Nothing was kept: pairsmith show {out} --reason any shows why."
        if others:
            hint = "Dialogues are not exported."
        raise OutputError(f"{out} holds no pairs.", hint)
    margins = None if margin_from is None else open_margins(source, built, margin_from)
    with folder.writing(target), folder.filling(target) as staging:
        written = survey(source, built, pairs, margins)
        made = [write_split(source, built, e, format, staging, written) for e in pairs]
        files = tuple(file for file in made if file)
        left_out = written.tally.left_out()
        if not files:
            raise _nothing(source, trainer, left_out)
        config = format.config(files)
        (staging / config.name).write_text(config.text, encoding="utf-8", newline="\n")
        written.kinds.know(written.carried)
        write_readme(staging, trainer, files, written.kinds)
        write_record(staging, source, trainer, files, margins)
    dropped = [name for name in written.carried.names if name not in files[0].columns]
    dialogues = tuple(dict.fromkeys(others))
    without = None if margins is None else margins.missing
    return Export(trainer, files, left_out, dialogues, config, tuple(dropped), without)


def _format(trainer: str) -> Format:
    if trainer not in TRAINERS:
        raise RecipeError(f"There is no trainer {trainer!r}.", f"Trainers: {', '.join(TRAINERS)}.")
    return TRAINERS[trainer]


def _check_form(built: Manifest, trainer: str, format: Format) -> None:
    if built.recipe.form == Form.TEXT and not format.takes_text:
        raise RecipeError(
            f"{trainer} takes messages and applies the model's own template; this build is text "
            f"in the {built.recipe.chat_format} format.",
            "Build again with --as messages.",
        )


def _nothing(out: StoragePath, trainer: str, left_out: tuple[LeftOut, ...]) -> OutputError:
    reasons = ", ".join(f"{left.reason} {left.pairs}" for left in left_out)
    return OutputError(
        f"{trainer} has no place for any of the pairs in {out}: {reasons}.", "Nothing was written."
    )
