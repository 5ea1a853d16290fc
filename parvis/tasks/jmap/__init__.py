"""Tasks in JMAP (draft-ietf-jmap-tasks)."""
