-- Written by every readiness check: only a write shows that the disk takes one.
CREATE TABLE health (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    checked_at  TEXT NOT NULL
) STRICT;
INSERT INTO health (id, checked_at) VALUES (1, '');
