-- Identity tokens that are good once and were used. Kept until they would have expired.
CREATE TABLE used_identity_token (
    mark        BLOB PRIMARY KEY,  -- hash of issuer and jti
    expires_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which user an anonymous visitor became. Once and one way.
CREATE TABLE visitor_link (
    anonymous_id  TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    linked_at     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visitor_link_user ON visitor_link (user_id);
