"""Words that files begin with, in each language."""

from parvis.kernel.languages import Language

TRASH: dict[Language, str] = {"fr": "Corbeille", "vi": "Thùng rác", "en": "Trash"}
"""The name of the folder of what was deleted."""
ATTACHMENTS: dict[Language, str] = {"fr": "Pièces jointes", "vi": "Tệp đính kèm", "en": "Attachments"}
"""The folder of large attachments, which letters link to."""
TRANSFERS: dict[Language, str] = {"fr": "Transferts", "vi": "Chuyển tệp", "en": "Transfers"}
"""The folder of what was sent to people outside in several files."""
