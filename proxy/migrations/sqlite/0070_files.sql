-- Files sent with a message. Name, type and size stay with the message; the content is in a folder beside the
-- database for as long as the message may have to be answered (again), under the name in `stored`.
CREATE TABLE message_file (
    message_id  TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    size        INTEGER NOT NULL,
    stored      TEXT UNIQUE,          -- null once the content is not needed any more
    PRIMARY KEY (message_id, position)
) STRICT, WITHOUT ROWID;

-- Contents that are to be removed from the folder: written with whatever made them superfluous, all or nothing.
CREATE TABLE file_to_remove (
    stored  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER message_file_erased AFTER DELETE ON message_file WHEN OLD.stored IS NOT NULL BEGIN
    INSERT INTO file_to_remove (stored) VALUES (OLD.stored) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER message_file_released AFTER UPDATE OF stored ON message_file WHEN OLD.stored IS NOT NULL AND NEW.stored IS NULL BEGIN
    INSERT INTO file_to_remove (stored) VALUES (OLD.stored) ON CONFLICT DO NOTHING;
END;
