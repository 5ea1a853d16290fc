-- The alerts that a person's tasks of a list have by default, as JSON of defaultAlertsWithTime and
-- defaultAlertsWithoutTime; and whether somebody has these in a task of others instead of their own.
ALTER TABLE tasklist_own ADD COLUMN alerts {text} NOT NULL DEFAULT '{}';
ALTER TABLE task_own ADD COLUMN usual BIGINT NOT NULL DEFAULT 0;
