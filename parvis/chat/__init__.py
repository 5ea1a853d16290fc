"""Conversations: a Matrix server in the house."""

from parvis.chat.feature import feature

__all__ = ["feature"]
