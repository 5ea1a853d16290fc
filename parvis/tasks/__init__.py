"""Tasks: lists and boards, seen by JMAP Tasks and by CalDAV as VTODO."""

from parvis.tasks.feature import feature

__all__ = ["feature"]
