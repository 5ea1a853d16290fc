"""Names that the room itself gives, in each language."""

from parvis.kernel.languages import Language

BOOK: dict[Language, str] = {"en": "Contacts", "fr": "Contacts", "vi": "Danh bạ"}
"""The address book that everybody begins with."""
COLLECTED: dict[Language, str] = {"en": "Collected", "fr": "Collectés", "vi": "Đã thu thập"}
"""Those to whom one has written."""
DIRECTORY: dict[Language, str] = {"en": "Directory", "fr": "Annuaire", "vi": "Danh bạ tổ chức"}
"""Everybody of the organisation."""
