"""A mail server, and what is told of it."""

from tests.mail.smtp.conftest import mail_settings, rooms, sink, site, site_sqlite

__all__ = ["mail_settings", "rooms", "sink", "site", "site_sqlite"]
