"""The public `generate`: n samples of each prompt, scored, as a source of pairs."""

from __future__ import annotations

import os
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Unpack

from pairsmith.dataset import manifest as builds
from pairsmith.dataset.annotations import local_build
from pairsmith.dataset.verify import check_shards
from pairsmith.errors import RecipeError, SourceError
from pairsmith.extras import require
from pairsmith.generating.answering import Request
from pairsmith.generating.asking import Source
from pairsmith.generating.assemble import Naming, assemble
from pairsmith.generating.folder import Parents, SamplesFolder, make_plan
from pairsmith.generating.journal import Journal
from pairsmith.generating.manifest import SamplesManifest, write_samples
from pairsmith.generating.options import (
    GenerateArguments,
    GenerateOptions,
    WorkOptions,
    read_arguments,
)
from pairsmith.generating.prompts import read_prompts
from pairsmith.generating.run import Run, cut_into_pieces, run
from pairsmith.io.durable import sha256_of
from pairsmith.models.folders import find_model, model_sha256, record_name
from pairsmith.models.generation.endpoint import open_endpoint
from pairsmith.models.generation_settings import recorded_ends
from pairsmith.progress import Watch

UNPAIRED_HINT = "Name a preference model with --score, or draw one sample with --best-of 1."


class Generated(NamedTuple):
    """Samples as they were made.

    Attributes:
        folder: Where they lie.
        manifest: What they are.
        reused: Whether they had been made before.
    """

    folder: Path
    manifest: SamplesManifest
    reused: bool


def generate(
    prompts: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | None = None,
    endpoint: str | None = None,
    served_model: str | None = None,
    score: str | os.PathLike[str] | None = None,
    progress: Watch | None = None,
    **options: Unpack[GenerateArguments],
) -> Generated:
    """Draws samples of each prompt, scores them, and writes pairs: the best against another.

    A run that was broken off is gone on with; a finished one by the same options is returned.

    Args:
        prompts: The folder of a build, whose splits are kept; or a file, of JSON lines or with a
            prompt a line.
        out: The folder to write: a source that `pairsmith.build` reads.
        model: The model that writes: the folder of a run or of another causal model, an id on the
            hub, or `smollm2`.
        endpoint: In its place the address of a server of chat completions.
        served_model: The model's name there; None where it has only one.
        score: The preference model. Without one there are samples and no pairs.
        progress: Called after every piece, with prompts in place of bytes.
        options: Fields of `pairsmith.generating.options.GenerateOptions` and `WorkOptions`.

    Raises:
        RecipeError: An option is out of range, or the options do not fit together.
        SourceError: The file of prompts cannot be read.
        OutputError: There is no finished build, or `out` holds something else.
        ModelError: A model cannot be loaded, does not fit, or the server cannot be asked.
        TokenizerError: A tokenizer cannot do what is wanted of it.
        WorkerError: A worker died again and again, or the engine cannot be reached.
    """
    made, how = read_arguments(**options)
    named = [None if name is None else os.fspath(name) for name in (model, score)]
    who = _Who(named[0], endpoint, served_model, named[1])
    _place(os.fspath(prompts))  # what is not there is told before what is not named
    _check(who, made)
    return _generate(os.fspath(prompts), os.fspath(out), who, made, how, progress)


class _Who(NamedTuple):
    """What answers and what scores, as it was named."""

    model: str | None
    endpoint: str | None
    served_model: str | None
    score: str | None


def _check(who: _Who, options: GenerateOptions) -> None:
    """Checks that options fit together.

    Raises:
        RecipeError: They do not.
    """
    if (who.model is None) == (who.endpoint is None):
        found = "Nothing writes" if who.model is None else "Both a model and an endpoint write"
        raise RecipeError(f"{found} the samples.", "Name either --model or --endpoint.")
    if who.served_model is not None and who.endpoint is None:
        raise RecipeError("--served-model is of an endpoint.", "Add --endpoint URL.")
    if who.score is None and options.best_of > 1:
        raise RecipeError(
            f"Nothing tells which of {options.best_of} samples is the best.", UNPAIRED_HINT
        )
    if who.score is not None and options.best_of < 2:
        raise RecipeError("One sample makes no pair.", "Take more with --best-of N.")


def _generate(
    prompts: str, out: str, who: _Who, options: GenerateOptions, how: WorkOptions,
    progress: Watch | None,
) -> Generated:  # fmt: skip
    if who.model is not None or who.score is not None:
        require("train", "Generating needs")
    place = _place(prompts)
    server = None
    if who.endpoint is not None:
        server = open_endpoint(who.endpoint, who.served_model)
    parents = Parents(
        {"name": record_name(prompts), "sha256": _sha256(place)},
        _policy(who.model),
        {"address": server.name, "model": server.model} if server else None,
        _model(who.score),
    )
    asked = read_prompts(place, options)
    plan = make_plan(parents, options.to_dict(), [*asked.not_drawn])
    folder = SamplesFolder(out, plan, how.force)
    whole = folder.whole()
    if whole is not None:
        return Generated(folder.path, whole, True)
    if place.is_dir():
        check_shards(place, builds.read_manifest(place))
    with folder.claimed() as growing, closing(Journal(growing)) as journal:
        source = Source(asked.form, asked.template)
        request = Request(who.model, who.score, source, options, how.device)
        pieces = cut_into_pieces(asked.all, options.best_of, server is not None)
        run(Run(request, server, how, pieces, journal, progress))
        name = server.model if server else record_name(who.model or "")
        found = chain.from_iterable(journal.read(piece.number) for piece in pieces)
        made = assemble(folder.path, asked, found, Naming(name, parents, options))
        write_samples(folder.path, made)
    folder.leave()
    return Generated(folder.path, made, False)


def _place(prompts: str) -> Path:
    """The file of prompts, or the folder of a build.

    Raises:
        SourceError: It is something that can be read once only.
        OutputError: There is no such file, and no finished build.
    """
    path = Path(prompts)
    if path.is_file():
        return path
    if path.is_char_device() or path.is_fifo() or path.is_socket():
        raise SourceError(
            f"{path} is no file: prompts are read twice.", "Write them into a file first."
        )
    place = local_build(prompts)
    builds.read_manifest(place)
    return place


def _sha256(place: Path) -> str:
    """The hash of what tells the prompts.

    Raises:
        SourceError: It cannot be read.
    """
    path = place / builds.NAME if place.is_dir() else place
    try:
        return sha256_of(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None


def _policy(name: str | None) -> dict[str, str] | None:
    held = _model(name)
    return held and {**held, **recorded_ends(find_model(name or ""), name or "")}


def _model(name: str | None) -> dict[str, str] | None:
    if name is None:
        return None
    return {"name": record_name(name), "sha256": model_sha256(find_model(name))}
