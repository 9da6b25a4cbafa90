-- Times are RFC 3339 in UTC with milliseconds, so they order as text.
-- Whatever belongs to a visitor is reached through conversation.visitor_id only.

CREATE TABLE visitor (
    id          TEXT PRIMARY KEY,
    created_at  TEXT NOT NULL
) STRICT;

-- Our name for an upstream's twin.
CREATE TABLE twin (
    id           TEXT PRIMARY KEY,
    upstream     TEXT NOT NULL,
    upstream_id  TEXT NOT NULL,
    UNIQUE (upstream, upstream_id)
) STRICT;

CREATE TABLE conversation (
    id             TEXT PRIMARY KEY,
    visitor_id     TEXT NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    twin_id        TEXT NOT NULL REFERENCES twin (id),
    upstream_id    TEXT,                       -- null until the first message
    title          TEXT NOT NULL DEFAULT '',
    title_folded   TEXT NOT NULL DEFAULT '',   -- lower case, for search
    message_count  INTEGER NOT NULL DEFAULT 0, -- also the last message's ordinal
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL
) STRICT;
CREATE INDEX conversation_of_visitor ON conversation (visitor_id, updated_at DESC);

CREATE TABLE message (
    id               TEXT PRIMARY KEY,
    conversation_id  TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    ordinal          INTEGER NOT NULL,
    role             TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content          TEXT NOT NULL,
    content_folded   TEXT NOT NULL,            -- lower case, for search; kept when a reply has ended
    status           TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'incomplete', 'interrupted', 'failed')),
    last_seq         INTEGER NOT NULL,         -- last event whose text content holds
    error_code       TEXT,
    client_id        TEXT,                     -- the Idempotency-Key it was sent with
    feedback         TEXT CHECK (feedback IN ('up', 'down')),
    created_at       TEXT NOT NULL,
    UNIQUE (conversation_id, ordinal)
) STRICT;
-- A conversation has at most one reply being written.
CREATE UNIQUE INDEX message_streaming ON message (conversation_id) WHERE status = 'streaming';

CREATE TABLE idempotency (
    visitor_id       TEXT NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    conversation_id  TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    key              TEXT NOT NULL,
    request_hash     TEXT NOT NULL,
    user_message_id  TEXT NOT NULL,
    reply_message_id TEXT NOT NULL,
    expires_at       TEXT NOT NULL,
    PRIMARY KEY (visitor_id, conversation_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_expiry ON idempotency (expires_at);
CREATE INDEX idempotency_conversation ON idempotency (conversation_id);
