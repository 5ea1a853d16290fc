"""Filters of mail as it arrives: scripts in Sieve (RFC 5228), how they are kept and what they do."""
