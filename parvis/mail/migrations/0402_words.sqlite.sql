-- Every word that stands in some message: what a search for a part of a word looks through.
CREATE VIRTUAL TABLE email_words USING fts5vocab(email_text, 'row');
