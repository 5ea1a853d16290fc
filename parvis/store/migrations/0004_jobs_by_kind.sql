-- The first waiting job of each kind, found in one step however many wait.
CREATE INDEX job_by_kind ON job (kind, run_at_ms) WHERE finished_ms IS NULL;
DROP INDEX job_by_time;
