-- What the vault will say of a message that IMAP shows as \Deleted.
ALTER TABLE deleted_email ADD COLUMN subject {text} NOT NULL DEFAULT '';
ALTER TABLE deleted_email ADD COLUMN sender {text} NOT NULL DEFAULT '';
