-- What other domains say of TLS on the way to them (MTA-STS, RFC 8461): the policy that was fetched last and its id in
-- DNS. It counts until expires_ms, even when it is no longer announced.
CREATE TABLE sts_policy (
    domain {text} PRIMARY KEY,
    policy_id {text} NOT NULL,
    body {text} NOT NULL,
    fetched_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
) {clustered};

-- How TLS went, counted by day (UTC), destination, policy and outcome, until the destination has its report
-- (TLS-RPT, RFC 8460). result is empty for a success.
CREATE TABLE tls_result (
    day BIGINT NOT NULL,
    domain {text} NOT NULL,
    kind {text} NOT NULL,
    policy {text} NOT NULL,
    exchanger {text} NOT NULL,
    address {text} NOT NULL,
    result {text} NOT NULL,
    reason {text} NOT NULL,
    sessions BIGINT NOT NULL,
    PRIMARY KEY (day, domain, kind, exchanger, address, result)
) {clustered};
