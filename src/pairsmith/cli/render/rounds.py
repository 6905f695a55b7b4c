"""Prints the rounds of a build: a table each for the ledger, accuracy, Elo and attacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize, shorten

if TYPE_CHECKING:
    from pairsmith.comparing.rounds import Rounds

NONE = "–"
LONGEST = 40


def draw(found: Rounds) -> None:
    """Prints the rounds: what stands on both sides, and the tables that there are."""
    screen, held = console(), found.to_dict()
    screen.print(sanitize(_verdict(held)), soft_wrap=True)
    for leak in held["leaks"]["first"]:
        told = f"  {leak['train']} (round {_tag(leak['round'])}) asks what {leak['held_out']} asks"
        screen.print(sanitize(f"{told} (round {_tag(leak['held_out_round'])})"), soft_wrap=True)
    _table(screen, ("round", "train", "held out", "quarantined"), _ledger(held["rounds"]))
    if models := held["accuracy"]:
        screen.print("Accuracy on the pairs of each round, held out / all:")
        names = [_short(model["scores"]) for model in models]
        _table(screen, ("round", *names), _accuracy(held["rounds"], models))
        screen.print("* no row of the round was in what the model learnt from", soft_wrap=True)
    if elo := held["elo"]:
        said = f"Elo against {elo['against']}, {elo['sample']} samples, prompts: {elo['prompts']}"
        screen.print(sanitize(f"{said}:"), soft_wrap=True)
        columns = "samples", "prompts", "mean score", "by wins", "by scores"
        _table(screen, columns, _elo(elo["snapshots"]))
        if len(elo["snapshots"]) == 1:
            told = "There is nothing to hold it against: name the samples of each snapshot."
            screen.print(told, soft_wrap=True)
        for line in _unrated(elo["snapshots"]):
            screen.print(sanitize(line), soft_wrap=True)
    if held["attacks"]:
        screen.print("Attacks that their authors rated 3 or 4:")
        _table(screen, ("round", "succeeded", "rated", "unrated"), _attacks(held["attacks"]))


def _verdict(held: Mapping[str, Any]) -> str:
    leaks, unknown = held["leaks"], held["leaks"]["not_known"]
    more = f" Of {unknown:,} rows the first question is not known." if unknown else ""
    if not leaks["rows"]:
        return f"No conversation that is held out in any round stands in train of any.{more}"
    rows = "1 row" if leaks["rows"] == 1 else f"{leaks['rows']:,} rows"
    return f"{rows} of train open with a question that is held out, in this round or another.{more}"


def _ledger(rounds: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for one in rounds:
        counts = one["train"], one["held_out"], sum(one["quarantined"].values())
        yield (_tag(one["round"]), *(f"{count:,}" for count in counts))


def _accuracy(
    rounds: Iterable[Mapping[str, Any]], models: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, ...]]:
    by_model = [{one["round"]: one for one in model["rounds"]} for model in models]
    for one in rounds:
        found = [by_round.get(one["round"]) for by_round in by_model]
        yield (_tag(one["round"]), *(_of_model(cell) for cell in found))


def _of_model(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return NONE
    mark = "*" * bool(cell["is_new"])
    return f"{_share(cell['held_out'])} / {_share(cell['all'])}{mark}"


def _elo(snapshots: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for one in snapshots:
        gaps = [_gap(one[name]) for name in ("by_wins", "by_scores")]
        yield (_short(one["name"]), f"{one['prompts']:,}", f"{one['mean_score']:.3f}", *gaps)


def _gap(gap: Mapping[str, Any] | None) -> str:
    if gap is None:
        return "0"
    if gap["estimate"] is None:
        return NONE
    ends = f" ({gap['low']:+.0f} to {gap['high']:+.0f})" if gap["low"] is not None else ""
    return f"{gap['estimate']:+.0f}{ends}"


def _unrated(snapshots: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Why numbers or intervals are missing."""
    for one in snapshots:
        for name in ("by_wins", "by_scores"):
            if one[name] and one[name]["reason"]:
                yield f"{_short(one['name'])}, {name.replace('_', ' ')}: {one[name]['reason']}"


def _attacks(attacks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for one in attacks:
        rated = f"{one['success']['rows']:,}" if one["success"] else "0"
        yield _tag(one["round"]), _share(one["success"]), rated, f"{one['unrated']:,}"


def _share(share: Mapping[str, Any] | None) -> str:
    if share is None:
        return NONE
    ends = " to ".join(f"{100 * share[end]:.1f}" for end in ("low", "high"))
    return f"{100 * share['share']:.1f} % ({ends}) of {share['rows']:,}"


def _tag(tag: str) -> str:
    return _short(tag) or NONE


def _short(text: str) -> str:
    return shorten(" ".join(sanitize(text).split()), LONGEST)


def _table(screen: Any, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    screen.print(table)
