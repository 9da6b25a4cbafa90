-- Visitors whose earlier tokens are all refused. Kept until those would have expired.
CREATE TABLE revoked_visitor (
    visitor_id  TEXT PRIMARY KEY,
    not_before  INTEGER NOT NULL,  -- tokens issued before this second (since 1970) are refused
    expires_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
