-- Sockets: a customer's log of numbered frames, and slots for uploads.

-- How far a customer's log is numbered, and the bytes ever put into it. Stays when the frames go, so that no number is
-- given twice.
CREATE TABLE logs (
    customer INTEGER PRIMARY KEY,
    last     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
) WITHOUT ROWID;

-- What is kept of a log. `bytes` is the log's size up to and with this frame.
CREATE TABLE frames (
    customer INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    frame    BLOB NOT NULL,
    PRIMARY KEY (customer, number)
) WITHOUT ROWID;
CREATE INDEX frames_at ON frames (at);

-- Slots for uploads. `file` is the id of the file in it.
CREATE TABLE uploads (
    token        TEXT PRIMARY KEY,
    channel      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    value        TEXT NOT NULL,
    slot         TEXT NOT NULL,
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size         INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    file         TEXT
) WITHOUT ROWID;
CREATE INDEX uploads_expires ON uploads (expires);
CREATE INDEX uploads_open ON uploads (value, kind, channel) WHERE file IS NULL;
