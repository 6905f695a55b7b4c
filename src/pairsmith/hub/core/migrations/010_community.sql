-- Discussions and pull requests of repositories. What was written stays as rows of a thread, in the
-- order in which it came; a comment that was hidden has no text any more.

CREATE TABLE discussions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    num INTEGER NOT NULL,                -- 1, 2, 3, … within the repository
    author INTEGER NOT NULL REFERENCES users,
    title TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'closed', 'merged')),
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0,  -- how many it has
    chars INTEGER NOT NULL DEFAULT 0,    -- of all texts that were ever written in it
    UNIQUE (repo, num)
) STRICT;
CREATE INDEX discussions_by_author ON discussions (author, created);

CREATE TABLE discussion_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,            -- 24 hex digits, by which clients name it
    discussion INTEGER NOT NULL REFERENCES discussions ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('comment', 'status-change', 'commit', 'title-change')),
    author INTEGER NOT NULL REFERENCES users,
    date INTEGER NOT NULL,
    text TEXT NOT NULL,                  -- a comment, a status, a commit's title, or a new title
    more TEXT NOT NULL DEFAULT '',       -- a commit's id, or the title before
    edited INTEGER,                      -- when a comment was last edited
    hidden INTEGER                       -- when it was hidden
) STRICT;
CREATE INDEX discussion_entries_in_order ON discussion_entries (discussion, id);

-- What a comment said before it was edited.
CREATE TABLE discussion_versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry INTEGER NOT NULL REFERENCES discussion_entries ON DELETE CASCADE,
    date INTEGER NOT NULL,               -- when it was replaced
    text TEXT NOT NULL
) STRICT;
CREATE INDEX discussion_versions_by_entry ON discussion_versions (entry, id);

-- A discussion that is a pull request. Its commits are a line of their own, which begins with the
-- files of `start`; before the first of them `head` is `start`.
CREATE TABLE pulls (
    discussion INTEGER PRIMARY KEY REFERENCES discussions ON DELETE CASCADE,
    base TEXT NOT NULL,                  -- the branch that it is for
    start TEXT NOT NULL,
    head TEXT NOT NULL,                  -- what refs/pr/N names
    merged TEXT                          -- the commit that took it over
) STRICT;

-- A discussion that is about a row. Only where it stands is kept, and what it is called.
CREATE TABLE discussed_rows (
    discussion INTEGER PRIMARY KEY REFERENCES discussions ON DELETE CASCADE,
    repo INTEGER NOT NULL,
    subset TEXT NOT NULL,
    split TEXT NOT NULL,
    number INTEGER NOT NULL,             -- from 1, as the viewer counts at `revision`
    name TEXT NOT NULL,                  -- its id; '' where it has none
    revision TEXT NOT NULL               -- a commit
) STRICT;
CREATE INDEX discussed_rows_by_place ON discussed_rows (repo, subset, split, name);

-- Who sent a content for a pull request: it counts as theirs, not the owner's, until it is merged.
ALTER TABLE holdings ADD COLUMN proposer INTEGER REFERENCES users;
CREATE INDEX holdings_by_proposer ON holdings (proposer) WHERE proposer IS NOT NULL;
DROP TRIGGER holdings_more;
DROP TRIGGER holdings_less;
CREATE TRIGGER holdings_more AFTER INSERT ON holdings WHEN NEW.proposer IS NULL
BEGIN UPDATE repos SET bytes = bytes + NEW.size WHERE id = NEW.repo; END;
CREATE TRIGGER holdings_less AFTER DELETE ON holdings WHEN OLD.proposer IS NULL
BEGIN UPDATE repos SET bytes = bytes - OLD.size WHERE id = OLD.repo; END;
CREATE TRIGGER holdings_taken AFTER UPDATE OF proposer ON holdings
WHEN OLD.proposer IS NOT NULL AND NEW.proposer IS NULL
BEGIN UPDATE repos SET bytes = bytes + NEW.size WHERE id = NEW.repo; END;
