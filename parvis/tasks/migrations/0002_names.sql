-- What the columns of a list are called, where not by their own name.
ALTER TABLE tasklist ADD COLUMN names {text} NOT NULL DEFAULT '{}';
