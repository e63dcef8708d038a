-- When an operator said that a letter is dealt with: its words are gone then. It is forgotten with the trace, as one that was
-- replayed is; one that waits stays.
ALTER TABLE dead_letters ADD COLUMN discarded INTEGER;
CREATE INDEX dead_letters_dealt_with ON dead_letters (coalesce(discarded, replayed))
    WHERE coalesce(discarded, replayed) IS NOT NULL;
