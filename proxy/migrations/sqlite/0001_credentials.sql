-- The key that signs access tokens. One row, made at the first start.
CREATE TABLE signing_key (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    secret      BLOB NOT NULL,
    created_at  TEXT NOT NULL
) STRICT;

-- Access tokens taken back before their time. Kept until they would have expired.
CREATE TABLE revoked_token (
    jti         TEXT PRIMARY KEY,
    expires_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
