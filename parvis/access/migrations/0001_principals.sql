-- Who there is: people, groups, spaces, resources, agents. A principal that owns things has an account of the same id.
CREATE TABLE principal (
    id {key},
    kind {text} NOT NULL,
    name {text} NOT NULL,
    address {text} UNIQUE,
    language {text} NOT NULL DEFAULT 'en',
    description {text} NOT NULL DEFAULT '',
    administrator BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL,
    disabled_ms BIGINT
);
CREATE INDEX principal_by_kind ON principal (kind, name);
CREATE TABLE address (
    address {text} PRIMARY KEY,
    principal_id BIGINT NOT NULL
) {clustered};
CREATE INDEX address_by_principal ON address (principal_id);
CREATE TABLE membership (
    group_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    role {text} NOT NULL DEFAULT 'member',
    PRIMARY KEY (group_id, member_id)
) {clustered};
CREATE INDEX membership_by_member ON membership (member_id, group_id);

-- What things belong to, and who was given what in it.
CREATE TABLE scope (
    id {key},
    account_id BIGINT NOT NULL,
    kind {text} NOT NULL,
    name {text} NOT NULL DEFAULT ''
);
CREATE INDEX scope_by_account ON scope (account_id, kind);
CREATE TABLE access_grant (
    id {key},
    scope_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    rights BIGINT NOT NULL,
    granted_by BIGINT NOT NULL,
    granted_ms BIGINT NOT NULL,
    expires_ms BIGINT
);
CREATE UNIQUE INDEX grant_once ON access_grant (scope_id, principal_id);
CREATE INDEX grant_by_principal ON access_grant (principal_id);

-- The visible scopes of each person, kept in the transaction of every grant and membership change.
-- grant_id 0 is ownership. Every list and search joins this table.
CREATE TABLE visible (
    principal_id BIGINT NOT NULL,
    scope_id BIGINT NOT NULL,
    grant_id BIGINT NOT NULL,
    rights BIGINT NOT NULL,
    expires_ms BIGINT,
    PRIMARY KEY (principal_id, scope_id, grant_id)
) {clustered};
CREATE INDEX visible_by_scope ON visible (scope_id);
CREATE INDEX visible_by_grant ON visible (grant_id);
