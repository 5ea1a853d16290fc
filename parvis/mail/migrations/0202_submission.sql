-- EmailSubmission: the record of a sending, beside the queued message (outgoing) that does it. A destroyed one is
-- kept for a day, so that the calls that follow its destruction still know its message.
CREATE TABLE submission (
    id {key},
    account_id BIGINT NOT NULL,
    identity_id BIGINT NOT NULL,
    email_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    outgoing_id BIGINT NOT NULL,
    envelope {text} NOT NULL,
    send_at_ms BIGINT NOT NULL,
    destroyed_ms BIGINT
);
CREATE INDEX submission_by_account ON submission (account_id, send_at_ms);
CREATE INDEX submission_by_email ON submission (email_id);

-- Reports that came back for a submission, oldest first: delivery status (dsn) and disposition (mdn).
CREATE TABLE submission_report (
    id {key},
    submission_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    blob {text} NOT NULL
);
CREATE INDEX submission_report_by_submission ON submission_report (submission_id);
