"""Prints what was published, or what would be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairsmith.publishing.plan import Plan
    from pairsmith.publishing.publish import Published


def summarize(done: Published) -> Iterator[str]:
    """Lines with the URL, the files that were sent, and the code that loads it."""
    from pairsmith.publishing.publish import PUBLIC

    made = "trained" if done.kind == "model" else "built"
    yield done.url
    if done.sent or done.removed:
        size = sum(entry.bytes for entry in done.sent)
        gone = f"; {len(done.removed)} of an earlier one removed" if done.removed else ""
        yield f"sent: {len(done.sent)} files, {size:,} bytes{gone}."
    else:
        yield f"nothing new: its {done.files} files are there as they were {made}."
    yield from done.remarks
    yield "Whoever may read it loads it with"
    yield ""
    if done.endpoint != PUBLIC:
        yield f"  export HF_ENDPOINT={done.endpoint}"
        yield ""
    yield from (f"  {line}" for line in done.loading)


def summarize_plan(planned: Plan) -> Iterator[str]:
    """Lines with the place, who may see and read it, and every file that would be sent."""
    from pairsmith.publishing.publish import page_of

    made = "would be made" if planned.is_new else "is there"
    seen = "private" if planned.private else "public"
    url = f"{planned.endpoint}/{page_of(planned.kind, planned.repo)}"
    yield f"{url} {made}: {seen}, its gate {planned.gated}."
    for entry in planned.sent:
        yield f"  {entry.bytes:>14,}  {entry.path}"
    for path in planned.removed:
        yield f"  {'removed':>14}  {path}"
    size = sum(entry.bytes for entry in planned.sent)
    yield f"would be sent: {len(planned.sent)} of {planned.files} files, {size:,} bytes."
    yield from planned.remarks
    yield "Nothing was sent, and nothing was changed."
