-- A calendar is a part of its account: its id is the scope's, its name the scope's name. What is here is the owner's;
-- held counts its events.
CREATE TABLE calendar (
    id {key},
    account_id BIGINT NOT NULL,
    slug {text} NOT NULL,
    description {text} NOT NULL DEFAULT '',
    color {text} NOT NULL DEFAULT '',
    time_zone {text} NOT NULL DEFAULT '',
    is_default BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_by_slug ON calendar (account_id, slug);

-- What each person has for themselves in a calendar: JSON of the properties that they have set.
CREATE TABLE calendar_person (
    calendar_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    chosen {text} NOT NULL,
    PRIMARY KEY (calendar_id, principal_id)
) {clustered};
CREATE INDEX calendar_person_by_principal ON calendar_person (principal_id);

-- An event with all its instances: what it is found by. No instance touches a time before first_ms or after last_ms;
-- start_ms is when it begins, a floating time taken as UTC. exact: there is one instance, and it is just that. privacy: 0 public, 1 private, 2 secret.
CREATE TABLE calendar_event (
    id {key},
    account_id BIGINT NOT NULL,
    calendar_id BIGINT NOT NULL,
    uid {text} NOT NULL,
    name {text} NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    exact BIGINT NOT NULL,
    privacy BIGINT NOT NULL DEFAULT 0,
    draft BIGINT NOT NULL DEFAULT 0,
    title {text} NOT NULL,
    etag {text} NOT NULL,
    schedule_tag {text} NOT NULL,
    size BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    ring_ms BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX calendar_event_by_uid ON calendar_event (account_id, uid);
CREATE UNIQUE INDEX calendar_event_by_name ON calendar_event (calendar_id, name);
CREATE INDEX calendar_event_by_time ON calendar_event (calendar_id, last_ms, first_ms, id);
CREATE INDEX calendar_event_by_account ON calendar_event (account_id, id);

-- The octets of an event's iCalendar object, as its client put it.
CREATE TABLE calendar_object (
    event_id {key},
    data {bytes} NOT NULL
);

-- What a person with whom a calendar is shared has for themselves in an event: alerts, colour. JSON.
CREATE TABLE calendar_event_person (
    event_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    chosen {text} NOT NULL,
    PRIMARY KEY (event_id, principal_id)
) {clustered};
CREATE INDEX calendar_event_person_by_principal ON calendar_event_person (principal_id);

-- The words of an event, folded, by the property they stand in: the index of every search.
CREATE TABLE calendar_word (
    account_id BIGINT NOT NULL,
    field {text} NOT NULL,
    word {text} NOT NULL,
    event_id BIGINT NOT NULL,
    PRIMARY KEY (account_id, field, word, event_id)
) {clustered};
CREATE INDEX calendar_word_by_event ON calendar_word (event_id);

-- Messages to those who take part, until a job has delivered them.
CREATE TABLE calendar_message (
    id {key},
    account_id BIGINT NOT NULL,
    method {text} NOT NULL,
    recipients {text} NOT NULL,
    data {bytes} NOT NULL
);
CREATE INDEX calendar_message_by_account ON calendar_message (account_id);

-- What somebody else did to an event, until its people have dismissed it. event and patch are JSON.
CREATE TABLE calendar_notice (
    id {key},
    account_id BIGINT NOT NULL,
    calendar_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    type {text} NOT NULL,
    created_ms BIGINT NOT NULL,
    name {text} NOT NULL,
    email {text} NOT NULL,
    principal_id BIGINT NOT NULL,
    comment {text} NOT NULL,
    event {text} NOT NULL,
    patch {text} NOT NULL
);
CREATE INDEX calendar_notice_by_account ON calendar_notice (account_id, id);
CREATE INDEX calendar_notice_by_calendar ON calendar_notice (calendar_id);
