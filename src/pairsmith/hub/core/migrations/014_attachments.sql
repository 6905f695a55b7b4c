-- Images, videos and sounds of discussions. Until a comment of whose it is names it, an attachment
-- belongs to no discussion; from then on it is of that one for good.

CREATE TABLE attachments (
    key TEXT PRIMARY KEY,                -- unguessable, the name in its address
    user INTEGER NOT NULL REFERENCES users,
    blob TEXT NOT NULL REFERENCES blobs,
    size INTEGER NOT NULL,
    ending TEXT NOT NULL,                -- of its name, as its content has it
    date INTEGER NOT NULL,               -- when it came
    touched INTEGER NOT NULL,            -- when it came, or was last named no more
    discussion INTEGER REFERENCES discussions ON DELETE CASCADE,
    gone INTEGER                         -- when the comment that named it was hidden
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_user ON attachments (user, date);
CREATE INDEX attachments_by_blob ON attachments (blob);
CREATE INDEX attachments_by_discussion ON attachments (discussion) WHERE discussion IS NOT NULL;

-- Which comments of whose it is name it.
CREATE TABLE attached (
    attachment TEXT NOT NULL REFERENCES attachments ON DELETE CASCADE,
    entry INTEGER NOT NULL REFERENCES discussion_entries ON DELETE CASCADE,
    PRIMARY KEY (attachment, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX attached_by_entry ON attached (entry);
