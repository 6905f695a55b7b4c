BEGIN TRANSACTION;
CREATE TABLE blobs (
    sha256 TEXT PRIMARY KEY,
    size INTEGER NOT NULL,               -- bytes
    sha1 TEXT NOT NULL,                  -- git's object id of the same bytes
    touched INTEGER NOT NULL             -- last sent or referred to; it is kept a day from then on
) STRICT;
INSERT INTO "blobs" VALUES('90610d94b2af2884ba16cacf672178ad97230ec48226a4fa1263e11510f2b425',65,'8c291c7c3537fecbb16108660b5b1ab65e6e3985',1790000000);
INSERT INTO "blobs" VALUES('692001663fe4a3f2950d1e131df56e7c97ed32be571859e540f62e30f80dafea',977,'0e268016beef9406bccc0d230b4229fc6aa1d29b',1790000000);
INSERT INTO "blobs" VALUES('64ae64d356c307b3b2ac40b613288f74fc2f89a799fe7387bbbae3ec254aa2a4',12,'101cd86d401e86662ffa40370c2dbe4f11665af5',1790000000);
INSERT INTO "blobs" VALUES('006861c8b9f8f5768b86a94f6414e0328ed0e5033b794e00c508183674a6e83a',77,'9c7ea6f04f284374b1681b770162d81c67de5247',1790000000);
INSERT INTO "blobs" VALUES('2d07633c3eb36e8afec6dab8776b9ed00f63745f6eb352ac3618c09213c8e1c4',23,'17334f08809fcd17ce9b3096bf1cc592002f070d',1790000000);
INSERT INTO "blobs" VALUES('d3db856af460c1a277a36bfe74d47387f7a8d0d24592d92000f62e269276dd27',14,'1377afae14c0ed911516061c4a5a0ad6fcf237cd',1790000000);
INSERT INTO "blobs" VALUES('8e289a8ffd8b67b1533832cb01e212d3bc2985c51cd853d09629177a9b3575ce',10,'bec1b079820a20983d50045ad789c207c99c2c0c',1790001000);
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
INSERT INTO "commits" VALUES(1,'e352b91cb263ccc441af1f119f29d6449343f18d',1,0,NULL,1,'The rows','',1790000000);
INSERT INTO "commits" VALUES(1,'6c8ae78d99f6463f3b1c5b93efa2d6bdee1b7a54',1,1,'e352b91cb263ccc441af1f119f29d6449343f18d',1,'The card','',1790000000);
INSERT INTO "commits" VALUES(1,'21c560fa97b8fcc9f7f095867774f9011e2d393d',2,1,'e352b91cb263ccc441af1f119f29d6449343f18d',1,'Aside','',1790000000);
INSERT INTO "commits" VALUES(2,'0d394c841632c3df1b79238cbe47de4db8c9219b',3,0,NULL,1,'Notes','',1790000000);
CREATE TABLE downloads (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    day INTEGER NOT NULL,                -- days since 1970
    count INTEGER NOT NULL,
    PRIMARY KEY (repo, day)
) STRICT, WITHOUT ROWID;
INSERT INTO "downloads" VALUES(1,20717,1);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date INTEGER NOT NULL,
    repo TEXT NOT NULL,                  -- owner/name, as it was then
    actor TEXT NOT NULL,                 -- a user's name; 'stripe'; 'hub', the command line
    user TEXT NOT NULL,                  -- whose access it is about
    action TEXT NOT NULL,                -- asked, accepted, rejected, revoked, read, viewed, granted, …
    detail TEXT NOT NULL                 -- JSON object: path, revision, range, answers, licence
) STRICT;
INSERT INTO "events" VALUES(1,1790001000,'ann/pairs','ann','bob','licence granted','{"number": "PS-2026-DEFG-HJKM", "offer": "Commercial"}');
INSERT INTO "events" VALUES(2,1790001000,'ann/gone','ann','bob','licence granted','{"number": "PS-2026-NPQR-STVW", "offer": "Gone"}');
INSERT INTO "events" VALUES(3,1790001000,'ann/pairs','cleo','cleo','asked','{"answers": {"Company": "A school"}, "form": "89082af6c5968c6c22129449e03cf849"}');
INSERT INTO "events" VALUES(4,1790001000,'ann/pairs','dan','dan','asked','{"answers": {"Company": "A shop"}, "form": "89082af6c5968c6c22129449e03cf849"}');
INSERT INTO "events" VALUES(5,1790001000,'ann/pairs','ann','cleo','accepted','{"was": "pending"}');
INSERT INTO "events" VALUES(6,1790001000,'ann/pairs','stripe','dan','payment turned away','{"offer": "Research", "checkout": "cs_1", "payment": "pi_2", "reason": "its amount_total is 100, and the offer''s is 4900"}');
INSERT INTO "events" VALUES(7,1790001000,'ann/pairs','bob','bob','read','{"path": "data/train-00000-of-00001.parquet", "revision": "6c8ae78d99f6463f3b1c5b93efa2d6bdee1b7a54", "range": ""}');
INSERT INTO "events" VALUES(8,1790001000,'ann/gone','ann','','deleted','{}');
INSERT INTO "events" VALUES(9,1790001000,'bob/last','bob','','deleted','{}');
CREATE TABLE files (
    line INTEGER NOT NULL REFERENCES lines ON DELETE CASCADE,
    path TEXT NOT NULL,
    born INTEGER NOT NULL,
    died INTEGER,
    blob TEXT NOT NULL REFERENCES blobs,
    lfs INTEGER NOT NULL CHECK (lfs IN (0, 1)),
    PRIMARY KEY (line, path, born)
) STRICT, WITHOUT ROWID;
INSERT INTO "files" VALUES(1,'README.md',0,1,'90610d94b2af2884ba16cacf672178ad97230ec48226a4fa1263e11510f2b425',0);
INSERT INTO "files" VALUES(1,'README.md',1,NULL,'006861c8b9f8f5768b86a94f6414e0328ed0e5033b794e00c508183674a6e83a',0);
INSERT INTO "files" VALUES(1,'data/train-00000-of-00001.parquet',0,NULL,'692001663fe4a3f2950d1e131df56e7c97ed32be571859e540f62e30f80dafea',1);
INSERT INTO "files" VALUES(1,'old.txt',0,1,'64ae64d356c307b3b2ac40b613288f74fc2f89a799fe7387bbbae3ec254aa2a4',0);
INSERT INTO "files" VALUES(2,'README.md',0,NULL,'90610d94b2af2884ba16cacf672178ad97230ec48226a4fa1263e11510f2b425',0);
INSERT INTO "files" VALUES(2,'data/train-00000-of-00001.parquet',0,NULL,'692001663fe4a3f2950d1e131df56e7c97ed32be571859e540f62e30f80dafea',1);
INSERT INTO "files" VALUES(2,'old.txt',0,NULL,'64ae64d356c307b3b2ac40b613288f74fc2f89a799fe7387bbbae3ec254aa2a4',0);
INSERT INTO "files" VALUES(2,'side.txt',1,NULL,'2d07633c3eb36e8afec6dab8776b9ed00f63745f6eb352ac3618c09213c8e1c4',0);
INSERT INTO "files" VALUES(3,'notes.txt',0,NULL,'d3db856af460c1a277a36bfe74d47387f7a8d0d24592d92000f62e269276dd27',0);
CREATE TABLE holdings (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    blob TEXT NOT NULL REFERENCES blobs ON DELETE CASCADE,
    PRIMARY KEY (repo, blob)
) STRICT, WITHOUT ROWID;
INSERT INTO "holdings" VALUES(1,'006861c8b9f8f5768b86a94f6414e0328ed0e5033b794e00c508183674a6e83a');
INSERT INTO "holdings" VALUES(1,'2d07633c3eb36e8afec6dab8776b9ed00f63745f6eb352ac3618c09213c8e1c4');
INSERT INTO "holdings" VALUES(1,'64ae64d356c307b3b2ac40b613288f74fc2f89a799fe7387bbbae3ec254aa2a4');
INSERT INTO "holdings" VALUES(1,'692001663fe4a3f2950d1e131df56e7c97ed32be571859e540f62e30f80dafea');
INSERT INTO "holdings" VALUES(1,'90610d94b2af2884ba16cacf672178ad97230ec48226a4fa1263e11510f2b425');
INSERT INTO "holdings" VALUES(2,'d3db856af460c1a277a36bfe74d47387f7a8d0d24592d92000f62e269276dd27');
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
INSERT INTO "licences" VALUES('PS-2026-DEFG-HJKM',1,2,2,1,'ann/pairs','Commercial','As agreed.','on request',NULL,NULL,1790001000,NULL,'');
INSERT INTO "licences" VALUES('PS-2026-NPQR-STVW',NULL,NULL,2,1,'ann/gone','Gone','Terms that stay.','on request',NULL,NULL,1790001000,NULL,'');
CREATE TABLE lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE
) STRICT;
INSERT INTO "lines" VALUES(1,1);
INSERT INTO "lines" VALUES(2,1);
INSERT INTO "lines" VALUES(3,2);
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
INSERT INTO "offers" VALUES(1,1,'Research','The terms.','49 USD','https://buy.stripe.com/test_x','plink_research',4900,'usd',1,1790001000);
INSERT INTO "offers" VALUES(2,1,'Commercial','As agreed.','on request','','',0,'',1,1790001000);
CREATE TABLE orders (
    reference TEXT PRIMARY KEY,          -- opaque; goes to Stripe as client_reference_id
    offer INTEGER NOT NULL REFERENCES offers ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users,
    created INTEGER NOT NULL
) STRICT;
INSERT INTO "orders" VALUES('secret-27',1,4,1790001000);
CREATE TABLE payment_events (
    id TEXT PRIMARY KEY,
    date INTEGER NOT NULL,
    type TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
INSERT INTO "payment_events" VALUES('evt_1',1790001000,'checkout.session.completed','turned away: its amount_total is 100, and the offer''s is 4900');
INSERT INTO "payment_events" VALUES('evt_2',1790001000,'charge.refunded','nothing to do: no licence that holds came of pi_3');
CREATE TABLE refs (
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('branch', 'tag')),
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (repo, kind, name)
) STRICT;
INSERT INTO "refs" VALUES(1,'branch','main','6c8ae78d99f6463f3b1c5b93efa2d6bdee1b7a54');
INSERT INTO "refs" VALUES(1,'tag','v1','e352b91cb263ccc441af1f119f29d6449343f18d');
INSERT INTO "refs" VALUES(1,'branch','side','21c560fa97b8fcc9f7f095867774f9011e2d393d');
INSERT INTO "refs" VALUES(2,'branch','main','0d394c841632c3df1b79238cbe47de4db8c9219b');
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
INSERT INTO "repos" VALUES(1,1,'pairs',0,'manual',1790000000,1790000000);
INSERT INTO "repos" VALUES(2,1,'hidden',1,'off',1790000000,1790000000);
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
INSERT INTO "requests" VALUES(1,1,3,'accepted','{"Company": "A school"}',1790001000,1790001000,'');
INSERT INTO "requests" VALUES(2,1,4,'pending','{"Company": "A shop"}',1790001000,NULL,'');
CREATE TABLE returned_payments (
    payment TEXT PRIMARY KEY,
    reason TEXT NOT NULL
) STRICT;
INSERT INTO "returned_payments" VALUES('pi_3','refunded');
CREATE TABLE sessions (
    digest BLOB PRIMARY KEY,             -- SHA-256 of the cookie
    user INTEGER NOT NULL REFERENCES users,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
INSERT INTO "sessions" VALUES(X'13FCAFBC1101C067589DB9133DBBCFC0EE8A5A9F919653869DD58AEF345562DA',1,1790000000,1791209600);
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
INSERT INTO "tokens" VALUES(1,1,'laptop','write',X'E31C052F94523A20EAAACB4ECFFBF79341C1B9B00522AB2C490A42EC2D891500',1790000000,NULL);
INSERT INTO "tokens" VALUES(2,2,'laptop','write',X'E1C689BC91CFE46DE540659BAF1EDC3AE3EC52973411E829AE9C67CC2244B0B8',1790000000,NULL);
INSERT INTO "tokens" VALUES(3,3,'laptop','write',X'DE9FFA733076E1A01A54D1E55425E31CE3A2C00E9E7E1FFE371B50DFB679F465',1790000000,NULL);
INSERT INTO "tokens" VALUES(4,4,'laptop','write',X'6A83C68D93DB6929BD8BBD1D59855EFD5DD0A98D20772E048A2A212398EF213B',1790000000,NULL);
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,                 -- stands in the address
    repo INTEGER NOT NULL REFERENCES repos ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users,
    digest BLOB NOT NULL UNIQUE,         -- SHA-256 of the access token
    expires INTEGER NOT NULL
) STRICT;
INSERT INTO "uploads" VALUES('0000000000000000000000000000001c',1,1,X'FE0057820F207003DDB967DA44E53DCC8D9FBF4A4F0202B801DDB17551A7F23A',1790004600);
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    fullname TEXT NOT NULL,
    email TEXT NOT NULL,
    password TEXT,                       -- an argon2id hash; NULL: cannot sign in on the pages
    created INTEGER NOT NULL
) STRICT;
INSERT INTO "users" VALUES(1,'ann','Ann Example','ann@example.org','$argon2id$v=19$m=65536,t=3,p=4$4nNtFX9hpuxtx9yeHbaovg$tz3HcDhfpe9qDcnO0oH96w9F7vR/a7yz3UQetr/McEo',1790000000);
INSERT INTO "users" VALUES(2,'bob','Bob Example','bob@example.org',NULL,1790000000);
INSERT INTO "users" VALUES(3,'cleo','Cleo Example','cleo@example.org',NULL,1790000000);
INSERT INTO "users" VALUES(4,'dan','Dan Example','dan@example.org',NULL,1790000000);
CREATE INDEX files_by_blob ON files (blob);
CREATE INDEX holdings_by_blob ON holdings (blob);
CREATE INDEX events_by_repo ON events (repo, id);
CREATE INDEX events_but_reads ON events (repo, id) WHERE action NOT IN ('read', 'viewed');
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_last BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE INDEX licences_by_user ON licences (repo, user);
CREATE INDEX licences_by_payment ON licences (payment);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('users',4);
INSERT INTO "sqlite_sequence" VALUES('tokens',4);
INSERT INTO "sqlite_sequence" VALUES('repos',4);
INSERT INTO "sqlite_sequence" VALUES('lines',4);
INSERT INTO "sqlite_sequence" VALUES('offers',3);
INSERT INTO "sqlite_sequence" VALUES('events',9);
INSERT INTO "sqlite_sequence" VALUES('requests',2);
COMMIT;
PRAGMA user_version = 1;
