"""Templates made ready once for all tests, and kernels that use them."""

import atexit
from contextlib import ExitStack
from importlib import resources

from pairsmith.chat_templates.prepare import prepare
from pairsmith.kernel.render import Writer
from pairsmith.schema.recipe import make_recipe
from pairsmith.schema.rows import Form

MOST = 16
"""Sandboxes that may run: each is a process, with two pipes to it."""

_until_the_end = ExitStack()
atexit.register(_until_the_end.close)
_ready = {}
_running = {}  # as keys, who was asked for last at the end


def prepared(name, **tokens):
    """A template, compiled and in its sandbox; once for all tests."""
    key = (str(name), *sorted(tokens.items()))
    if key not in _ready:
        _ready[key] = _until_the_end.enter_context(prepare(str(name), tokens))
    _running.pop(key, None)
    _running[key] = True
    while len(_running) > MOST:
        _halt(next(iter(_running)))
    return _ready[key]


def _halt(key):
    """Ends a sandbox's processes; they start again if it is to render."""
    del _running[key]
    _ready[key].jinja.__self__.close()


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
