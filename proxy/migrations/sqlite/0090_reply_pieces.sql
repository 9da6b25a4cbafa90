-- What a running reply has come to say, in the pieces in which it was kept: writing the whole text again with each of
-- them would cost more the longer it is. The end writes the whole text into the message.
CREATE TABLE reply_piece (
    message_id  TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    start       INTEGER NOT NULL,     -- bytes of text before it
    content     TEXT NOT NULL,
    last_seq    INTEGER NOT NULL,     -- last event whose text it holds
    UNIQUE (message_id, start)
) STRICT;
CREATE TRIGGER reply_piece_told AFTER UPDATE OF status ON message WHEN OLD.status = 'streaming' AND NEW.status <> 'streaming' BEGIN
    DELETE FROM reply_piece WHERE message_id = NEW.id;
END;
