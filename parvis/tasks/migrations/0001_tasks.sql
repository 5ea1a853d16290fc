-- Lists of tasks: a list is a scope of kind 'tasklist' of the same id; its name is the scope's.
CREATE TABLE tasklist (
    id {key},
    account_id BIGINT NOT NULL,
    slug {text} NOT NULL,
    role {text},
    description {text} NOT NULL DEFAULT '',
    color {text},
    time_zone {text},
    statuses {text} NOT NULL,
    progress {text} NOT NULL,
    colors {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX tasklist_by_slug ON tasklist (account_id, slug);

-- What each person has for themselves of a list.
CREATE TABLE tasklist_own (
    list_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    name {text},
    color {text},
    sort_order BIGINT NOT NULL DEFAULT 0,
    subscribed BIGINT,
    PRIMARY KEY (list_id, principal_id)
) {clustered};
CREATE INDEX tasklist_own_by_person ON tasklist_own (principal_id);

-- Tasks: the iCalendar object as it was written (`content`), and what lists, boards and queries look for in it.
CREATE TABLE task (
    id {key},
    account_id BIGINT NOT NULL,
    list_id BIGINT NOT NULL,
    slug {text} NOT NULL,
    uid {text} NOT NULL,
    etag {text} NOT NULL,
    size BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    title {text} NOT NULL,
    progress {text} NOT NULL,
    status {text} NOT NULL,
    place {text} NOT NULL,
    priority BIGINT NOT NULL,
    start_ms BIGINT,
    due_ms BIGINT,
    completed_ms BIGINT,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT,
    parent_uid {text},
    recurring BIGINT NOT NULL,
    draft BIGINT NOT NULL DEFAULT 0,
    floating BIGINT NOT NULL DEFAULT 0,
    words {text} NOT NULL,
    content {bytes} NOT NULL
);
CREATE UNIQUE INDEX task_by_slug ON task (list_id, slug);
CREATE UNIQUE INDEX task_by_uid ON task (list_id, uid);
CREATE INDEX task_on_board ON task (list_id, status, place);
CREATE INDEX task_by_due ON task (account_id, due_ms);
CREATE INDEX task_by_time ON task (list_id, first_ms);
CREATE INDEX task_by_parent ON task (account_id, parent_uid);

CREATE TABLE task_label (
    task_id BIGINT NOT NULL,
    label {text} NOT NULL,
    PRIMARY KEY (task_id, label)
) {clustered};
CREATE TABLE task_person (
    task_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    PRIMARY KEY (principal_id, task_id)
) {clustered};
CREATE INDEX task_person_by_task ON task_person (task_id);

-- What each person but the owner of the account has for themselves of a task: their alerts, as JSCalendar.
CREATE TABLE task_own (
    task_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    alerts {text} NOT NULL,
    PRIMARY KEY (task_id, principal_id)
) {clustered};
CREATE INDEX task_own_by_person ON task_own (principal_id);

-- When a task rings next for somebody, and what has rung.
CREATE TABLE task_ring (
    task_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (task_id, principal_id)
) {clustered};
CREATE INDEX task_ring_by_person ON task_ring (principal_id);
CREATE TABLE task_reminder (
    id {key},
    account_id BIGINT NOT NULL,
    owner_id BIGINT NOT NULL,
    list_id BIGINT NOT NULL,
    task_id BIGINT NOT NULL,
    alert {text} NOT NULL,
    at_ms BIGINT NOT NULL,
    title {text} NOT NULL,
    due_ms BIGINT
);
CREATE INDEX task_reminder_by_account ON task_reminder (account_id, id);
CREATE INDEX task_reminder_by_task ON task_reminder (task_id);

-- What others did to tasks that concern somebody.
CREATE TABLE task_notice (
    id {key},
    account_id BIGINT NOT NULL,
    owner_id BIGINT NOT NULL,
    list_id BIGINT NOT NULL,
    task_id BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    type {text} NOT NULL,
    by_id BIGINT NOT NULL,
    by_name {text} NOT NULL,
    by_address {text} NOT NULL,
    task {text} NOT NULL,
    patch {text} NOT NULL
);
CREATE INDEX task_notice_by_account ON task_notice (account_id, id);
CREATE INDEX task_notice_by_list ON task_notice (list_id);
CREATE INDEX task_notice_by_giver ON task_notice (by_id);
