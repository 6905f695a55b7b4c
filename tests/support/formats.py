"""Templates made ready once for all tests, and kernels that use them."""

import atexit
from collections import OrderedDict
from contextlib import ExitStack
from importlib import resources

from pairsmith.chat_templates.prepare import prepare
from pairsmith.kernel.render import Writer
from pairsmith.schema.recipe import make_recipe
from pairsmith.schema.rows import Form

MOST = 16
"""Templates that stay open: the sandbox of each is a process, with two pipes to it."""

_open = OrderedDict()


def prepared(name, **tokens):
    """A template, compiled and in its sandbox; closed when `MOST` others were asked for since."""
    key = (str(name), *sorted(tokens.items()))
    if key not in _open:
        with ExitStack() as stack:
            ready = stack.enter_context(prepare(str(name), tokens))
            _open[key] = ready, stack.pop_all()
    _open.move_to_end(key)
    while len(_open) > MOST:
        _close_oldest()
    return _open[key][0]


def _close_oldest():
    _, (_, stack) = _open.popitem(last=False)
    stack.close()


def _close_all():
    while _open:
        _close_oldest()


atexit.register(_close_all)


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
