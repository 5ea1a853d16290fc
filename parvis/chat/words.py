"""Words of chat that people read."""

from collections.abc import Mapping

from parvis.kernel.languages import Language

ROOMS: Mapping[Language, str] = {"en": "Chat rooms", "fr": "Salons", "vi": "Phòng trò chuyện"}
"""The name of the account that all rooms belong to."""
