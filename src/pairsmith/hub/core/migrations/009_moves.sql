-- Repositories that were renamed or moved: an address that they had leads to them until it is taken
-- anew. What is on record is found by the repository, whatever it was called at the time.

CREATE TABLE former_names (
    owner INTEGER NOT NULL REFERENCES users,
    name TEXT NOT NULL COLLATE NOCASE,
    kind TEXT NOT NULL CHECK (kind IN ('dataset', 'model')),
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    PRIMARY KEY (owner, name, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_names_by_repo ON former_names (repo);

ALTER TABLE events ADD COLUMN subject INTEGER;  -- the repository's id; NULL: it was gone by then
DROP TRIGGER events_stay;
UPDATE events SET subject = there.id FROM (
    SELECT repos.id, repos.kind, users.name || '/' || repos.name AS full_name, repos.created
    FROM repos JOIN users ON users.id = repos.owner WHERE deleted IS NULL
) AS there
WHERE events.kind = there.kind AND events.repo = there.full_name AND date >= there.created;
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE INDEX events_by_subject ON events (subject, id);
CREATE INDEX events_of_subject_but_reads ON events (subject, id)
WHERE action NOT IN ('read', 'viewed');
DROP INDEX events_but_reads;
