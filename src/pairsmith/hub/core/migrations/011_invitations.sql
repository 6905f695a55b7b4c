-- Who is invited to an organization or to a repository, in which role, until they answer.

CREATE TABLE invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization INTEGER REFERENCES users ON DELETE CASCADE,
    repo INTEGER REFERENCES repos ON DELETE CASCADE,
    user INTEGER REFERENCES users ON DELETE CASCADE,
    email TEXT NOT NULL DEFAULT '' COLLATE NOCASE,  -- '': invited by name
    role TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    inviter INTEGER NOT NULL REFERENCES users,
    made INTEGER NOT NULL,
    CHECK ((organization IS NULL) <> (repo IS NULL)),
    CHECK ((user IS NULL) <> (email = ''))
) STRICT;
CREATE UNIQUE INDEX invitations_to_organization ON invitations (organization, user, email)
WHERE repo IS NULL;
CREATE UNIQUE INDEX invitations_to_repo ON invitations (repo, user, email)
WHERE organization IS NULL;
CREATE INDEX invitations_by_user ON invitations (user);
CREATE INDEX invitations_by_email ON invitations (email) WHERE email <> '';
