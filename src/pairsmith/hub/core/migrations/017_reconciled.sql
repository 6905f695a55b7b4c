-- Files of pull requests that both sides have changed, and of which the pull request's version is
-- to be kept, whatever is in `blob` on its branch; where that changes again, it is asked again.
CREATE TABLE reconciled (
    discussion INTEGER NOT NULL REFERENCES discussions ON DELETE CASCADE,
    path TEXT NOT NULL,
    blob TEXT,                           -- null where the branch has no such file
    lfs INTEGER,
    PRIMARY KEY (discussion, path)
) STRICT, WITHOUT ROWID;
