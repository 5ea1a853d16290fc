-- Each question a person asked and what came of it: theirs alone.
CREATE TABLE assistant_turn (
    id {key},
    account_id BIGINT NOT NULL,
    task {text} NOT NULL,
    request {text} NOT NULL,
    answer {text} NOT NULL,
    status {text} NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX assistant_turn_by_time ON assistant_turn (account_id, created_ms, id);

-- One receipt for each call of a model: hashes and labels, never content.
CREATE TABLE model_receipt (
    id {key},
    principal_id BIGINT NOT NULL,
    turn_id BIGINT NOT NULL,
    time_ms BIGINT NOT NULL,
    purpose {text} NOT NULL,
    endpoint {text} NOT NULL,
    model {text} NOT NULL,
    country {text} NOT NULL,
    parent_law {text} NOT NULL,
    passages {text} NOT NULL,
    prompt_sha256 {text} NOT NULL,
    output_sha256 {text} NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL,
    outcome {text} NOT NULL
);
CREATE INDEX model_receipt_by_principal ON model_receipt (principal_id, time_ms);
