-- Keys that mail of our domains is signed with (RFC 6376). A key signs from from_ms to until_ms (0 has no end); its
-- public half is in DNS some days before and after. `pem` is the private half, sealed (store/sealing.py).
CREATE TABLE dkim_key (
    id {key},
    domain {text} NOT NULL,
    selector {text} NOT NULL,
    algorithm {text} NOT NULL,
    pem {text} NOT NULL,
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL DEFAULT 0,
    UNIQUE (domain, selector)
);
