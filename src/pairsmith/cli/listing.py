"""Help as every command gives it: what there is to choose from, options in groups, examples."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup

from pairsmith.cli.arranging import arguments_of, arrange, placeholder
from pairsmith.cli.choices import fill

NARROW = 60
"""In fewer columns, what an option means stands below it."""

SEVERAL = "Where ,… stands, several are given: with commas, or by the option again."


class _Listing:
    """How help is written; mixed into typer's classes, of which it takes nothing but `params`.

    Names are filled in when help is asked for, and not before: it takes an import, and a look at
    every installed package.
    """

    params: list[Any]

    def get_help(self, ctx: Any) -> str:
        """The help, as wide as the terminal, in at most 80 columns."""
        ctx.terminal_width = max(min(shutil.get_terminal_size().columns, 80) - 2, 20)
        for param in self.params:
            if param.name == "install_completion":
                param.help = "Install completion; --show-completion prints it."
            if param.help:
                param.help = fill(param.help)
        made: str = super().get_help(ctx)  # type: ignore[misc]
        return made

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind the command's name: options, and the arguments by their names."""
        names = [(param, placeholder(param)) for param in arguments_of(self.params)]
        said = [name if param.required else f"[{name}]" for param, name in names]
        return ["[OPTIONS]", *said, *(["COMMAND ..."] if isinstance(self, TyperGroup) else [])]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Writes arguments and options, each group under its name, and commands before options."""
        groups = arrange(self.get_params(ctx), ctx)  # type: ignore[attr-defined]
        if isinstance(self, TyperGroup):
            self.format_commands(ctx, formatter)
        for name, rows in groups.items():
            _write(formatter, name, rows)
        if any(",…" in left for rows in groups.values() for left, _ in rows):
            formatter.write_paragraph()
            formatter.write_text(SEVERAL)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes the examples, a line each, so that a line can be copied."""
        from pairsmith.cli.examples import EXAMPLES

        formatter.write_paragraph()
        formatter.write_heading("Examples")
        for line in EXAMPLES[" ".join(_path(ctx))]:
            formatter.write(f"  {line}\n")


class ListingCommand(_Listing, TyperCommand):
    """A command whose options may list a registry's names: `{trainers}` in their help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Takes what was typed apart; a lone name for `SOURCE... OUT` lacks OUT."""
        is_named = any(not word.startswith("-") for word in args)  # the parser empties the list
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # typer has had the parser's own faults in two places
            if is_named and getattr(getattr(error, "param", None), "nargs", 1) == -1:
                error.param = arguments_of(self.params)[-1]  # type: ignore[attr-defined]
            raise


class ListingGroup(_Listing, TyperGroup):
    """A command of commands."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the commands, each with its line, which is never cut."""
        commands: dict[str, Any] = self.commands  # type: ignore[assignment]
        _write(formatter, "Commands", [(n, c.short_help or c.help) for n, c in commands.items()])


def _write(formatter: Any, name: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(name):
            formatter.write_dl(rows, col_max=10 if formatter.width < NARROW else 28)


def _path(ctx: Any) -> Iterator[str]:
    """The names of a command and of those above it, without the program's."""
    if ctx.parent is not None:
        yield from _path(ctx.parent)
        yield ctx.info_name
