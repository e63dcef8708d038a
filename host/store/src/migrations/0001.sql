-- The first release. Times are milliseconds since 1970 UTC. Channel, integration and bot names are
-- written as they are configured; a scope is `channel/NAME`, `integration/NAME` or `bot/NAME`.
--
-- What is hot is small: `inbox` and `outbox` hold only what waits. What is over moves to `history`
-- and `sent`, where `trace` finds it for seven days.

-- One row each: facts about this store.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- A customer on one channel. `state` is the core's JSON, NULL before the first step. `addresses` is
-- JSON, strongest first. `timers` is JSON name -> time, `due` the earliest of them. `head` is the
-- newest row of `history`; each row there names the one before it.
CREATE TABLE customers (
    id         INTEGER PRIMARY KEY,
    channel    TEXT NOT NULL,
    revision   INTEGER NOT NULL DEFAULT 0,
    head       INTEGER,
    due        INTEGER,
    timers     TEXT,
    peer_state TEXT,
    addresses  TEXT NOT NULL,
    state      TEXT
);
CREATE INDEX customers_due ON customers (due) WHERE due IS NOT NULL;

-- Value first, so that `find` needs no second index.
CREATE TABLE addresses (
    value    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    channel  TEXT NOT NULL,
    customer INTEGER NOT NULL,
    PRIMARY KEY (value, kind, channel)
) WITHOUT ROWID;

-- Events seen; a second arrival within 14 days is dropped.
CREATE TABLE keys (
    key      TEXT NOT NULL,
    scope    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    customer INTEGER,
    PRIMARY KEY (key, scope)
) WITHOUT ROWID;
CREATE INDEX keys_at ON keys (at);

-- Events that wait for their customer's owner.
CREATE TABLE inbox (
    customer INTEGER NOT NULL,
    row      INTEGER NOT NULL,
    arrived  INTEGER NOT NULL,
    event    TEXT NOT NULL,
    PRIMARY KEY (customer, row)
) WITHOUT ROWID;

-- Events that wait for an ECE session or a provider's id to become known. `waits_for` names it.
CREATE TABLE parked (
    row          INTEGER PRIMARY KEY,
    waits_for    TEXT NOT NULL,
    until        INTEGER NOT NULL,
    arrived      INTEGER NOT NULL,
    target       TEXT NOT NULL,
    event        TEXT NOT NULL,
    peer_changes TEXT NOT NULL
);
CREATE INDEX parked_waits_for ON parked (waits_for);
CREATE INDEX parked_until ON parked (until);

-- One row a step: the events it consumed and its trace. `conversation` 0 is none.
CREATE TABLE history (
    row          INTEGER PRIMARY KEY,
    previous     INTEGER,
    conversation INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    events       TEXT NOT NULL,
    trace        TEXT NOT NULL
);

-- Deliveries that are not settled. `place` orders a lane: the delivery's number, or behind the last
-- one for a replayed one (`replayed`, its time, then tells replays apart).

CREATE TABLE outbox (
    customer     INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    lane         INTEGER NOT NULL,
    place        INTEGER NOT NULL,
    replayed     INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    created      INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    left_at      INTEGER,
    version      TEXT,
    rest         BLOB,
    notes        TEXT,
    payload      TEXT NOT NULL,
    PRIMARY KEY (customer, conversation, number)
) WITHOUT ROWID;
CREATE INDEX outbox_next_at ON outbox (next_at);

-- Deliveries that are settled, for `trace`.
CREATE TABLE sent (
    customer     INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    settled_at   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    left_at      INTEGER,
    notes        TEXT,
    payload      TEXT NOT NULL,
    PRIMARY KEY (customer, conversation, number, settled_at)
) WITHOUT ROWID;
CREATE INDEX sent_settled_at ON sent (settled_at);

-- ECE conversations and whose they are.
CREATE TABLE sessions (
    session      TEXT NOT NULL,
    integration  TEXT NOT NULL,
    customer     INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (session, integration)
) WITHOUT ROWID;
CREATE INDEX sessions_at ON sessions (at);

-- What providers call our deliveries.
CREATE TABLE provider_ids (
    id           TEXT NOT NULL,
    channel      TEXT NOT NULL,
    customer     INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (id, channel)
) WITHOUT ROWID;
CREATE INDEX provider_ids_at ON provider_ids (at);

-- What gave up. `replay` is JSON: a delivery, or an event and whose it is. Never deleted by itself.
CREATE TABLE dead_letters (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    customer     INTEGER,
    conversation INTEGER,
    number       INTEGER,
    scope        TEXT,
    content      TEXT NOT NULL,
    replay       TEXT,
    replayed     INTEGER
);
CREATE INDEX dead_letters_conversation ON dead_letters (customer, conversation);

-- Webhook calls that wait for a working plugin, and how much of them there is.
CREATE TABLE raw_calls (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    trapped TEXT NOT NULL,
    head    TEXT NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX raw_calls_channel ON raw_calls (channel);
CREATE TABLE raw_totals (
    channel TEXT PRIMARY KEY,
    calls   INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) WITHOUT ROWID;

-- Plugin files by hash, and which were live when.
CREATE TABLE plugins (
    hash    TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    bytes   BLOB NOT NULL
);
CREATE TABLE plugins_live (
    turn INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    at   INTEGER NOT NULL
);
CREATE INDEX plugins_live_name ON plugins_live (name, turn);

-- Files: the bytes are in the folder, under the id.
CREATE TABLE files (
    id           TEXT PRIMARY KEY,
    token        TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size         INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    expires      INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_expires ON files (expires);
