-- What is old is found without reading what is not.
CREATE INDEX conversation_by_age ON conversation (updated_at);
