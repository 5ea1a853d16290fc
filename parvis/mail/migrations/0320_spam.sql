-- How many messages were learned as unwanted (spam) and wanted (ham), by account; account 0 is the organisation.
CREATE TABLE spam_total (
    account_id {key},
    spam BIGINT NOT NULL DEFAULT 0,
    ham BIGINT NOT NULL DEFAULT 0
);

-- In how many of them each token stands, and the day (since 1970) it was last learned.
CREATE TABLE spam_token (
    account_id BIGINT NOT NULL,
    token BIGINT NOT NULL,
    spam BIGINT NOT NULL,
    ham BIGINT NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (account_id, token)
) {clustered};
CREATE INDEX spam_token_by_day ON spam_token (day);

-- What a message was learned as ('' for not), and how it lay when that was decided: in Junk, and with which keyword.
-- By its bytes, so that copies and messages that come again are one.
CREATE TABLE spam_report (
    account_id BIGINT NOT NULL,
    blob {text} NOT NULL,
    learned {text} NOT NULL,
    in_junk BIGINT NOT NULL,
    keyword {text} NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (account_id, blob)
) {clustered};
