-- Letters of which somebody wants to know what became of them: it is told in the outbox (see serve.post).
ALTER TABLE outgoing ADD COLUMN followed BIGINT NOT NULL DEFAULT 0;
