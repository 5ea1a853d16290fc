-- Addresses outside that refuse our mail for good, or whose owner complained: after some refusals (account_id 0, for
-- everybody) or a complaint (for the one who wrote), nothing is tried until until_ms, which is 0 while it only counts.
CREATE TABLE suppressed (
    account_id BIGINT NOT NULL,
    address {text} NOT NULL,
    refusals BIGINT NOT NULL,
    reason {text} NOT NULL,
    changed_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, address)
) {clustered};
