-- What the front matter of a card says, by its content: it is read once, when it comes in. Cards of
-- a hub that was made before are read when it is served.

CREATE TABLE cards (
    blob TEXT PRIMARY KEY REFERENCES blobs ON DELETE CASCADE,
    title TEXT NOT NULL,                 -- as lists show them, cut; '' for none
    licence TEXT NOT NULL,
    fault TEXT,                          -- what is wrong with it, in a sentence; NULL: nothing
    data TEXT NOT NULL                   -- JSON object, empty where it has a fault
) STRICT;
