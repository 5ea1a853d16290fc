"""Words that files begin with, in each language."""

from parvis.kernel.languages import Language

TRASH: dict[Language, str] = {"fr": "Corbeille", "vi": "Thùng rác", "en": "Trash"}
"""The name of the folder of what was deleted."""
