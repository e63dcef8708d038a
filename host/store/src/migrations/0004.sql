-- JSON: names that we gave to provider messages of the delivery and that receipts told while its outcome was not known.
ALTER TABLE outbox ADD COLUMN told TEXT;
