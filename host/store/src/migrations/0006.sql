-- Whose a row of `history` is. Its numbers start again when the table was emptied, and a `head` or `previous` of before must
-- not find a row of somebody else's.
ALTER TABLE history ADD COLUMN customer INTEGER;

-- What is kept belongs to the customer whose newest row leads to it; what two of them lead to is shown to neither.
UPDATE history SET customer = owner.customer FROM (
    WITH RECURSIVE chain (customer, row, previous) AS (
        SELECT customers.id, history.row, history.previous
        FROM customers JOIN history ON history.row = customers.head
        UNION
        SELECT chain.customer, history.row, history.previous
        FROM chain JOIN history ON history.row = chain.previous AND history.row < chain.row
    )
    SELECT row, min(customer) AS customer FROM chain GROUP BY row HAVING count(*) = 1
) AS owner WHERE owner.row = history.row;

-- Raw calls that no version of their plugin could read, as they came, for the replay of their dead letter. `at` is when they
-- were given up; they are forgotten with the trace.
CREATE TABLE unread_calls (
    letter  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    channel TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    trapped TEXT NOT NULL,
    head    TEXT NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX unread_calls_at ON unread_calls (at);

-- What became a placeholder: the body of the call that brought the event, masked, for `trace`.
CREATE TABLE originals (
    key      TEXT NOT NULL,
    scope    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    original TEXT NOT NULL,
    PRIMARY KEY (key, scope)
) WITHOUT ROWID;
CREATE INDEX originals_at ON originals (at);
