"""Spaces: a team with members and roles, and a mailbox, calendar, folder and board of its own. ★S1"""

from parvis.spaces.feature import feature

__all__ = ["feature"]
