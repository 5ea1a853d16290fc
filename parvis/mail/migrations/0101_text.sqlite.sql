-- The text of messages by field, folded to lower case without accents. `owner` holds the account as a word, so
-- that a common word of a large server costs an account no more than its own messages.
CREATE VIRTUAL TABLE email_text USING fts5(
    owner, sender, recipient, copied, blind, subject, body,
    content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0"
);
