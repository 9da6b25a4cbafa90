-- For twins that are people in threads of an upstream's ("rooms").

ALTER TABLE message ADD COLUMN author TEXT;    -- the person's name, where several may answer
ALTER TABLE message ADD COLUMN reply_to TEXT;  -- the message of the same conversation that it answers

-- Which part of a room is whose: what was written in it after `since` and until `until`, both in milliseconds
-- since 1970. A row outlives its conversation, so that nobody has the room before `free_at`.
CREATE TABLE room_lease (
    upstream         TEXT NOT NULL,
    room             TEXT NOT NULL,
    conversation_id  TEXT REFERENCES conversation (id) ON DELETE SET NULL,
    shared           INTEGER NOT NULL,  -- 1: others have the same part, as the owner wishes
    since            INTEGER NOT NULL,
    until            INTEGER,           -- null: nobody has had the room since
    free_at          INTEGER NOT NULL,  -- from then on somebody else may have it
    keep_ms          INTEGER NOT NULL,  -- how long it is kept after the last word in it
    cool_down_ms     INTEGER NOT NULL   -- how long it rests after it was given back
) STRICT;
CREATE UNIQUE INDEX room_lease_one_holder ON room_lease (upstream, room) WHERE until IS NULL AND shared = 0;
CREATE INDEX room_lease_conversation ON room_lease (conversation_id);

-- Which message a row of the upstream's became, or was the echo of.
CREATE TABLE room_message (
    conversation_id  TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    upstream_id      TEXT NOT NULL,
    message_id       TEXT NOT NULL,
    room             TEXT NOT NULL,
    time_raw         INTEGER NOT NULL,  -- milliseconds since 1970, exact
    name             TEXT NOT NULL,
    digest           TEXT NOT NULL,     -- of the text as it came
    PRIMARY KEY (conversation_id, upstream_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_message_message ON room_message (conversation_id, message_id);

-- Changes of messages after their end, as events of the conversation. `ordinal` is the last message's then.
CREATE TABLE message_change (
    conversation_id  TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    ordinal          INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    message_id       TEXT NOT NULL,
    PRIMARY KEY (conversation_id, ordinal, seq)
) STRICT, WITHOUT ROWID;
