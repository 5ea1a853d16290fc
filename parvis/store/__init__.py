"""Where things are kept: SQL, blobs, bus, jobs, outbox."""
