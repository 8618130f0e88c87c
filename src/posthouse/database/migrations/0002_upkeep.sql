-- What upkeep needs: how far retention has come, and which files are named.

CREATE TABLE retention (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    horizon INTEGER NOT NULL             -- what ended before it may be gone; it moves two days a day at most
);

CREATE UNIQUE INDEX blob_name ON blob (name) WHERE name IS NOT NULL;    -- few rows: those of big messages
