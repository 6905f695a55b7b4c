"""Where all rows went: files and builds of which nothing was kept, and what would keep them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.quarantine import quarantine_path
from pairsmith.dataset.rows import refused_in
from pairsmith.io.remote import StoragePath
from pairsmith.schema.reasons import DROPS, EXPLANATIONS, POLICIES, Policy, Reason
from pairsmith.schema.rows import Form

ASKED = {*DROPS.values(), Reason.DOUBTED, Reason.ANNOTATED}
"""Reasons that hold only where a recipe asks for it: a file that they empty is no surprise."""

OTHERS: dict[Reason, str] = {
    Reason.MALFORMED: "Name the shape of the rows with --from, or mend the lines: "
    "pairsmith show OUT --reason malformed --raw prints them.",
    Reason.UNREAD_CONTENT: "pairsmith show OUT --reason unread_content names the field. Say "
    "what it is, as --columns input=FIELD, or pass over it: --columns left_out=FIELD. Nothing "
    "keeps rows with media, and with parts of messages that are not read.",
    Reason.UNPAIRED: "Nothing keeps them: a pair needs two replies to one prompt, and these have "
    "one.",
    Reason.TIE: "Nothing keeps them: a pair needs a reply that is better. Where another field says "
    "which, name it.",
    Reason.SMALL_MARGIN: "Give a smaller --min-margin, or leave it out.",
    Reason.WEAK_PREFERENCE: "Give a smaller --drop-weak, or leave it out.",
    Reason.NO_REPLY: "Nothing keeps them: each side must end in the assistant's turn. Where the "
    "replies stand in other fields, name the shape of the rows with --from.",
    Reason.PROMPT_MISMATCH: "Nothing keeps them: both sides must answer one prompt. Where the "
    "prompt stands in a field of its own, name the shape of the rows with --from.",
    Reason.TEMPLATE_ERROR: "Name another --template, or build messages, with --as messages.",
    Reason.DOUBTED: "Leave --drop-doubted out, or give it a higher doubt.",
    Reason.ANNOTATED: "Leave --apply out, or name the labels that it is to act on: NAME:LABEL.",
}
"""What to do about rows that no policy keeps, by reason."""

TEMPLATES = {Reason.BAD_ROLES, Reason.CONTROL_TOKEN}
"""Reasons that are of one template, or may be."""


class Loss(NamedTuple):
    """A whole build, or a whole split of a subset, of which nothing was kept.

    Attributes:
        place: Subset and split, with a slash; '' for the build.
        rows: Its rows, all of them refused.
        reason: The reason that took most of them; None where there were no rows.
        taken: How many that reason took.
    """

    place: str
    rows: int
    reason: Reason | None
    taken: int


def find_losses(built: Manifest) -> list[Loss]:
    """What was lost as a whole, and nobody asked for it: the build; else splits, for one reason."""
    total = built.totals
    if not total.kept:
        return [_loss("", total)]
    lost = [entry for entry in built.ledger if entry.read and not entry.kept]
    found = [_loss(f"{entry.subset}/{entry.split}", entry) for entry in lost]
    return [loss for loss in found if loss.taken == loss.rows and loss.reason not in ASKED]


def _loss(place: str, entry: LedgerEntry) -> Loss:
    reason, taken = max(entry.quarantined.items(), key=lambda held: held[1], default=(None, 0))
    return Loss(place, entry.read, Reason(reason) if reason else None, taken)


def find_first(loss: Loss, built: Manifest, out: StoragePath) -> str:
    """Where the first row stands that the reason of a loss took, and what is wrong with it.

    Args:
        loss: The loss.
        built: The manifest of the build.
        out: Its folder.

    Returns:
        A sentence; empty where nothing is said of such rows.

    Raises:
        OutputError: The quarantine cannot be read.
    """
    for entry in built.ledger:
        place = f"{entry.subset}/{entry.split}"
        if loss.place not in ("", place) or not entry.quarantined.get(loss.reason or ""):
            continue
        for row in refused_in(out, quarantine_path(entry.subset, entry.split)):
            if row.reason == loss.reason:
                detail = row.detail.rstrip(".")
                return f"{row.path}, line {row.line:,}: {detail}." if detail else ""
    return ""


def describe(loss: Loss) -> str:
    """A sentence on a loss."""
    where = f" of {loss.place}" if loss.place else ""
    if loss.reason is None:
        return f"nothing was kept{where}: the source has no rows."
    if loss.rows == 1:
        which = "the one row is"
    elif loss.taken == loss.rows:
        which = f"all {loss.rows:,} rows are"
    else:
        which = f"of {loss.rows:,} rows, most ({loss.taken:,}) are"
    return f"nothing was kept{where}: {which} {loss.reason} ({EXPLANATIONS[loss.reason]})."


def advise(loss: Loss, built: Manifest, out: str) -> str:
    """What would keep such rows, or else what to do about them.

    Args:
        loss: The loss.
        built: The manifest of the build.
        out: What to call its folder.
    """
    if loss.reason is None:
        return "Name a file or a folder that has some."
    return " ".join(_advice(loss.reason, built)).replace("OUT", out)


def _advice(reason: Reason, built: Manifest) -> Iterator[str]:
    used = dict(built.recipe.policies).get(reason)
    kept = [p for p in POLICIES[reason] if p not in (Policy.QUARANTINE, used)]
    if kept:
        options = " or ".join(f"--on {reason}={policy}" for policy in kept)
        yield f"What keeps them: {options}."
    if reason in TEMPLATES and built.recipe.form == Form.TEXT:
        yield "Or name another --template."
    if drop := next((name for name, dropped in DROPS.items() if dropped == reason), None):
        yield f"Leave --drop {drop} out."
    if reason in OTHERS:
        yield OTHERS[reason]
    elif not kept:
        yield "See them: pairsmith show OUT --reason any."
