-- What people collect together: whose it is, and who takes part. What they say lies in a folder of
-- its own, ROOT/collections/<folder>/; this holds nothing of it but its title and its mode.
CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL REFERENCES users,
    name TEXT NOT NULL COLLATE NOCASE,
    folder TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    mode TEXT NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    closed INTEGER,                      -- when; NULL: people may take part
    UNIQUE (owner, name)
) STRICT;

CREATE TABLE collection_members (
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('worker', 'reviewer', 'owner')),
    since INTEGER NOT NULL,
    PRIMARY KEY (collection, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX collection_members_by_user ON collection_members (user);

-- Who is invited, by name or by a link that one person can use; until they answer.
CREATE TABLE collection_invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    user INTEGER REFERENCES users ON DELETE CASCADE,  -- NULL: whoever has the link
    digest BLOB UNIQUE,                               -- of the link's secret; NULL: by name
    role TEXT NOT NULL CHECK (role IN ('worker', 'reviewer', 'owner')),
    inviter INTEGER NOT NULL REFERENCES users,
    made INTEGER NOT NULL,
    CHECK ((user IS NULL) <> (digest IS NULL))
) STRICT;
CREATE UNIQUE INDEX collection_invitations_by_name ON collection_invitations (collection, user)
WHERE user IS NOT NULL;
CREATE INDEX collection_invitations_by_user ON collection_invitations (user)
WHERE user IS NOT NULL;
CREATE INDEX collection_invitations_by_inviter ON collection_invitations (inviter);

ALTER TABLE notices ADD COLUMN collection INTEGER REFERENCES collections ON DELETE CASCADE;
CREATE INDEX notices_by_collection ON notices (collection) WHERE collection IS NOT NULL;
