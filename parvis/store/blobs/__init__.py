"""Bytes, content-addressed by SHA-256: in a folder or in S3."""
