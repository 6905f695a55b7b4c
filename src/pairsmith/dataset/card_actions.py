"""What a card says of the actions of a recipe: the notes that they give, what was applied."""

from __future__ import annotations

from pairsmith.schema.annotations import Action, Applied
from pairsmith.schema.reasons import EXPLANATIONS, FILL_NOTES, LABEL_NOTES, MENDS, Note
from pairsmith.schema.recipe import Recipe


def explain_notes(recipe: Recipe) -> dict[str, str]:
    """The notes that rows may have by a recipe, by name, each in words."""
    of_actions = {*LABEL_NOTES, *FILL_NOTES, Note.MENDED, *MENDS.values()}
    given = {*label_actions(recipe), *applied_notes(recipe)}
    if recipe.mend:
        given |= {Note.MENDED.value, *(MENDS[kind].value for kind in recipe.mend)}
    return {
        note.value: EXPLANATIONS[note]
        for note in Note
        if note not in of_actions or note.value in given
    }


def label_actions(recipe: Recipe) -> dict[str, float]:
    """The note that doubted labels get, with the doubt that it takes; nothing where none does."""
    asked = zip(LABEL_NOTES, (recipe.flip, recipe.smooth), strict=True)
    return {note.value: doubt for note, doubt in asked if doubt is not None}


def applied_notes(recipe: Recipe) -> set[str]:
    """The notes that annotations give which the recipe applies."""
    done = {action for applied in recipe.apply for action in applied.actions}
    by_action = (Action.FLIP, Action.SMOOTH, Action.FILL, Action.FILL)
    given = zip((*LABEL_NOTES, *FILL_NOTES), by_action, strict=True)
    return {note.value for note, action in given if action in done}


def tell_applied(applied: Applied) -> str:
    """An annotation, and what was done with the rows that it names, in words."""
    label = f", label `{code_words(applied.label)}`" if applied.label is not None else ""
    words = {Action.DROP: "dropped", Action.FLIP: "exchanged", Action.SMOOTH: "marked"}
    words[Action.FILL] = f"scores filled where there were none, by `{code_words(applied.by or '')}`"
    done = ", ".join(words[action] for action in applied.actions)
    return f"`{applied.name}`{label}: {done}"


def code_words(text: str) -> str:
    """A text that can stand between backticks in a line."""
    return "".join(c if c.isprintable() and c != "`" else "\ufffd" for c in text)
