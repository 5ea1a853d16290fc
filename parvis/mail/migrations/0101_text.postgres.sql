-- The text of messages by field, folded to lower case without accents; the words are cut by the program, so that
-- both databases find the same.
CREATE TABLE email_text (
    email_id BIGINT PRIMARY KEY,
    sender tsvector NOT NULL,
    recipient tsvector NOT NULL,
    copied tsvector NOT NULL,
    blind tsvector NOT NULL,
    subject tsvector NOT NULL,
    body tsvector NOT NULL
);
CREATE INDEX email_text_words ON email_text USING gin (sender, recipient, copied, blind, subject, body);
