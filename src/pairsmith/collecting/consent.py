"""What a person agrees to before they begin, and whether they still do."""

from __future__ import annotations

import hashlib
import json

from pairsmith.collecting import draws
from pairsmith.collecting.collection import Collection, project_in
from pairsmith.collecting.events import Kind
from pairsmith.collecting.project import Project
from pairsmith.collecting.store import Transaction


def consent(collection: Collection, who: str, agreed: bool = True) -> None:
    """Records that a person agrees to the project's terms as they are, or does so no longer."""
    with collection.store.write() as transaction:
        terms = terms_sha256(project_in(transaction))
        now = _agreed_to(collection, transaction, who)
        if now == (terms if agreed else None):
            return
        thread = draws.thread_id(collection.secret, "person", who)
        kind = Kind.CONSENTED if agreed else Kind.WITHDREW
        transaction.append(thread, kind, who, {"consent": terms})


def has_consented(collection: Collection, who: str) -> bool:
    """Whether a person may begin: they agree to the terms as they are now, or there are none."""
    with collection.store.read() as transaction:
        return may_begin(collection, transaction, who)


def may_begin(collection: Collection, transaction: Transaction, who: str) -> bool:
    """The same, in a state of the collection."""
    project = project_in(transaction)
    if not (project.consent or project.warning):
        return True
    return _agreed_to(collection, transaction, who) == terms_sha256(project)


def terms_sha256(project: Project) -> str:
    """Which terms these are: the consent and the warning."""
    held = json.dumps([project.consent, project.warning], ensure_ascii=False)
    return hashlib.sha256(held.encode()).hexdigest()


def _agreed_to(collection: Collection, transaction: Transaction, who: str) -> str | None:
    """The terms to which a person agreed last; None for none, and where they withdrew."""
    events = transaction.thread(draws.thread_id(collection.secret, "person", who))
    last = events[-1] if events else None
    return None if last is None or last.kind == Kind.WITHDREW else str(last.body["consent"])
