"""The public `lineage`: from a folder back to all that it was made from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairsmith.dataset import folder
from pairsmith.errors import OutputError
from pairsmith.models.folders import model_sha256
from pairsmith.tracing.chain import Chain, Edge, trace
from pairsmith.tracing.find import State
from pairsmith.tracing.made import Kind, Made
from pairsmith.tracing.places import Places
from pairsmith.tracing.read import MANIFEST, read_made, record_of
from pairsmith.tracing.text import in_line, to_text

FORMAT = 1


@dataclass(frozen=True)
class Lineage:
    """What something was made from, and whether all of that is there as it was.

    Attributes:
        chain: What was found, and who was made from whom.
        checked: Whether all that was found was hashed; else names, sizes and manifests must do.
        remarks: Sentences on where parents were looked for.
    """

    chain: Chain
    checked: bool
    remarks: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """What is missing or was changed, a sentence each; nothing where all is as it was."""
        return [*dict.fromkeys(map(in_line, self._problems()))]

    def _problems(self) -> Iterator[str]:
        nodes = self.chain.nodes
        for node in nodes:
            yield from (f"{node.label}: {said}" for said in node.problems)
        for edge in self.chain.edges:
            child = nodes[edge.child].label
            parent = nodes[edge.parent] if edge.parent is not None else None
            if edge.state == State.MISSING:
                yield f"{child}: its parent '{edge.role}' is missing{_recorded(edge)}"
            elif edge.state == State.CHANGED and parent is not None and not parent.problems:
                yield f"{child}: its parent '{edge.role}' was changed, {parent.label}: {edge.said}"

    @property
    def is_whole(self) -> bool:
        """Whether every link is there, and nothing was changed."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """In one sentence, whether all is as it was, or the first link that is not."""
        links = len(self.chain.edges)
        told = "1 link" if links == 1 else f"{links:,} links"
        problems = self.problems
        if not problems:
            hashed = "nothing was changed" if self.checked else "files were not hashed"
            return f"{told}: all are there, and {hashed}."
        more = f" And {len(problems) - 1:,} more." if len(problems) > 1 else ""
        return f"{problems[0]}.{more}"

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "format": FORMAT,
            "whole": self.is_whole,
            "checked": self.checked,
            "verdict": self.verdict,
            "problems": self.problems,
            "remarks": [*self.remarks],
            "nodes": [
                {
                    "label": node.label,
                    "kind": node.made.kind.value,
                    "name": node.made.name or None,
                    "sha256": node.made.sha256 or None,
                    "model_sha256": node.made.identity or None,
                    "round": node.made.round or None,
                    "rows": node.made.rows,
                    "problems": node.problems,
                }
                for node in self.chain.nodes
            ],
            "links": [
                {**edge._asdict(), "state": edge.state.value, "sha256": edge.sha256 or None}
                for edge in self.chain.edges
            ],
        }

    def to_json(self) -> str:
        """The text that `--json` prints."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def to_text(self) -> str:
        """A tree: whatever something was made from stands below it."""
        return to_text(self.chain)

    def to_svg(self) -> str:
        """A picture, in light and dark: sources above, what was made of them below."""
        from pairsmith.tracing.picture import draw

        return draw(self.chain)


def _recorded(edge: Edge) -> str:
    name = f", recorded as {edge.name}" if edge.name else ""
    known = f" with sha256 {edge.sha256[:12]}…" if edge.sha256 else ""
    return name + known + (f": {edge.said}" if edge.said else "")


def lineage(
    path: str | os.PathLike[str],
    *,
    search: Iterable[str | os.PathLike[str]] = (),
    check: bool = True,
) -> Lineage:
    """Traces a build, a run, an annotation or samples back to what they were made from.

    Every manifest names its parents by hash. They are looked for by that: in the folder itself,
    beside it, beside its parent, and in the folders of `search`; within bounds, and no link is
    followed out of them.

    Args:
        path: The folder of a build, a run, an annotation, samples, an evaluation, or a model.
        search: More folders in which parents may lie.
        check: Whether every file that is found is hashed; without, manifests are believed.

    Raises:
        OutputError: There is no such folder, it has no manifest, or that cannot be read.
    """
    place = folder.local_folder(os.fspath(path))
    start = _start(place.parent if place.name == MANIFEST else place)
    roots = [folder.local_folder(os.fspath(one)) for one in search]
    for root in roots:
        if not root.is_dir():
            raise OutputError(f"There is no folder {root}.", "--search names a folder to look in.")
    places = Places(roots)
    places.add(start)
    chain = trace(start, places, check)
    return Lineage(chain, check, tuple(map(in_line, _remarks(chain, places))))


def _start(place: Path) -> Made:
    """What a folder holds.

    Raises:
        OutputError: Nothing that is known.
    """
    if not place.exists():
        raise OutputError(f"There is no folder {place}.", "Name a build, a run or an annotation.")
    if not place.is_dir():
        raise OutputError(f"{place} is a file.", "Name the folder that it lies in.")
    try:
        names = sorted(path.name for path in place.iterdir())
    except OSError as error:
        raise OutputError(f"{place} cannot be read: {error.strerror or error}.") from None
    resolved = place.resolve()
    record = record_of(resolved)
    if record is not None:
        return read_made(record)
    if "config.json" in names:
        return Made(Kind.MODEL, resolved, "", model_sha256(resolved))
    held = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    raise OutputError(
        f"{place} has no {MANIFEST}; it holds {held or 'nothing'}.",
        "A manifest is written last, by pairsmith build, train, score and generate.",
    )


def _remarks(chain: Chain, places: Places) -> Iterator[str]:
    if places.full:
        yield "There is more around than is looked at: name folders to look in by --search."
    if chain.cut:
        yield f"Only {len(chain.nodes):,} parents were followed."
    if any(edge.state == State.MISSING for edge in chain.edges):
        yield from [*places.broken.values()][:5]
