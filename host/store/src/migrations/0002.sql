-- `resolve` is JSON: what the event's plugin still has to complete, and until when the event waits for it.
ALTER TABLE inbox ADD COLUMN resolve TEXT;

-- Pieces of an event that wait for the others. `part` counts from 0.
CREATE TABLE parts (
    customer INTEGER NOT NULL,
    part_of  TEXT NOT NULL,
    part     INTEGER NOT NULL,
    total    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    event    TEXT NOT NULL,
    resolve  TEXT,
    PRIMARY KEY (customer, part_of, part)
) WITHOUT ROWID;
CREATE INDEX parts_until ON parts (until);
