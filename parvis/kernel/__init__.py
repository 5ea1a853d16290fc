"""The words everyone speaks: ids, clock, errors, records, settings, languages. Imports nothing of ours."""
