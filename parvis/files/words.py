"""Words that files begin with, in each language."""

from parvis.kernel.languages import Language

TRASH: dict[Language, str] = {"fr": "Corbeille", "vi": "Thùng rác", "en": "Trash"}
"""The name of the folder of what was deleted."""
ATTACHMENTS: dict[Language, str] = {"fr": "Pièces jointes", "vi": "Tệp đính kèm", "en": "Attachments"}
"""The folder of large attachments, which letters link to."""
TRANSFERS: dict[Language, str] = {"fr": "Transferts", "vi": "Chuyển tệp", "en": "Transfers"}
"""The folder of what was sent to people outside in several files."""
LEFT_OUT_NAME: dict[Language, str] = {
    "fr": "Fichiers non inclus.txt",
    "vi": "Tệp không kèm theo.txt",
    "en": "Files not included.txt",
}
"""What tells in an archive which files are not in it."""
LEFT_OUT: dict[Language, str] = {
    "fr": "Ces fichiers contiennent un virus, ou n’ont pas encore été examinés, et ne sont pas transmis :",
    "vi": "Các tệp này có vi-rút hoặc chưa được kiểm tra và không được gửi đi:",
    "en": "These files hold a virus, or have not been looked at yet, and are not handed out:",
}
