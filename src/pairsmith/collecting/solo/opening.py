"""The collection that a command is about: that in its folder, or a new one as its options say."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pairsmith.collecting.collection import Collection, create_collection, open_collection
from pairsmith.collecting.events import Kind
from pairsmith.collecting.items import FromBuild, attempts_of_build, pairs_of_build
from pairsmith.collecting.options import BEST_OF, CollectOptions
from pairsmith.collecting.project import Mode, Project, Shown, Tranche
from pairsmith.collecting.project_file import TEXT, make_project, read_project
from pairsmith.collecting.store import DATABASE
from pairsmith.collecting.tasks import import_items
from pairsmith.dataset.folder import writing
from pairsmith.errors import CollectionError, RecipeError

WARNING = (
    "You are going to try to make a model say something harmful, and you will read what it says."
    " Take breaks. You may stop at any moment, by the button below every conversation or by"
    " closing the page; what you have chosen so far is kept."
)
"""Of a red team of one, who is asked nothing else."""

BEGIN = "Begin one: --model URL to talk to a model, --from BUILD to judge pairs, or --project FILE."


def open_or_begin(
    folder: str | os.PathLike[str],
    options: CollectOptions,
    prepare: Callable[[Project], object] = lambda project: None,
) -> Collection:
    """Opens the collection in a folder; where there is none, begins it.

    The command that began a collection goes on with it too.

    Args:
        folder: Where.
        options: What it is to be; where it is there already, they may say nothing else.
        prepare: Makes ready what a project needs besides, or raises: before anything is written,
            so that the command can be put right and typed again.

    Raises:
        CollectionError: There is none and nothing says what it is to be, or it is another.
        ModelError: The server of the model does not tell its name.
        OutputError: The build to judge is none, or the folder is not for us to write.
    """
    place = Path(folder)
    wanted = _project(options)
    with writing(place):
        begun = (place / DATABASE).is_file()
    if not begun and wanted is None:
        raise CollectionError(f"{place} holds no collection.", BEGIN)
    items = None if begun or wanted is None else _items(wanted, options)
    if not begun and wanted is not None:
        prepare(wanted)
    made = open_collection(place) if wanted is None or begun else create_collection(place, wanted)
    try:
        _check_same(made, wanted)
        if begun:
            prepare(made.project())
        items = items or _items(made.project(), options)
        if items is not None:
            _take(made, items)
        _check_items(made)
    except BaseException:
        made.close()
        raise
    return made


def _check_same(collection: Collection, wanted: Project | None) -> None:
    if wanted is not None and wanted.sha256 != collection.project().sha256:
        raise CollectionError(
            f"The collection in {collection.folder} is another than these options say.",
            f"Go on with it: pairsmith collect {collection.folder}. Its settings are in"
            " project.yaml, and may be changed there.",
        )


def _items(project: Project, options: CollectOptions) -> FromBuild | None:
    if options.from_ is None:
        return None
    if project.mode == Mode.REVIEW:
        return attempts_of_build(options.from_)
    return pairs_of_build(options.from_, options.apply, options.subset)


def _take(collection: Collection, items: FromBuild) -> None:
    """Takes items into a collection that has none; of one that has them checks whose they are."""
    with collection.store.read() as transaction:
        taken = transaction.last(Kind.IMPORTED)
    if taken is None:
        import_items(collection, items)
    elif taken.body["build"]["sha256"] != items.sha256:
        raise CollectionError(
            f"{collection.folder} judges pairs of another build: {taken.body['build']['name']},"
            " as it was then.",
            "Begin another collection in another folder.",
        )


def _check_items(collection: Collection) -> None:
    with collection.store.read() as transaction:
        taken = transaction.last(Kind.IMPORTED)
    if taken is None and not collection.project().mode.talks:
        raise CollectionError(
            f"{collection.folder} has nothing to judge yet.", "Name a build with --from BUILD."
        )


def _project(options: CollectOptions) -> Project | None:
    """The project that the options describe; None where they describe none."""
    if options.project is not None:
        return read_project(Path(options.project))
    if options.models:
        return make_project(_talking(options))
    if options.from_ is None:
        return None
    opinions = 1 if options.opinions is None else options.opinions
    held = {"mode": "relabel", "opinions": opinions, "most_opinions": opinions}
    return make_project({**held, **_words(options, "Which reply is better?")})


def _talking(options: CollectOptions) -> dict[str, Any]:
    from pairsmith.collecting.solo.models import models_of

    mode = options.mode or Mode.HELPFUL.value
    if mode not in (Mode.HELPFUL, Mode.RED_TEAM):
        raise RecipeError(
            f"--mode is {mode!r}.", "Known: helpful, red-team. --from BUILD judges pairs."
        )
    scored = options.score is not None
    red = mode == Mode.RED_TEAM
    return {
        "mode": mode,
        **models_of(options),
        "tranche": Tranche.REJECTION_SAMPLED.value if scored else Tranche.BASE.value,
        "best_of": (BEST_OF if scored else 2) if options.best_of is None else options.best_of,
        "score": options.score,
        "shown": (Shown.TWO_LEAST_HARMFUL if red else Shown.BEST_AND_ANOTHER).value,
        "edits": options.edits,
        "round": options.round,
        "warning": WARNING if red else None,
        **_words(options, "A red team of one" if red else "Talk to a model"),
    }


def _words(options: CollectOptions, title: str) -> dict[str, str]:
    held = {"title": title if options.title is None else options.title}
    if options.instructions is not None:
        held["instructions"] = _read(Path(options.instructions))
    return held


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(TEXT + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"The instructions in {path} cannot be read: {error}.") from None
