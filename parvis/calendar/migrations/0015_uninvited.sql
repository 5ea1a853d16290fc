-- What somebody answers who was not invited: ACCEPTED or TENTATIVE; empty for another time.
ALTER TABLE calendar_proposal ADD COLUMN answer {text} NOT NULL DEFAULT '';
