-- Reports of other servers that came by mail, each once, kept for 90 days: about mail in our domains' names (kind dmarc,
-- RFC 7489), about TLS on the way to us (tls, RFC 8460), and those that could not be read (unread). sender is the domain
-- of whoever sent it, reporter what it says itself.
CREATE TABLE mail_report (
    id {key},
    kind {text} NOT NULL,
    domain {text} NOT NULL,
    sender {text} NOT NULL,
    number {text} NOT NULL,
    reporter {text} NOT NULL,
    received_ms BIGINT NOT NULL,
    UNIQUE (kind, domain, sender, number)
);
CREATE INDEX mail_report_by_time ON mail_report (received_ms);

-- Their rows. dkim and spf: 1 when it proved that the message is from header_from.
CREATE TABLE dmarc_count (
    report_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    domain {text} NOT NULL,
    source {text} NOT NULL,
    header_from {text} NOT NULL,
    dkim BIGINT NOT NULL,
    spf BIGINT NOT NULL,
    disposition {text} NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (report_id, source, header_from, dkim, spf, disposition)
) {clustered};
CREATE INDEX dmarc_count_by_day ON dmarc_count (day);
CREATE TABLE tls_count (
    report_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    domain {text} NOT NULL,
    kind {text} NOT NULL,
    result {text} NOT NULL,
    host {text} NOT NULL,
    sessions BIGINT NOT NULL,
    PRIMARY KEY (report_id, kind, result, host)
) {clustered};
CREATE INDEX tls_count_by_day ON tls_count (day);

-- What other servers refused, by day (UTC), the recipients' domain and why (mail/doctor/reasons.py), with the last answer,
-- in which local parts of addresses are left out.
CREATE TABLE refusal (
    day BIGINT NOT NULL,
    domain {text} NOT NULL,
    reason {text} NOT NULL,
    messages BIGINT NOT NULL,
    example {text} NOT NULL,
    first_ms BIGINT NOT NULL,
    PRIMARY KEY (day, domain, reason)
) {clustered};
