-- Which of our conversations an upstream's conversation belongs to: one, for ever. A row outlives an
-- erased conversation, then without a reference: whoever was given its id next would read on in it.
CREATE TABLE upstream_conversation (
    upstream         TEXT NOT NULL,
    upstream_id      TEXT NOT NULL,
    conversation_id  TEXT REFERENCES conversation (id) ON DELETE SET NULL,
    PRIMARY KEY (upstream, upstream_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_conversation_ours ON upstream_conversation (conversation_id);

INSERT INTO upstream_conversation (upstream, upstream_id, conversation_id)
SELECT t.upstream, c.upstream_id, c.id FROM conversation c JOIN twin t ON t.id = c.twin_id
WHERE c.upstream_id IS NOT NULL
ON CONFLICT DO NOTHING;
