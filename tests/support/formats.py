"""Templates made ready once for all tests, and kernels that use them."""

import atexit
from contextlib import ExitStack
from functools import cache
from importlib import resources

from pairsmith.chat_templates.prepare import prepare
from pairsmith.kernel.render import Writer
from pairsmith.schema.recipe import make_recipe
from pairsmith.schema.rows import Form

_open = ExitStack()
atexit.register(_open.close)


@cache
def prepared(name, **tokens):
    """A template, compiled and in its sandbox, which stays open until the tests end."""
    return _open.enter_context(prepare(str(name), tokens))


def source(name):
    """The source of a built-in template."""
    return (resources.files("pairsmith.chat_templates.builtin") / f"{name}.jinja").read_text(
        encoding="utf-8"
    )


def recipe_for(template=None, **options):
    """A recipe for a built-in template, by its name, or for none."""
    found = prepared(template).compiled.template if template else None
    return make_recipe(template=found, **options)


def kernel_for(make, recipe):
    """A kernel by one of its makers, with what writes its text."""
    if recipe.form == Form.MESSAGES:
        return make(recipe, None)
    ready = prepared(recipe.template.name)
    return make(recipe, Writer(ready.compiled, ready.jinja))
