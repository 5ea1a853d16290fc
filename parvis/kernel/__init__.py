"""The words everyone speaks: ids, clock, errors, events, records, settings, languages. Imports nothing of ours."""
