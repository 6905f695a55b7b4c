-- Mail that waits to be sent, and what accounts know of it.

ALTER TABLE users ADD COLUMN confirmed INTEGER;  -- when the e-mail address was shown to be theirs
ALTER TABLE users ADD COLUMN suspended INTEGER;  -- since when they are shut out; NULL: they are not
ALTER TABLE users ADD COLUMN removed INTEGER;    -- when the account was removed; its name stays taken

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER REFERENCES users ON DELETE CASCADE,  -- for whom; NULL: it has to be found out
    kind TEXT NOT NULL,                  -- who makes a text of it: letter, notice, …
    content TEXT NOT NULL,               -- JSON object; empty where it was given up
    made INTEGER NOT NULL,
    until INTEGER NOT NULL,              -- it is of no use afterwards
    due INTEGER NOT NULL,                -- not tried sooner
    tries INTEGER NOT NULL DEFAULT 0,
    failed INTEGER,                      -- when it was given up
    fault TEXT NOT NULL DEFAULT ''       -- what the mail server said last
) STRICT;
CREATE INDEX outbox_due ON outbox (due) WHERE failed IS NULL;
CREATE INDEX outbox_by_user ON outbox (user);

-- Who wants no notices by e-mail, and the secret of the link that says so, which is in every notice.
CREATE TABLE mail_choices (
    user INTEGER PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    secret TEXT NOT NULL UNIQUE,
    stopped INTEGER                      -- since when; NULL: notices are sent
) STRICT;
