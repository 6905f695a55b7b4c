-- What is searched of a card: its tags, and its words in small letters. Cards that were read before
-- are read again when the hub is served.

DELETE FROM cards;
ALTER TABLE cards ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';  -- JSON list
ALTER TABLE cards ADD COLUMN words TEXT NOT NULL DEFAULT '';
