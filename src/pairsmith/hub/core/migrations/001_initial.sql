-- What a hub remembers. Times are whole seconds since 1970, UTC. Contents lie in the folder of blobs.
-- An id is never given twice, for addresses that were signed hold some.
-- Never edit a migration: a change is a new file here, named in `database.MIGRATIONS`.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    fullname TEXT NOT NULL,
    email TEXT NOT NULL,
    password TEXT,                       -- an argon2id hash; NULL: cannot sign in on the pages
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES users,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('read', 'write')),
    digest BLOB NOT NULL UNIQUE,         -- SHA-256 of the token, which is shown once and kept nowhere
    created INTEGER NOT NULL,
    revoked INTEGER,
    UNIQUE (user, name)
) STRICT;

CREATE TABLE sessions (
    digest BLOB PRIMARY KEY,             -- SHA-256 of the cookie
    user INTEGER NOT NULL REFERENCES users,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

-- AUTOINCREMENT: the number of one that was deleted stands in addresses and pages, and is not given
-- to another.
CREATE TABLE repos (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL REFERENCES users,
    name TEXT NOT NULL COLLATE NOCASE,
    private INTEGER NOT NULL CHECK (private IN (0, 1)),
    gate TEXT NOT NULL CHECK (gate IN ('off', 'auto', 'manual')),
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (owner, name)
) STRICT;

-- A line is a run of commits each the parent of the next. A branch that goes on from the newest
-- commit of a line extends it; one that goes on from an older commit starts a line of its own.
CREATE TABLE lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE
) STRICT;

CREATE TABLE commits (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    id TEXT NOT NULL,                    -- 40 hex digits
    line INTEGER NOT NULL REFERENCES lines ON DELETE CASCADE,
    place INTEGER NOT NULL,              -- 0, 1, 2, … within the line
    parent TEXT,
    author INTEGER NOT NULL REFERENCES users,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    date INTEGER NOT NULL,
    PRIMARY KEY (repo, id),
    UNIQUE (line, place)
) STRICT;

CREATE TABLE refs (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('branch', 'tag')),
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (repo, kind, name)
) STRICT;

CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    size INTEGER NOT NULL,               -- bytes
    sha1 TEXT NOT NULL,                  -- git's object id of the same bytes
    touched INTEGER NOT NULL             -- last sent or referred to; it is kept a day from then on
) STRICT;

-- A file at a commit of a line: born <= place, and not died or place < died.
CREATE TABLE files (
    line INTEGER NOT NULL REFERENCES lines ON DELETE CASCADE,
    path TEXT NOT NULL,
    born INTEGER NOT NULL,
    died INTEGER,
    blob TEXT NOT NULL REFERENCES blobs,
    lfs INTEGER NOT NULL CHECK (lfs IN (0, 1)),
    PRIMARY KEY (line, path, born)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_blob ON files (blob);

-- Which contents were sent to which repository: knowing the hash of another's file is not having it.
CREATE TABLE holdings (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    blob TEXT NOT NULL REFERENCES blobs ON DELETE CASCADE,
    PRIMARY KEY (repo, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX holdings_by_blob ON holdings (blob);

CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users,
    status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected', 'revoked')),
    fields TEXT NOT NULL,                -- JSON object, label to answer
    asked INTEGER NOT NULL,
    answered INTEGER,
    reason TEXT NOT NULL DEFAULT '',     -- why it was rejected, as told to the user
    UNIQUE (repo, user)
) STRICT;

-- What happened at the gate and who read what. Rows are added and never changed.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date INTEGER NOT NULL,
    repo TEXT NOT NULL,                  -- owner/name, as it was then
    actor TEXT NOT NULL,                 -- a user's name; 'stripe'; 'hub', the command line
    user TEXT NOT NULL,                  -- whose access it is about
    action TEXT NOT NULL,                -- asked, accepted, rejected, revoked, read, viewed, granted, …
    detail TEXT NOT NULL                 -- JSON object: path, revision, range, answers, licence
) STRICT;
CREATE INDEX events_by_repo ON events (repo, id);
CREATE INDEX events_but_reads ON events (repo, id) WHERE action NOT IN ('read', 'viewed');
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_last BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TABLE downloads (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    day INTEGER NOT NULL,                -- days since 1970
    count INTEGER NOT NULL,
    PRIMARY KEY (repo, day)
) STRICT, WITHOUT ROWID;

-- Each write token has a place of its own for the chunks it sends: clients remember chunks by place.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,                 -- stands in the address
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users,
    digest BLOB NOT NULL UNIQUE,         -- SHA-256 of the access token
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE offers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    name TEXT NOT NULL,
    text TEXT NOT NULL,                  -- the terms, Markdown
    price TEXT NOT NULL,                 -- as shown
    url TEXT NOT NULL,                   -- the Payment Link; '' where licences are granted by hand
    link TEXT NOT NULL,                  -- its id, plink_…
    amount INTEGER NOT NULL,             -- in the currency's smallest unit
    currency TEXT NOT NULL,              -- three lower-case letters
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created INTEGER NOT NULL,
    UNIQUE (repo, name)
) STRICT;

CREATE TABLE orders (
    reference TEXT PRIMARY KEY,          -- opaque; goes to Stripe as client_reference_id
    offer INTEGER NOT NULL REFERENCES offers ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE licences (
    number TEXT PRIMARY KEY,
    repo INTEGER REFERENCES repos ON DELETE SET NULL,  -- a licence outlives what it licenses
    offer INTEGER REFERENCES offers ON DELETE SET NULL,
    user INTEGER NOT NULL REFERENCES users,
    owner INTEGER NOT NULL REFERENCES users,
    dataset TEXT NOT NULL,               -- owner/name
    name TEXT NOT NULL,                  -- name, text and price of the offer when it was bought
    text TEXT NOT NULL,
    price TEXT NOT NULL,
    checkout TEXT UNIQUE,                -- Stripe's checkout session; NULL: granted by hand
    payment TEXT,                        -- Stripe's payment intent
    granted INTEGER NOT NULL,
    revoked INTEGER,
    reason TEXT NOT NULL DEFAULT ''      -- why it was revoked
) STRICT;
CREATE INDEX licences_by_user ON licences (repo, user);
CREATE INDEX licences_by_payment ON licences (payment);

-- Stripe's events that were acted on or turned away, and payments that went back.
CREATE TABLE payment_events (
    id TEXT PRIMARY KEY,
    date INTEGER NOT NULL,
    type TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
CREATE TABLE returned_payments (
    payment TEXT PRIMARY KEY,
    reason TEXT NOT NULL
) STRICT;
