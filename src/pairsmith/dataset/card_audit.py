"""The card's section on quality: what an audit found, between two comments.

It is put in front of the recipe of a card, or in place of an earlier such section. A card in which
neither is to be found stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pairsmith.dataset import card, card_prose
from pairsmith.io.durable import finalize, partial_path

FOLDER, NAME, REPORT, FINDINGS = "audit", "audit.json", "report.html", "findings.parquet"
"""Where an audit lies below the build, the file that is written last, and the others."""

BEGIN = "<!-- pairsmith audit: this section is written by it -->"
END = "<!-- pairsmith audit: end -->"
BEFORE = f"\n{card_prose.begin('recipe')}\n".encode()
"""The section goes in front of this line."""

_SECTION = re.compile(f"\n{re.escape(BEGIN)}\n.*?\n{re.escape(END)}\n".encode(), re.DOTALL)


def write_section(out: Path, audit: Mapping[str, Any]) -> bool:
    """Writes the section of an audit into the card of a build.

    Args:
        out: The folder of the build.
        audit: The content of `audit.json`.

    Returns:
        Whether it was written: False for a card without a place for it.
    """
    held = (out / card.NAME).read_bytes()
    if not _is_text(held):
        return False
    found = list(_SECTION.finditer(held))
    written = ("\n" + section(audit)).encode()
    if len(found) == 1:
        text = held[: found[0].start()] + written + held[found[0].end() :]
    elif not found and held.count(BEFORE) == 1:
        before, heading, behind = held.partition(BEFORE)
        text = before + written + heading + behind
    else:
        return False
    partial = partial_path(out / card.NAME)
    try:
        partial.write_bytes(text)
        finalize(partial, out / card.NAME)
    finally:
        partial.unlink(missing_ok=True)
    return True


def _is_text(held: bytes) -> bool:
    try:
        held.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def without_section(text: bytes) -> bytes:
    """A card without the section of an audit."""
    return _SECTION.sub(b"", text)


def remove_audit(out: Path) -> None:
    """Removes the files of an audit, and its folder if that holds nothing else."""
    folder = out / FOLDER
    if folder.is_symlink() or not (folder / NAME).is_file():
        return
    for name in (NAME, REPORT, FINDINGS):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def section(audit: Mapping[str, Any]) -> str:
    """The section as Markdown, between its comments."""
    rows = audit["rows"]
    lines = [
        BEGIN,
        "## Quality",
        "",
        f"pairsmith {audit['pairsmith']} put these questions to all {rows['kept']:,} kept pairs. "
        f"The numbers are in `{FOLDER}/{NAME}`, the rows in `{FOLDER}/{FINDINGS}`.",
        "",
        *_verdict(audit.get("verdict", {})),
        "| question | answer | findings |",
        "| --- | --- | ---: |",
    ]
    for held in audit["questions"].values():
        answer = held["sentence"] or f"Not answered: {held['unanswered']}"
        count = "" if held["unanswered"] else f"{held['findings']:,}"
        lines.append(f"| {_cell(held['title'])} | {_cell(answer)} | {count} |")
    return "\n".join([*lines, END]) + "\n"


def _verdict(verdict: Mapping[str, Any]) -> list[str]:
    """The sentences that come first, as a list; what was not looked at is the end of it."""
    lines = []
    for claim in verdict.get("claims", ()):
        word = {"act": "Act on this", "look": "Look at this"}.get(claim["level"], "Fine")
        lines.append(f"- **{word}**: {_cell(claim['sentence'])}{_command(claim['command'])}")
    for left in verdict.get("not_looked_at", ()):
        said = _cell(f"{left['what']}. {left['why']}")
        lines.append(f"- *Not looked at*: {said}{_command(left['command'])}")
    return [*lines, ""] if lines else []


def _command(command: str) -> str:
    """A command as Markdown; the folder of the build is named as the rest of the card names it."""
    words = [
        card.HERE + word[3:] if re.match(r"OUT(/|$)", word) else word for word in command.split()
    ]
    return f" `{' '.join(words)}`" if "`" not in command and words else ""


def _cell(text: str) -> str:
    """A text as one cell of a table."""
    plain = " ".join(text.split())
    return re.sub(r"([\\|<>&*_`\[\]])", r"\\\1", plain)
