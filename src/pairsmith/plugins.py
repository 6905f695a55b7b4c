"""Registries: what is built in, by name, and behind it what other installed packages add.

An entry is a reference, `module` or `module:attribute`, written as in Python's entry points, and
is imported when it is asked for. A package adds entries under a group of ours in its
`pyproject.toml`:

    [project.entry-points."pairsmith.formats"]
    tsvpairs = "my_package.tsv:FORMAT"

Installed packages are looked through only for a name that is not built in, or for a list of all
names: importing importlib.metadata and reading what 170 packages offer takes about 60 ms, a third
of what `pairsmith --version` takes. Only what the user has installed counts: nothing that lies in
a data set is imported or run, whatever its files are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pairsmith.errors import PluginError, RecipeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Entries by name, imported when they are asked for: built-in ones first, then plugins.

    Attributes:
        group: The group of entry points that adds to it, such as `pairsmith.formats`.
        what: What an entry is called in a fault, such as `format`.
        builtin: The reference of each entry that pairsmith brings, by name, in order.
        accept: Makes an entry of what a reference leads to; None where that is no such thing.

    Raises:
        PluginError: On a name that is not built in, and on a list of all names: an installed
            package takes a name that is taken, cannot be imported, or offers something else.
    """

    def __init__(
        self,
        group: str,
        what: str,
        builtin: Mapping[str, str],
        accept: Callable[[Any], T | None],
    ) -> None:
        self.group, self.what, self.builtin, self.accept = group, what, builtin, accept
        self._loaded: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self.builtin or name in self.plugins

    def __iter__(self) -> Iterator[str]:
        yield from self.builtin
        yield from self.plugins

    def __len__(self) -> int:
        return len(self.builtin) + len(self.plugins)

    @cached_property
    def plugins(self) -> dict[str, EntryPoint]:
        """What installed packages add, by name, sorted; none of it is imported yet.

        Raises:
            PluginError: A package takes a name that is built in, or that another package has.
        """
        from importlib.metadata import entry_points

        found: dict[str, EntryPoint] = {}
        for entry in sorted(entry_points(group=self.group), key=lambda entry: entry.name):
            if entry.name in self.builtin:
                raise PluginError(
                    f"The package {_owner(entry)} adds a {self.what} {entry.name!r}, which is "
                    "built in.",
                    f"Remove the package: {_removal(entry)}; its {self.what} needs another name.",
                )
            if entry.name in found:
                raise PluginError(
                    f"The packages {_owner(found[entry.name])} and {_owner(entry)} both add a "
                    f"{self.what} {entry.name!r}.",
                    f"Remove one of them: {_removal(entry)}.",
                )
            found[entry.name] = entry
        return found

    def _load(self, name: str) -> T:
        if name in self.builtin:
            made = self.accept(_find(self.builtin[name]))
            if made is None:
                raise TypeError(f"{self.builtin[name]} is no {self.what}")
            return made
        return self._load_plugin(self.plugins[name])

    def _load_plugin(self, entry: EntryPoint) -> T:
        begin = f"The {self.what} {entry.name!r} of the package {_owner(entry)}"
        hint = f"Update the package, or remove it: {_removal(entry)}."
        try:
            held = entry.load()
        except Exception as error:  # whatever a module raises that is imported
            said = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(". ")
            raise PluginError(f"{begin} cannot be loaded: {said}.", hint) from error
        made = self.accept(held)
        if made is None:
            raise PluginError(f"{begin} is none: {entry.value} is something else.", hint)
        return made


def pick(
    entries: Mapping[str, T], what: str, given: Iterable[str] | Mapping[str, T] | None
) -> dict[str, T]:
    """Some entries, by name, in their order.

    Args:
        entries: All there are.
        what: What an entry is called in a fault.
        given: Names; or entries of the caller's own, by name; None for all.

    Raises:
        RecipeError: There is no such entry, or none is named.
    """
    every = f"{what.capitalize()}s: {', '.join(entries)}."
    if isinstance(given, Mapping):
        held = dict(given)
    else:
        names = set(entries if given is None else given)
        if strange := sorted(names - entries.keys()):
            raise RecipeError(f"There is no {what} {strange[0]!r}.", every)
        held = {name: entries[name] for name in entries if name in names}
    if not held:
        raise RecipeError(f"No {what} is named.", every)
    return held


def _find(reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    held = import_module(module)
    return getattr(held, attribute) if attribute else held


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def _removal(entry: EntryPoint) -> str:
    return f"python -m pip uninstall {_owner(entry)}"
