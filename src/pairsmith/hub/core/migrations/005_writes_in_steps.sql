-- What would change very many rows at once does so in steps, each a transaction of its own, and no
-- reader sees any of it before the last.

-- A commit of many files is being written: its place. Rows of it that are there already are those
-- born or died at this place, which no commit has yet; they are undone where it is given up.
ALTER TABLE lines ADD COLUMN draft INTEGER;

-- A repository that was deleted, when; its rows go step by step. It has no name any more.
ALTER TABLE repos ADD COLUMN deleted INTEGER;
CREATE INDEX repos_deleted ON repos (id) WHERE deleted IS NOT NULL;
CREATE INDEX lines_draft ON lines (id) WHERE draft IS NOT NULL;
CREATE INDEX lines_by_repo ON lines (repo);

-- Contents that were found lost, or not to be what their hash says. They are not served, and whoever
-- sends one again mends it.
CREATE TABLE damaged (
    blob TEXT PRIMARY KEY REFERENCES blobs ON DELETE CASCADE,
    found INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The bytes of the contents that were sent to a repository, which its owner's quota counts.
ALTER TABLE repos ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE repos SET bytes = coalesce(
    (SELECT sum(size) FROM holdings JOIN blobs ON sha256 = blob WHERE repo = repos.id), 0
);
ALTER TABLE holdings ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE holdings SET size = (SELECT size FROM blobs WHERE sha256 = blob);
CREATE TRIGGER holdings_more AFTER INSERT ON holdings
BEGIN UPDATE repos SET bytes = bytes + NEW.size WHERE id = NEW.repo; END;
CREATE TRIGGER holdings_less AFTER DELETE ON holdings
BEGIN UPDATE repos SET bytes = bytes - OLD.size WHERE id = OLD.repo; END;
