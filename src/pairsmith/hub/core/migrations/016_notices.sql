-- What accounts are told of. A notice holds no words of others: what it names is looked up when it
-- is shown, for those who may know of it by then.

CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    repo INTEGER REFERENCES repos ON DELETE CASCADE,  -- NULL: about none that has to be seen
    kind TEXT NOT NULL,                  -- request, answer, comment, …
    what TEXT NOT NULL,                  -- what happened last: a key of words.SENTENCES
    path TEXT NOT NULL,                  -- of its page, behind the repository's where there is one
    actor INTEGER REFERENCES users,      -- who did it last
    discussion INTEGER REFERENCES discussions ON DELETE CASCADE,
    invitation INTEGER REFERENCES invitations ON DELETE CASCADE,
    licence TEXT REFERENCES licences ON DELETE CASCADE,
    count INTEGER NOT NULL DEFAULT 1,    -- how often something happened there until it was read
    date INTEGER NOT NULL,
    read INTEGER,                        -- when; NULL: not yet
    mail INTEGER,                        -- when a letter of it is due; NULL: none is
    mailed INTEGER                       -- when the last one was put into the outbox
) STRICT;
CREATE UNIQUE INDEX notices_unread ON notices (user, path, coalesce(repo, 0)) WHERE read IS NULL;
CREATE INDEX notices_by_user ON notices (user, date);
CREATE INDEX notices_by_repo ON notices (repo, path);
CREATE INDEX notices_by_discussion ON notices (discussion) WHERE discussion IS NOT NULL;
CREATE INDEX notices_by_invitation ON notices (invitation) WHERE invitation IS NOT NULL;
CREATE INDEX notices_due ON notices (mail) WHERE mail IS NOT NULL;

-- Discussions of which somebody wants to hear nothing.
CREATE TABLE muted (
    user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    discussion INTEGER NOT NULL REFERENCES discussions ON DELETE CASCADE,
    PRIMARY KEY (user, discussion)
) STRICT, WITHOUT ROWID;
CREATE INDEX muted_by_discussion ON muted (discussion);

-- How many notices an account caused in the hour that begins at `hour`.
CREATE TABLE tellings (
    user INTEGER PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    hour INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT;

-- Which kinds of notices come by e-mail: JSON, kind to whether; what is not in it is as by default.
ALTER TABLE mail_choices ADD COLUMN kinds TEXT NOT NULL DEFAULT '{}';
ALTER TABLE mail_choices ADD COLUMN day INTEGER NOT NULL DEFAULT 0;    -- days since 1970
ALTER TABLE mail_choices ADD COLUMN letters INTEGER NOT NULL DEFAULT 0;  -- of notices on that day
