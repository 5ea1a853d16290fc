"""Contacts: address books and cards, in JMAP (RFC 9610) and CardDAV (RFC 6352), with the organisation's directory,
the people one writes to, and duplicates that become one."""

from parvis.contacts.feature import feature

__all__ = ["feature"]
