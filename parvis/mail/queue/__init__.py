"""The outbound queue: what is on its way out, where to, and what became of it."""
