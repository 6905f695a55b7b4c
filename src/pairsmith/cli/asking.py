"""Questions before what cannot be taken back."""

from __future__ import annotations

import sys

import typer


def ask_before_public(
    out: str, repo: str, to: str | None, gated: str | None, private: bool
) -> None:
    """Asks whether a build or a run may go to the public hub; of another hub nothing is asked.

    Raises:
        PublishError: It may not, or nobody can be asked.
    """
    from pairsmith.publishing.plan import public_hub
    from pairsmith.publishing.refusals import PublishError
    from pairsmith.text.sanitize import sanitize

    public = public_hub(out, repo, to, gated)
    if public is None:
        return
    if not sys.stdin.isatty():
        raise PublishError(
            f"{public} is the public hub, and nobody can be asked whether to send {out} there.",
            "Add --yes; --dry-run says what would be sent. Another hub is named with --to.",
        )
    seen = "that its owner alone may see" if private else "that everybody may see"
    gate = f"behind the gate {gated}" if gated else "without a gate"
    said = f"{public} is the public hub. Send {out} there as {repo}, a new one {seen}, {gate}?"
    try:
        agreed = typer.confirm(sanitize(said), err=True)
    except typer.Abort:  # Ctrl-C, or the end of what is typed
        agreed = False
    if not agreed:
        raise PublishError("Nothing was sent.", "--dry-run says what would be.")
