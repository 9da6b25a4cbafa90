-- What was spent of each upstream key's budget. No visitor's things are here.

-- Makes the ledgers' names of the keys: leads back to none.
CREATE TABLE budget_secret (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    secret  BLOB NOT NULL
) STRICT;

-- One per origin and key.
CREATE TABLE budget_ledger (
    name   TEXT PRIMARY KEY,
    known  TEXT NOT NULL      -- what the upstream said of its limits, JSON
) STRICT, WITHOUT ROWID;

-- Requests of the last two hours. Times are milliseconds since 1970: they are reckoned with, not read.
CREATE TABLE budget_request (
    ledger    TEXT NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,           -- when it was spent, then when it was answered
    answered  INTEGER NOT NULL CHECK (answered IN (0, 1)),
    PRIMARY KEY (ledger, number)
) STRICT, WITHOUT ROWID;
