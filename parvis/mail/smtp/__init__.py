"""SMTP: mail from other servers (receive) and from people's own programs (submit)."""
