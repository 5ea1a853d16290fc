"""Mail: messages, threads, mailboxes, and their doors. RFC 8621"""

from parvis.mail.feature import feature

__all__ = ["feature"]
