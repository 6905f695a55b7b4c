-- For how many accounts a licence is and for how long; what buyers agreed to, and when.

ALTER TABLE offers ADD COLUMN seats INTEGER NOT NULL DEFAULT 1;
ALTER TABLE offers ADD COLUMN days INTEGER NOT NULL DEFAULT 0;  -- from granting on; 0: not by days
ALTER TABLE offers ADD COLUMN until INTEGER;                    -- for all; NULL: not by date

-- Terms that somebody agreed to, each text once.
CREATE TABLE terms (
    digest TEXT PRIMARY KEY,             -- SHA-256 of the text in UTF-8
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE orders ADD COLUMN accepted INTEGER;                 -- when; NULL: before this was asked
ALTER TABLE orders ADD COLUMN agreed TEXT NOT NULL DEFAULT '';  -- JSON object: the offer in its words

ALTER TABLE licences ADD COLUMN seats INTEGER NOT NULL DEFAULT 1;
ALTER TABLE licences ADD COLUMN accepted INTEGER;               -- when; NULL: granted by hand
ALTER TABLE licences ADD COLUMN ends INTEGER;                   -- NULL: it does not
ALTER TABLE licences ADD COLUMN reminded INTEGER NOT NULL DEFAULT 0;  -- when its end was told
CREATE INDEX licences_by_end ON licences (ends) WHERE ends NOT NULL AND reminded = 0;

-- Who reads by a licence: its licensee at first, and others whom they name.
CREATE TABLE seats (
    licence TEXT NOT NULL REFERENCES licences ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users,
    since INTEGER NOT NULL,
    PRIMARY KEY (licence, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX seats_by_user ON seats (user);
INSERT INTO seats
SELECT number, user, granted FROM licences JOIN users ON users.id = user WHERE removed IS NULL;
