"""What a notice says, in one sentence."""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.hub.http.addresses import RepoName
from pairsmith.hub.notices.kinds import Kind

SENTENCES = {
    "asked": (
        "{actor} asks for access to {repo}.",
        "{count} requests for access to {repo} came, the last one from {actor}.",
    ),
    "accepted": ("You were given access to {repo}.", ""),
    "rejected": ("Your request for access to {repo} was rejected.", ""),
    "revoked": ("Your access to {repo} was revoked.", ""),
    "pending": ("The answer to your request for access to {repo} was taken back.", ""),
    "licensed": ("You were given a licence of {licensed}.", ""),
    "licence-ended": ("Your licence of {licensed} was revoked.", ""),
    "seat-ended": ("The licence of {licensed} in which you have a seat was revoked.", ""),
    "licence-ends": (
        "The licence {licence} of {licensed} ends after {last} (UTC); you do not read the data by"
        " it afterwards.",
        "",
    ),
    "invited": ("{actor} invites you to {place}, in the role {role}.", ""),
    "invited-to-collection": ("{actor} invites you to take part in {collection}.", ""),
    "people-disagree": (
        "People disagree about an item of {collection}: it waits for a decision.",
        "People disagree about items of {collection}: they wait for decisions.",
    ),
    "mentioned": (
        "{actor} mentions you in {thread}.",
        "You are mentioned in {thread}, where {count} things happened; the last was by {actor}.",
    ),
    "discussion-opened": ("{actor} began {thread}.", ""),
    "commented": ("{actor} wrote in {thread}.", ""),
    "discussion-closed": ("{actor} closed {thread}.", ""),
    "discussion-reopened": ("{actor} opened {thread} again.", ""),
    "pull-opened": ("{actor} proposes changes: {thread}.", ""),
    "pull-committed": ("{actor} added a commit to {thread}.", ""),
    "pull-merged": ("{actor} merged {thread}.", ""),
    "sold": (
        "{actor} bought a licence of {repo}.",
        "{count} licences of {repo} were bought, the last one by {actor}.",
    ),
    "turned-away": (
        "A payment of {actor} for {repo} was turned away.",
        "{count} payments for {repo} were turned away or went back; the last was of {actor}.",
    ),
    "own-turned-away": (
        "A payment of yours was turned away; why, and what to do, is on the page of your licences.",
        "",
    ),
    "went-back": (
        "A payment of {actor} for {repo} went back, and the licence was revoked.",
        "{count} payments for {repo} were turned away or went back; the last was of {actor}.",
    ),
}
"""What happened, once and several times; '' where the last time says it."""

FOR_ADMINS = ("asked", "sold", "turned-away", "went-back")
"""What says who asked for access to a repository, or paid for it: keys of `SENTENCES`."""

SEVERAL = "{count} things happened in {thread}; the last was by {actor}."


class Line(NamedTuple):
    """A notice, as its account sees it.

    Attributes:
        id: Its number.
        kind: Its kind.
        what: What happened last: a key of `SENTENCES`.
        path: The path of its page.
        times: How often something happened there.
        date: When the last time was.
        read: When it was read; None where it was not.
        actor: The name of who did it last; '' for the hub.
        repo: The repository; None for none.
        number: The number of the discussion; None where it is about none.
        title: The title of the discussion, as it is now.
        licensed: What a licence is of: owner/name.
        licence: Its number; '' for none.
        last: The last day on which it holds, UTC; '' where it does not end.
        place: To what somebody is invited: an organization's name, or owner/name.
        role: In which role.
        collection: The collection that it is about: owner/name; '' for none.
    """

    id: int
    kind: Kind
    what: str
    path: str
    times: int
    date: int
    read: int | None
    actor: str
    repo: RepoName | None
    number: int | None
    title: str
    licensed: str
    licence: str
    last: str
    place: str
    role: str
    collection: str = ""


def sentence(line: Line) -> str:
    """What a notice says, without the title of a discussion."""
    one, many = SENTENCES["mentioned" if line.kind is Kind.MENTION else line.what]
    if line.number is not None:
        many = many or SEVERAL
    name = line.repo.full_name if line.repo else ""
    return (many if many and line.times > 1 else one).format(
        actor=line.actor or "The hub",
        count=line.times,
        repo=name,
        thread=f"{name}#{line.number}",
        licensed=line.licensed,
        licence=line.licence,
        last=line.last,
        place=line.place,
        role=line.role,
        collection=line.collection,
    )
