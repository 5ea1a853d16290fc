-- A calendar that whoever has the link may follow: all that is public in it, or only when somebody is busy.
CREATE TABLE calendar_link (
    id {key},
    account_id BIGINT NOT NULL,
    calendar_id BIGINT NOT NULL,
    token {text} NOT NULL,
    busy_only BIGINT NOT NULL,
    created_by BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_link_by_token ON calendar_link (token);
CREATE INDEX calendar_link_by_account ON calendar_link (account_id, calendar_id);

-- A page on which strangers book a time. hosts and hours are JSON.
CREATE TABLE calendar_page (
    id {key},
    account_id BIGINT NOT NULL,
    calendar_id BIGINT NOT NULL,
    token {text} NOT NULL,
    title {text} NOT NULL,
    about {text} NOT NULL,
    place {text} NOT NULL,
    minutes BIGINT NOT NULL,
    gap_minutes BIGINT NOT NULL,
    notice_minutes BIGINT NOT NULL,
    days BIGINT NOT NULL,
    most_a_day BIGINT NOT NULL,
    time_zone {text} NOT NULL,
    language {text} NOT NULL,
    hours {text} NOT NULL,
    hosts {text} NOT NULL,
    created_by BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_page_by_token ON calendar_page (token);
CREATE INDEX calendar_page_by_account ON calendar_page (account_id, id);

-- What was booked: the secret with which its guest changes it, and the event.
CREATE TABLE calendar_booking (
    id {key},
    account_id BIGINT NOT NULL,
    page_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    token {text} NOT NULL,
    guest {text} NOT NULL,
    start_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_booking_by_token ON calendar_booking (token);
CREATE INDEX calendar_booking_by_page ON calendar_booking (page_id, start_ms);
CREATE INDEX calendar_booking_by_account ON calendar_booking (account_id);
