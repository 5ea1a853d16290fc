"""Groups as mailing lists: who may write, what waits for a moderator, and how the message goes to all."""
