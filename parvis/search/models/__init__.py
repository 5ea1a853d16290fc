"""Model files: what they are, where they come from, how they are put together."""
