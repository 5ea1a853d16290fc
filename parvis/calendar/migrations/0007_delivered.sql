-- A message is about the event of this UID.
ALTER TABLE calendar_message ADD COLUMN uid {text} NOT NULL DEFAULT '';
CREATE INDEX calendar_message_by_uid ON calendar_message (account_id, uid);

-- Letters of which it is not known yet whether they were taken: about which event, to whom.
CREATE TABLE calendar_letter (
    letter_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    uid {text} NOT NULL,
    recipient {text} NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (letter_id)
) {clustered};
CREATE INDEX calendar_letter_by_account ON calendar_letter (account_id);
