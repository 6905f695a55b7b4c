-- Accounts that are no person, and who may do what beside an owner: members of an organization in all
-- of its repositories, collaborators in one.

ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'person'
CHECK (kind IN ('person', 'organization'));

CREATE TABLE members (
    organization INTEGER NOT NULL REFERENCES users,
    user INTEGER NOT NULL REFERENCES users,
    role TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    since INTEGER NOT NULL,
    PRIMARY KEY (organization, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

CREATE TABLE collaborators (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users,
    role TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    since INTEGER NOT NULL,
    PRIMARY KEY (repo, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX collaborators_by_user ON collaborators (user);
