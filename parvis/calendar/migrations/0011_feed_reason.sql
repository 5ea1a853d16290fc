-- What is wrong with a feed, in a word that clients translate; empty for nothing.
ALTER TABLE calendar_feed ADD COLUMN reason {text} NOT NULL DEFAULT '';
