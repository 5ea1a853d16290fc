-- The app password that a sign-in was opened by; 0 for none. It ends with it.
ALTER TABLE session ADD COLUMN opened_by BIGINT NOT NULL DEFAULT 0;
