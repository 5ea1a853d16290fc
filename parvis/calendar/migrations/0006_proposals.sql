-- Another time that a guest proposes for an event or one of its instances (instance_ms, 0 for the whole); mine: the
-- account is the guest.
CREATE TABLE calendar_proposal (
    id {key},
    account_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    instance_ms BIGINT NOT NULL,
    recurrence {text} NOT NULL,
    mine BIGINT NOT NULL,
    address {text} NOT NULL,
    name {text} NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    comment {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_proposal_by_event ON calendar_proposal (event_id, instance_ms, address);
CREATE INDEX calendar_proposal_by_account ON calendar_proposal (account_id, id);
