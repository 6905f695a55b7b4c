-- How somebody signs in: which sessions and tokens were used when, links by e-mail, second factors.

ALTER TABLE sessions ADD COLUMN used INTEGER;    -- when it was last used, some minutes late
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';  -- what it called itself, cut
CREATE INDEX sessions_by_user ON sessions (user);
ALTER TABLE tokens ADD COLUMN used INTEGER;
CREATE INDEX users_by_email ON users (lower(email)) WHERE email != '';

-- Links that were sent by e-mail, each good once.
CREATE TABLE links (
    digest BLOB PRIMARY KEY,             -- SHA-256 of what is in the address
    user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('reset', 'sign-in', 'confirm')),
    address TEXT NOT NULL,               -- where it was sent
    browser TEXT NOT NULL,               -- the digest, in hex, of who asked; '' for any browser
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX links_by_user ON links (user);

-- Codes that a device of the user makes (RFC 6238), asked for beside the password.
CREATE TABLE second_factors (
    user INTEGER PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    secret TEXT NOT NULL,                -- base32; codes are made from it, so it cannot be a hash
    since INTEGER NOT NULL,
    step INTEGER NOT NULL                -- of the last code that was taken: none is taken twice
) STRICT;
CREATE TABLE recovery_codes (
    user INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    digest BLOB NOT NULL,                -- SHA-256; the row goes when the code was used
    PRIMARY KEY (user, digest)
) STRICT, WITHOUT ROWID;
