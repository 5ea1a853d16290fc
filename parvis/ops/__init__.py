"""Running it: demo, doctor, import, reindex."""
