-- Repositories have a kind: datasets so far, models to come. Each kind is a namespace of its own, so
-- an account may have a dataset and a model of one name. What names a repository by its text, and
-- outlives it (events, licences), tells the kind too.
-- The table is made anew, for SQLite cannot change a constraint; foreign keys are not enforced
-- meanwhile (see `database._migrate`), or dropping the old one would take all that refers to it.

CREATE TABLE repos_with_kind (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('dataset', 'model')),
    owner INTEGER NOT NULL REFERENCES users,
    name TEXT NOT NULL COLLATE NOCASE,
    private INTEGER NOT NULL CHECK (private IN (0, 1)),
    gate TEXT NOT NULL CHECK (gate IN ('off', 'auto', 'manual')),
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (owner, name, kind)
) STRICT;
INSERT INTO repos_with_kind
SELECT id, 'dataset', owner, name, private, gate, created, updated FROM repos;

-- the highest id that was ever given, perhaps to one that was deleted: it is not given again
DELETE FROM sqlite_sequence WHERE name = 'repos_with_kind';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'repos_with_kind', seq FROM sqlite_sequence WHERE name = 'repos';

DROP TABLE repos;
ALTER TABLE repos_with_kind RENAME TO repos;

ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'dataset'
CHECK (kind IN ('dataset', 'model'));
DROP INDEX events_by_repo;
CREATE INDEX events_by_repo ON events (kind, repo, id);
DROP INDEX events_but_reads;
CREATE INDEX events_but_reads ON events (kind, repo, id) WHERE action NOT IN ('read', 'viewed');

ALTER TABLE licences ADD COLUMN kind TEXT NOT NULL DEFAULT 'dataset'
CHECK (kind IN ('dataset', 'model'));
