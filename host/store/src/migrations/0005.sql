-- JSON: recorded calls of plugins; the scope is the channel or bot. Numbers are never given twice: logs name them.
CREATE TABLE calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    at INTEGER NOT NULL,
    hash TEXT NOT NULL,
    head TEXT NOT NULL,
    masked INTEGER NOT NULL,
    frame TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX calls_by_scope ON calls (scope, id);
CREATE INDEX calls_by_time ON calls (at);

-- Keys of this store's own, made with it.
CREATE TABLE own_keys (
    name TEXT PRIMARY KEY,
    key BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO own_keys (name, key) VALUES ('reply-token', randomblob(32));
